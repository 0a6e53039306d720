//===- ScheduleConfig.h - the attn.config that governs an op ----*- C++ -*-===//
//
// A schedule is chosen for one attention or softmax, which later stages turn
// into several ops. It governs all of them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_SCHEDULECONFIG_H
#define FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_SCHEDULECONFIG_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::attn {

/// A `tile_n` that is the whole row of a softmax, whatever its length.
constexpr int64_t wholeRow = int64_t(1) << 40;

/// The product of sizes, which types can make larger than any number: the largest one then.
inline int64_t productOf(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product) ? std::numeric_limits<int64_t>::max() : product;
}

/// The config of `op`, or that of the op which makes the state that `op` reads,
/// or that of the op which reads the state that `op` makes; null where there is
/// none.
ConfigAttr findConfig(Operation *op);

} // namespace mlir::attn

#endif // FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_SCHEDULECONFIG_H
