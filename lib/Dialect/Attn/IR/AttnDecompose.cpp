//===- AttnDecompose.cpp - the unfused form of attention ------------------===//
//
//   attn.attention ins(%q, %k, %v) outs(%o)
//
// becomes
//
//   s = score(scale * q k^T) where mask, else -inf   (query x key)
//   m = max_j s        p = exp(s - m)                (query x key)
//   l = sum_j p        o = (sum_j p v) / l
//
// with every line a linalg op. All of s and p exists in memory: this is the
// form that the fused one is measured against, and a second path to a result.
//
//===----------------------------------------------------------------------===//

#include "UnfusedSoftmax.h"

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::attn;

/// The scale in the compute type; 1/sqrt(qk head dim) where the op gives none.
static Value scaleOf(ImplicitLocOpBuilder &b, AttentionOp op, OpFoldResult qkSize) {
  FloatType compute = op.getComputeType();
  if (Value scale = op.getScaleValue())
    return convertFloat(b, scale, compute);
  if (std::optional<APFloat> scale = op.getScale())
    return floatConstant(b, compute, scale->convertToDouble());
  // An empty head dim gives scores of 0, and they must not become 0 * inf.
  if (std::optional<int64_t> size = getConstantIntValue(qkSize))
    return floatConstant(b, compute, 1 / std::sqrt(double(std::max<int64_t>(*size, 1))));
  Value size = getValueOrCreateConstantIndexOp(b, b.getLoc(), qkSize);
  size = arith::MaxSIOp::create(b, size, arith::ConstantIndexOp::create(b, 1));
  size = arith::IndexCastOp::create(b, b.getI64Type(), size);
  size = arith::SIToFPOp::create(b, b.getF64Type(), size);
  Value root = math::SqrtOp::create(b, size);
  Value one = floatConstant(b, b.getF64Type(), 1);
  return convertFloat(b, arith::DivFOp::create(b, one, root), compute);
}

namespace {

class UnfusedAttention : UnfusedSoftmax {
public:
  UnfusedAttention(OpBuilder &builder, AttentionOp op, AttentionDims dims, ArrayRef<unsigned> scoreDims)
      : UnfusedSoftmax(builder, op, scoreDims), op(op), dims(dims) {}

  SmallVector<Value> run();

private:
  DomainTensor mapped(OpOperand &operand) { return {operand.get(), op.getMapOf(operand)}; }
  DomainTensor products();
  DomainTensor weightedValues(DomainTensor p);
  DomainTensor output(DomainTensor acc, DomainTensor m, DomainTensor l);
  DomainTensor lse(DomainTensor m, DomainTensor l);
  DomainTensor init(unsigned i) { return mapped(op.getOutputsMutable()[i]); }
  SmallVector<DomainTensor> rowState(DomainTensor m, DomainTensor l) {
    SmallVector<DomainTensor> state = {m, l};
    if (op.getSink())
      state.push_back(mapped(*op.getSinkMutable().begin()));
    return state;
  }

  AttentionOp op;
  AttentionDims dims;
};

} // namespace

/// q k^T, accumulated in the compute type.
DomainTensor UnfusedAttention::products() {
  DomainTensor zero = domain.filled(scoreDims, constant(domain.getBuilder(), 0));
  return domain.generic({mapped(op.getQueryMutable()), mapped(op.getKeyMutable())}, zero,
                        [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                          Value q = convertFloat(b, in[0], compute);
                          Value k = convertFloat(b, in[1], compute);
                          return arith::AddFOp::create(b, in[2], arith::MulFOp::create(b, q, k));
                        });
}

