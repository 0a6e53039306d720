//===- Arithmetic.h - how many operations the ops are -----------*- C++ -*-===//
//
// The counting rule: one for every floating-point addition, subtraction, multiplication, division, maximum, minimum and
// elementary function; two for a fused multiply-add; none for comparisons, selections and conversions.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_IR_ARITHMETIC_H
#define FOVEA_DIALECT_ATTN_IR_ARITHMETIC_H

#include "fovea/Dialect/Attn/IR/Attn.h"

namespace mlir::attn {

/// Operations of one execution of a scalar op, without what is in its regions.
int64_t countFlops(Operation *scalarOp);

/// Operations of the score region of `op`, for one score.
int64_t countScoreFlops(ScoreOpInterface op);

/// Operations of `op` on a domain of these extents. Masked keys are computed like others. Per score there are the two
/// products, the scale, the score region, the running maximum, the difference to it, the exponential and the sum; per
/// row of an online op the rescaling of the state that came in.
int64_t countFlops(StructuredOpInterface op, ArrayRef<int64_t> extents);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_IR_ARITHMETIC_H
