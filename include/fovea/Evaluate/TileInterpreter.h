//===- TileInterpreter.h - Runs kernels tile by tile on the CPU -*- C++ -*-===//
//
// Runs a function whose attention has become kernels of `cta` (attn-to-nvvm, stages 8 to 13): `cta.launch` runs the
// kernel, for every thread block of a machine of a few multiprocessors, by the meaning of its ops. Before
// cta-specialize-warps a block is one thread of control; then every role, and every warpgroup of a consumer with its
// rows, is a thread of its own, and threads and bulk copies take turns in a seeded random order.
//
// Shared memory that holds nothing is NaN: a slot before its copy has arrived, and after its release.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EVALUATE_TILEINTERPRETER_H
#define FOVEA_EVALUATE_TILEINTERPRETER_H

#include "fovea/Evaluate/Evaluator.h"

#include <string>
#include <vector>

namespace fovea {

struct TileInterpreterOptions {
  /// Of the order in which threads and copies take turns.
  uint64_t seed = 0;
  /// Of the machine: a persistent kernel has that many blocks, times its blocks per multiprocessor.
  int64_t multiprocessors = 3;
};

struct TileInterpretation {
  llvm::SmallVector<EvaluateResult> results;
  /// Reads of shared memory that held nothing, or that changed meanwhile, once per op. They are legal where no result
  /// depends on them, and the place to look where one does.
  std::vector<std::string> notes;
};

/// Runs `entry`, as `evaluate` does. Fails, naming the op and its location, on an op that it does not know, on
/// undefined behaviour and on a violation that shows when the kernel runs: no thread can proceed (names the channels
/// or barriers, and who waits where), a slot is released twice, a product is used that was not waited for. What was
/// noticed before follows on lines of its own.
llvm::Expected<TileInterpretation> interpretTiles(mlir::func::FuncOp entry, llvm::ArrayRef<EvaluateArgument> arguments,
                                                  const TileInterpreterOptions &options = {});

} // namespace fovea

#endif // FOVEA_EVALUATE_TILEINTERPRETER_H
