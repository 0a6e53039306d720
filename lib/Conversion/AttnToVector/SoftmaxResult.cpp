//===- SoftmaxResult.cpp - results of a row of a softmax ------------------===//
//
//   y = E * (base^(M - m) / l)       of exponentials E = base^(s - M), M the maximum of their time
//   y = base^(s - m) / l             of scores
//   y = (s - m) * ln base - ln l     of scores, for log_prob
//
//===----------------------------------------------------------------------===//

#include "SoftmaxResult.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

bool fovea::needsScores(NormalizeOp op) { return op.getKind() == SoftmaxKind::LogProb; }

Value fovea::exponentialOf(LaneBuilder &lanes, Value score, Value reference, bool baseTwo) {
  return lanes.exponential(arith::SubFOp::create(lanes.builder, lanes.loc, score, reference), baseTwo);
}

Value fovea::logSumExp(LaneBuilder &lanes, RowState state, bool baseTwo) {
  Value natural = baseTwo ? lanes.mul(state.maximum, lanes.scalar(llvm::numbers::ln2)) : state.maximum;
  Value logSum = math::LogOp::create(lanes.builder, lanes.loc, state.sum);
  return arith::AddFOp::create(lanes.builder, lanes.loc, natural, logSum);
}

SoftmaxResult::SoftmaxResult(LaneBuilder &lanes, NormalizeOp op, RowState state)
    : lanes(lanes), isLog(needsScores(op)), baseTwo(op.getBase() == ExpBase::Two),
      reference(lanes.broadcast(state.maximum)) {
  OpBuilder &builder = lanes.builder;
  Location loc = lanes.loc;
  if (isLog) {
    logSum = lanes.broadcast(Value(math::LogOp::create(builder, loc, state.sum)));
    return;
  }
  Value zero = lanes.scalar(0.0);
  inverse = arith::DivFOp::create(builder, loc, lanes.scalar(1.0), state.sum);
  if (op.getSafe()) { // S3: a row without keys is 0, not NaN
    Value empty = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, state.sum, zero);
    inverse = arith::SelectOp::create(builder, loc, empty, zero, inverse);
  }
  inverse = lanes.broadcast(inverse);
  reference = lanes.guarded(reference);
}

Value SoftmaxResult::factorOf(const KeptRow &kept, Value number) const {
  if (isLog)
    return {};
  OpBuilder &builder = lanes.builder;
  Value last = vector::ExtractOp::create(builder, lanes.loc, reference, ArrayRef<int64_t>{0});
  Value then = memref::LoadOp::create(builder, lanes.loc, kept.maxima, lanes.add(kept.number, number));
  return lanes.mul(lanes.broadcast(exponentialOf(lanes, then, last, baseTwo)), inverse);
}

Value SoftmaxResult::of(Value vector, Value factor) const {
  if (factor)
    return lanes.mul(vector, factor);
  if (!isLog)
    return lanes.mul(exponentialOf(lanes, vector, reference, baseTwo), inverse);
  Value difference = arith::SubFOp::create(lanes.builder, lanes.loc, vector, reference);
  if (baseTwo)
    difference = lanes.mul(difference, lanes.splat(llvm::numbers::ln2));
  return arith::SubFOp::create(lanes.builder, lanes.loc, difference, logSum);
}
