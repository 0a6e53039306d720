//===- SoftmaxDecompose.cpp - the unfused form of the softmax ops ---------===//
//
//   attn.softmax  ->  m = max s    p = exp(s - m)    l = sum p    y = p / l
//
// online_softmax is the first three of these, normalize the last.
//
//===----------------------------------------------------------------------===//

#include "UnfusedSoftmax.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

static SmallVector<unsigned> allDims(StructuredOpInterface op) {
  return llvm::to_vector(llvm::seq<unsigned>(0, op.getNumLoops()));
}

/// The values (and LSE) of a softmax from its scores and state. The results
/// are natural, whatever the base of the state (S4).
template <typename OpTy>
static SmallVector<Value> normalize(UnfusedSoftmax &softmax, OpTy op, DomainTensor s, DomainTensor m, DomainTensor l) {
  auto init = [&](unsigned i) -> DomainTensor {
    OpOperand &output = op.getOutputsMutable()[i];
    return {output.get(), op.getMapOf(output)};
  };
  auto natural = [&](ImplicitLocOpBuilder &b, Value x) -> Value {
    if (softmax.base == ExpBase::E)
      return x;
    return arith::MulFOp::create(b, x, softmax.constant(b, std::log(2.0)));
  };
  Type type = cast<ShapedType>(op.getOutputs()[0].getType()).getElementType();
  bool isLog = op.getKind() == SoftmaxKind::LogProb;
  DomainTensor y = softmax.domain.generic({s, m, l}, init(0), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    if (isLog) {
      Value lse = softmax.logSumExp(b, in[1], in[2]);
      Value log = arith::SubFOp::create(b, in[0], lse);
      return convertFloat(b, natural(b, log), type);
    }
    Value shift = softmax.finite(b, in[1]);
    Value p = softmax.exp(b, arith::SubFOp::create(b, in[0], shift));
    Value quotient = arith::DivFOp::create(b, p, in[2]);
    if (op.getSafe()) {
      Value zero = softmax.constant(b, 0);
      Value isEmpty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, in[2], zero);
      quotient = arith::SelectOp::create(b, isEmpty, zero, quotient);
    }
    return convertFloat(b, quotient, type);
  });
  SmallVector<Value> results = {y.tensor};
  if (op.getReturnLse())
    results.push_back(softmax.domain
                          .generic({m, l}, init(1),
                                   [&](ImplicitLocOpBuilder &b, ValueRange in) {
                                     return natural(b, softmax.logSumExp(b, in[0], in[1]));
                                   })
                          .tensor);
  return results;
}

FailureOr<SmallVector<Value>> SoftmaxOp::decomposeOperation(OpBuilder &builder) {
  if (failed(checkDecomposable(*this)))
    return failure();
  UnfusedSoftmax softmax(builder, *this, allDims(*this));
  DomainTensor s = softmax.scores({getInput(), getMapOf(getInputMutable())});
  DomainTensor m = softmax.maximum(s, softmax.rows(-infinity));
  DomainTensor l = softmax.sum(softmax.exponentials(s, m), softmax.rows(0));
  return normalize(softmax, *this, s, m, l);
}

FailureOr<SmallVector<Value>> NormalizeOp::decomposeOperation(OpBuilder &builder) {
  if (failed(checkDecomposable(*this)))
    return failure();
  UnfusedSoftmax softmax(builder, *this, allDims(*this), getBase());
  DomainTensor s = softmax.scores({getInput(), getMapOf(getInputMutable())});
  return normalize(softmax, *this, s, {getMax(), getMapOf(getMaxMutable())}, {getSum(), getMapOf(getSumMutable())});
}

FailureOr<SmallVector<Value>> OnlineSoftmaxOp::decomposeOperation(OpBuilder &builder) {
  if (failed(checkDecomposable(*this)))
    return failure();
  UnfusedSoftmax softmax(builder, *this, allDims(*this), getBase());
  OpOperand &max = getOutputsMutable()[0], &sum = getOutputsMutable()[1];
  DomainTensor oldMax = {max.get(), getMapOf(max)};
  DomainTensor oldSum = {sum.get(), getMapOf(sum)};
  DomainTensor s = softmax.scores({getInput(), getMapOf(getInputMutable())});
  DomainTensor m = softmax.maximum(s, oldMax);
  // l * base^(m_old - m), on which the new terms are added (S15).
  DomainTensor rescaled =
      softmax.domain.generic({oldSum, oldMax, m}, softmax.domain.empty(softmax.rowDims, softmax.compute),
                             [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                               Value shift = softmax.finite(b, in[2]);
                               Value factor = softmax.exp(b, arith::SubFOp::create(b, in[1], shift));
                               return arith::MulFOp::create(b, in[0], factor);
                             });
  DomainTensor l = softmax.sum(softmax.exponentials(s, m), rescaled);
  DomainTensor stored =
      softmax.domain.generic({l}, oldSum, [](ImplicitLocOpBuilder &, ValueRange in) { return in[0]; });
  return SmallVector<Value>{m.tensor, stored.tensor};
}
