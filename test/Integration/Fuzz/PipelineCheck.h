//===- PipelineCheck.h - random modules through pipelines -------*- C++ -*-===//

#ifndef FOVEA_TEST_INTEGRATION_FUZZ_PIPELINECHECK_H
#define FOVEA_TEST_INTEGRATION_FUZZ_PIPELINECHECK_H

#include "Fuzz/ModuleGenerator.h"
#include "Isolation.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace fovea::fuzz {

/// Problems that kernels for GPUs exist for.
GeneratorOptions getGpuProblems();

/// The legal module of a seed must verify, print as text that reads back the
/// same, and pass through every pipeline with the verifier on. Fails with what
/// it does not; diagnostics are the context's. Kernels for GPUs may be refused
/// instead, with an error that is ours.
llvm::Error checkLegal(mlir::MLIRContext &context, uint64_t seed, const GeneratorOptions &options,
                       llvm::ArrayRef<std::string> pipelines, Progress &progress);

/// What becomes of a module (indices of Progress::counts).
enum Fate { Rejected = 1, Refused, Lowered };

/// A module and the pipeline that it is for: what a seed makes of a legal
/// module, or of IR between two stages of a pipeline, by mutateText.
struct MutatedModule {
  std::string text;
  std::string pipeline;
};
llvm::Expected<MutatedModule> mutateModule(mlir::MLIRContext &context, uint64_t seed);

/// The mutated module of a seed must be rejected by parser or verifier, be
/// refused by a pass or be lowered to IR that verifies; the first two with an
/// error. The verifier runs as the tools run it, before and after the passes.
llvm::Error checkMutated(mlir::MLIRContext &context, uint64_t seed, Progress &progress);

} // namespace fovea::fuzz

#endif // FOVEA_TEST_INTEGRATION_FUZZ_PIPELINECHECK_H