/// p v, with p rounded to v's type (S12). A key of weight 0 adds nothing, even
/// where its value is no number (S8).
DomainTensor UnfusedAttention::weightedValues(DomainTensor p) {
  Type valueType = cast<ShapedType>(op.getValue().getType()).getElementType();
  if (valueType != compute)
    p = domain.generic({p}, domain.empty(scoreDims, valueType), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
      return convertFloat(b, in[0], valueType);
    });
  SmallVector<unsigned> accDims = rowDims;
  accDims.push_back(dims.value);
  llvm::sort(accDims);
  DomainTensor zero = domain.filled(accDims, constant(domain.getBuilder(), 0));
  return domain.generic({p, mapped(op.getValueMutable())}, zero, [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    Value weight = convertFloat(b, in[0], compute);
    Value value = convertFloat(b, in[1], compute);
    Value zero = constant(b, 0);
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, weight, zero);
    value = arith::SelectOp::create(b, isZero, zero, value);
    Value product = arith::MulFOp::create(b, weight, value);
    return arith::AddFOp::create(b, in[2], product);
  });
}

/// acc / l, and 0 where l is 0 (S3); the sink joins l (S5).
DomainTensor UnfusedAttention::output(DomainTensor acc, DomainTensor m, DomainTensor l) {
  SmallVector<DomainTensor> inputs = {acc};
  llvm::append_range(inputs, rowState(m, l));
  Type type = cast<ShapedType>(op.getOutputs()[0].getType()).getElementType();
  return domain.generic(inputs, init(0), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    Value denominator = in[2];
    if (op.getSink()) {
      Value sink = convertFloat(b, in[3], compute);
      Value shift = finite(b, in[1]);
      Value extra = exp(b, arith::SubFOp::create(b, sink, shift));
      denominator = arith::AddFOp::create(b, denominator, extra);
    }
    Value zero = constant(b, 0);
    Value isEmpty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, denominator, zero);
    Value quotient = arith::DivFOp::create(b, in[0], denominator);
    Value o = arith::SelectOp::create(b, isEmpty, zero, quotient);
    return convertFloat(b, o, type);
  });
}

/// m + log l; a sink is one more logit, also of the maximum (S4, S5).
DomainTensor UnfusedAttention::lse(DomainTensor m, DomainTensor l) {
  return domain.generic(rowState(m, l), init(op.lseIndex()), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    if (!op.getSink())
      return logSumExp(b, in[0], in[1]);
    Value sink = convertFloat(b, in[2], compute);
    Value top = arith::MaximumFOp::create(b, in[0], sink);
    Value shift = finite(b, top);
    Value rescale = exp(b, arith::SubFOp::create(b, in[0], shift));
    Value extra = exp(b, arith::SubFOp::create(b, sink, shift));
    Value sum = arith::MulFOp::create(b, in[1], rescale);
    sum = arith::AddFOp::create(b, sum, extra);
    return logSumExp(b, top, sum);
  });
}

SmallVector<Value> UnfusedAttention::run() {
  Value scale = scaleOf(domain.getBuilder(), op, domain.size(dims.qk));
  DomainTensor s = scores(products(), scale);
  DomainTensor m = maximum(s, rows(-infinity));
  DomainTensor p = exponentials(s, m);
  DomainTensor l = sum(p, rows(0));
  SmallVector<Value> results = {output(weightedValues(p), m, l).tensor};
  if (op.getReturnLse())
    results.push_back(lse(m, l).tensor);
  if (op.getReturnMax())
    results.push_back(
        domain.generic({m}, init(op.maxIndex()), [](ImplicitLocOpBuilder &, ValueRange in) { return in[0]; }).tensor);
  return results;
}

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &builder) {
  if (hasSugar())
    return emitOpError("has clauses that its regions do not show yet; run "
                       "attn-canonicalize before decomposing it");
  SmallVector<AffineMap> maps = getMappedOperandMaps();
  FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (failed(dims))
    return failure();
  SmallVector<unsigned> scoreDims;
  for (unsigned d = 0; d != maps[0].getNumDims(); ++d)
    if (d != dims->qk && d != dims->value)
      scoreDims.push_back(d);
  if (failed(checkDecomposable(*this)))
    return failure();
  return UnfusedAttention(builder, *this, *dims, scoreDims).run();
}
