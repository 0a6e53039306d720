//===- AccessCounts.h - What a run reads, writes and computes ---*- C++ -*-===//
//
// A run on a machine with two memories: a large one, which holds the arguments and what does not fit elsewhere, and M
// bytes on chip. Counted are the elements that cross between the two, as the ops of the function are executed one by
// one:
//
//   * A tensor of at most M bytes that the function makes is on chip, a larger one is in memory.
//   * A part of a tensor in memory that fits (tensor.extract_slice) is read once, when an op first computes on it, and
//   is
//     then on chip as long as the value exists; what an op writes to it is written when it is inserted.
//   * An op reads every tensor operand that is not on chip once and writes its results once; a destination that it does
//     not read, and a tensor that has only been filled, are not read.
//   * tensor.extract reads and tensor.insert writes one element. (In the region of an op that computes on tensors it is
//     part of that op: a tensor that the region reads whole is an operand, or is not counted.)
//   * Iterations of a parallel loop share nothing that is on chip.
//
// Operations are counted by fovea/Dialect/Attn/IR/Arithmetic.h.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EVALUATE_ACCESSCOUNTS_H
#define FOVEA_EVALUATE_ACCESSCOUNTS_H

#include "fovea/Evaluate/Evaluator.h"

namespace fovea {

/// Elements of one tensor, or of several, that were moved.
struct TensorAccesses {
  int64_t elements = 0; ///< That the tensor has.
  int64_t reads = 0, writes = 0;
};

struct AccessCounts {
  std::vector<TensorAccesses> arguments; ///< One per argument; nothing for scalars.
  TensorAccesses temporaries;            ///< What the function itself has made in memory.
  int64_t readBytes = 0, writtenBytes = 0;
  int64_t flops = 0;
  int64_t temporaryBytes = 0;  ///< In memory at one time, at most.
  int64_t usedOnChipBytes = 0; ///< At one time, at most; may exceed M.
};

/// As `evaluate` in Precision::Reference, with `onChipBytes` on chip; a function that has been tiled, or made unfused,
/// is counted as such.
llvm::Expected<llvm::SmallVector<EvaluateResult>> evaluateAndCount(mlir::func::FuncOp entry,
                                                                   llvm::ArrayRef<EvaluateArgument> arguments,
                                                                   int64_t onChipBytes, AccessCounts &counts);

} // namespace fovea

#endif // FOVEA_EVALUATE_ACCESSCOUNTS_H
