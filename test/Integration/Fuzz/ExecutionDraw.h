//===- ExecutionDraw.h - what one seed executes -----------------*- C++ -*-===//
//
// A problem small enough that compiling it takes longer than evaluating it, the
// options it is compiled with, and the buffers it is called with.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_INTEGRATION_FUZZ_EXECUTIONDRAW_H
#define FOVEA_TEST_INTEGRATION_FUZZ_EXECUTIONDRAW_H

#include "Fuzz/ModuleGenerator.h"
#include "fovea/Execute/HostTensor.h"
#include "fovea/Target/CpuModel.h"

namespace fovea::fuzz {

/// The problem of `seed`, with the strides of the buffers: those that
/// drawProblem drew, but K and V differ, and inputs may repeat elements.
/// With `sixteenBit`, attention in f16 or bf16 only.
Problem drawExecution(uint64_t seed, bool sixteenBit = false);

/// Options of `attn-to-llvm`, over what `cpu` gives: tiles, splits, vectors and
/// registers of the sizes that take each of the paths of the lowering, and
/// algorithms. With `sixteenBit`, none that keep a matrix unit from being used.
std::string drawPipelineOptions(uint64_t seed, const CpuModel &cpu, bool sixteenBit = false);

/// The buffers of a call, with random contents; outputs are poisoned.
llvm::Expected<std::vector<HostTensor>> makeArguments(const Problem &problem);

} // namespace fovea::fuzz

#endif // FOVEA_TEST_INTEGRATION_FUZZ_EXECUTIONDRAW_H
