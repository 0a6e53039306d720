//===- AttnDecompose.cpp - the unfused form of attention and softmax ------===//
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

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/IR/DomainLinalg.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

static constexpr double infinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Score and mask regions
//===----------------------------------------------------------------------===//

/// What the unfused form has no place for: `scoreDims` are those of s.
static LogicalResult checkDecomposable(ScoreOpInterface op,
                                       ArrayRef<unsigned> scoreDims) {
  if (!cast<DestinationStyleOpInterface>(op.getOperation())
           .hasPureTensorSemantics())
    return op.emitOpError("can be decomposed on tensors only");
  auto isForeign = [&](unsigned d) {
    return !llvm::is_contained(scoreDims, d);
  };
  for (auto [operand, map] :
       llvm::zip_equal(op.getMappedOperands(), op.getMappedOperandMaps()))
    if (llvm::is_contained(op.getCaptures(), operand->get()))
      for (unsigned d = 0; d != map.getNumDims(); ++d)
        if (map.isFunctionOfDim(d) && isForeign(d))
          return op.emitOpError()
                 << "has a capture that varies along dimension " << d
                 << ", of which a score has none (regions)";
  WalkResult walk = op->walk([&](IndexOp index) {
    if (!isForeign(index.getDim()))
      return WalkResult::advance();
    index.emitOpError() << "asks for the position along dimension "
                        << index.getDim()
                        << ", of which a score has none (regions)";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

namespace {

/// The regions of an op inside the body of a linalg.generic over s.
class RegionInliner {
public:
  RegionInliner(ScoreOpInterface op, ArrayRef<unsigned> scoreDims,
                ArrayRef<Value> captures)
      : op(op), scoreDims(scoreDims), offsets(op.getMixedOffsets()),
        captures(captures) {}

  /// What `region` yields for these leading arguments and the captures.
  Value inlineRegion(ImplicitLocOpBuilder &b, Region &region,
                     ValueRange leading);

private:
  Value position(ImplicitLocOpBuilder &b, unsigned dim);

  ScoreOpInterface op;
  ArrayRef<unsigned> scoreDims;
  SmallVector<OpFoldResult> offsets;
  ArrayRef<Value> captures;
};

} // namespace

Value RegionInliner::position(ImplicitLocOpBuilder &b, unsigned dim) {
  unsigned loop = llvm::find(scoreDims, dim) - scoreDims.begin();
  Value index = linalg::IndexOp::create(b, loop);
  if (offsets.empty() || isZeroInteger(offsets[dim]))
    return index;
  Value offset = getValueOrCreateConstantIndexOp(b, b.getLoc(), offsets[dim]);
  return arith::AddIOp::create(b, index, offset);
}

Value RegionInliner::inlineRegion(ImplicitLocOpBuilder &b, Region &region,
                                  ValueRange leading) {
  Block &block = region.front();
  IRMapping mapping;
  mapping.map(block.getArguments().take_front(leading.size()), leading);
  mapping.map(block.getArguments().drop_front(leading.size()), captures);
  for (Operation &nested : block.without_terminator()) {
    Operation *clone = b.clone(nested, mapping);
    clone->walk([&](IndexOp index) {
      OpBuilder::InsertionGuard guard(b);
      // linalg.index is legal directly in the body only.
      b.setInsertionPoint(clone);
      Value at = position(b, index.getDim());
      if (clone == index)
        mapping.map(nested.getResult(0), at);
      index.replaceAllUsesWith(at);
      index.erase();
    });
  }
  return mapping.lookupOrDefault(
      cast<YieldOp>(block.getTerminator()).getValue());
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

namespace {

/// The steps that attention and softmax share.
class UnfusedSoftmax {
public:
  UnfusedSoftmax(OpBuilder &builder, ScoreOpInterface op,
                 SmallVector<unsigned> dims, ExpBase base = ExpBase::E)
      : op(op), domain(builder, cast<TilingInterface>(op.getOperation())),
        compute(op.getComputeType()), scoreDims(std::move(dims)), base(base) {
    for (unsigned d : scoreDims)
      if (d != op.getKeyDim())
        rowDims.push_back(d);
  }

  /// s = score(scale * logits) where the mask keeps, else -inf.
  DomainTensor scores(DomainTensor logits, Value scale = {});
  /// The maximum of each row, starting from `init`.
  DomainTensor maximum(DomainTensor s, DomainTensor init);
  /// base^(s - m), and 0 where s is -inf (S7).
  DomainTensor exponentials(DomainTensor s, DomainTensor m);
  /// The sum along the keys, starting from `init`.
  DomainTensor sum(DomainTensor p, DomainTensor init);
  /// m + log l in the state's base.
  Value logSumExp(ImplicitLocOpBuilder &b, Value m, Value l);

  Value constant(ImplicitLocOpBuilder &b, double value) {
    return floatConstant(b, compute, value);
  }
  Value exp(ImplicitLocOpBuilder &b, Value x) {
    if (base == ExpBase::Two)
      return math::Exp2Op::create(b, x);
    return math::ExpOp::create(b, x);
  }
  /// 0 for -inf, so that no difference of two infinities arises (S7).
  Value finite(ImplicitLocOpBuilder &b, Value m) {
    Value isLowest = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, m,
                                           constant(b, -infinity));
    return arith::SelectOp::create(b, isLowest, constant(b, 0), m);
  }
  DomainTensor rows(double value) {
    return domain.filled(rowDims, constant(domain.getBuilder(), value));
  }

  ScoreOpInterface op;
  DomainLinalg domain;
  FloatType compute;
  SmallVector<unsigned> scoreDims, rowDims;
  ExpBase base;
};

} // namespace

DomainTensor UnfusedSoftmax::scores(DomainTensor logits, Value scale) {
  bool isConverted =
      cast<ShapedType>(logits.tensor.getType()).getElementType() != compute;
  if (!isConverted && !scale && !op.hasScore() && !op.hasMask())
    return logits;
  // Captures that are read by element are inputs, the others are used as they
  // are; a slot is the input that a capture became.
  SmallVector<DomainTensor> inputs = {logits};
  SmallVector<std::optional<unsigned>> slots;
  ValueRange arguments = op.hasScore()
                             ? op.getScore().getArguments().drop_front()
                         : op.hasMask() ? op.getMask().getArguments()
                                        : ArrayRef<BlockArgument>();
  unsigned first =
      op.getCaptures().empty() ? 0 : op.getCaptures().getBeginOperandIndex();
  for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
    if (capture.getType() == arguments[i].getType()) {
      slots.push_back(std::nullopt);
      continue;
    }
    slots.push_back(inputs.size());
    inputs.push_back({capture, op.getMapOf(op->getOpOperand(first + i))});
  }
  return domain.generic(
      inputs, domain.empty(scoreDims, compute),
      [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        SmallVector<Value> captures;
        for (auto [slot, capture] : llvm::zip_equal(slots, op.getCaptures()))
          captures.push_back(slot ? in[*slot] : capture);
        RegionInliner regions(op, scoreDims, captures);
        Value s = convertFloat(b, in[0], compute);
        if (scale)
          s = arith::MulFOp::create(b, s, scale);
        if (op.hasScore())
          s = regions.inlineRegion(b, op.getScore(), s);
        if (!op.hasMask())
          return s;
        Value keep = regions.inlineRegion(b, op.getMask(), {});
        return arith::SelectOp::create(b, keep, s, constant(b, -infinity));
      });
}

DomainTensor UnfusedSoftmax::maximum(DomainTensor s, DomainTensor init) {
  return domain.generic({s}, init,
                        [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                          return arith::MaximumFOp::create(b, in[1], in[0]);
                        });
}

DomainTensor UnfusedSoftmax::exponentials(DomainTensor s, DomainTensor m) {
  return domain.generic({s, m}, domain.empty(scoreDims, compute),
                        [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                          Value shift = finite(b, in[1]);
                          return exp(b, arith::SubFOp::create(b, in[0], shift));
                        });
}

DomainTensor UnfusedSoftmax::sum(DomainTensor p, DomainTensor init) {
  return domain.generic({p}, init,
                        [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                          return arith::AddFOp::create(b, in[1], in[0]);
                        });
}

Value UnfusedSoftmax::logSumExp(ImplicitLocOpBuilder &b, Value m, Value l) {
  Value log = base == ExpBase::Two ? math::Log2Op::create(b, l).getResult()
                                   : math::LogOp::create(b, l).getResult();
  return arith::AddFOp::create(b, m, log);
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

/// The scale in the compute type; 1/sqrt(qk head dim) where the op gives none.
static Value scaleOf(ImplicitLocOpBuilder &b, AttentionOp op,
                     OpFoldResult qkSize) {
  FloatType compute = op.getComputeType();
  if (Value scale = op.getScaleValue())
    return convertFloat(b, scale, compute);
  if (std::optional<APFloat> scale = op.getScale())
    return floatConstant(b, compute, scale->convertToDouble());
  // An empty head dim gives scores of 0, and they must not become 0 * inf.
  if (std::optional<int64_t> size = getConstantIntValue(qkSize))
    return floatConstant(b, compute,
                         1 / std::sqrt(double(std::max<int64_t>(*size, 1))));
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
  UnfusedAttention(OpBuilder &builder, AttentionOp op, AttentionDims dims,
                   SmallVector<unsigned> scoreDims)
      : UnfusedSoftmax(builder, op, std::move(scoreDims)), op(op), dims(dims) {}

  SmallVector<Value> run();

private:
  DomainTensor mapped(OpOperand &operand) {
    return {operand.get(), op.getMapOf(operand)};
  }
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
  DomainTensor zero =
      domain.filled(scoreDims, constant(domain.getBuilder(), 0));
  return domain.generic(
      {mapped(op.getQueryMutable()), mapped(op.getKeyMutable())}, zero,
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
    p = domain.generic({p}, domain.empty(scoreDims, valueType),
                       [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                         return convertFloat(b, in[0], valueType);
                       });
  SmallVector<unsigned> accDims = rowDims;
  accDims.push_back(dims.value);
  llvm::sort(accDims);
  DomainTensor zero = domain.filled(accDims, constant(domain.getBuilder(), 0));
  return domain.generic(
      {p, mapped(op.getValueMutable())}, zero,
      [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        Value weight = convertFloat(b, in[0], compute);
        Value value = convertFloat(b, in[1], compute);
        Value zero = constant(b, 0);
        Value isZero =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, weight, zero);
        value = arith::SelectOp::create(b, isZero, zero, value);
        Value product = arith::MulFOp::create(b, weight, value);
        return arith::AddFOp::create(b, in[2], product);
      });
}

/// acc / l, and 0 where l is 0 (S3); the sink joins l (S5).
DomainTensor UnfusedAttention::output(DomainTensor acc, DomainTensor m,
                                      DomainTensor l) {
  SmallVector<DomainTensor> inputs = {acc};
  llvm::append_range(inputs, rowState(m, l));
  Type type = cast<ShapedType>(op.getOutputs()[0].getType()).getElementType();
  return domain.generic(
      inputs, init(0), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        Value denominator = in[2];
        if (op.getSink()) {
          Value sink = convertFloat(b, in[3], compute);
          Value shift = finite(b, in[1]);
          Value extra = exp(b, arith::SubFOp::create(b, sink, shift));
          denominator = arith::AddFOp::create(b, denominator, extra);
        }
        Value zero = constant(b, 0);
        Value isEmpty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                              denominator, zero);
        Value quotient = arith::DivFOp::create(b, in[0], denominator);
        Value o = arith::SelectOp::create(b, isEmpty, zero, quotient);
        return convertFloat(b, o, type);
      });
}

/// m + log l; a sink is one more logit, also of the maximum (S4, S5).
DomainTensor UnfusedAttention::lse(DomainTensor m, DomainTensor l) {
  return domain.generic(rowState(m, l), init(op.lseIndex()),
                        [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                          if (!op.getSink())
                            return logSumExp(b, in[0], in[1]);
                          Value sink = convertFloat(b, in[2], compute);
                          Value top = arith::MaximumFOp::create(b, in[0], sink);
                          Value shift = finite(b, top);
                          Value rescale =
                              exp(b, arith::SubFOp::create(b, in[0], shift));
                          Value extra =
                              exp(b, arith::SubFOp::create(b, sink, shift));
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
    results.push_back(domain
                          .generic({m}, init(op.maxIndex()),
                                   [](ImplicitLocOpBuilder &, ValueRange in) {
                                     return in[0];
                                   })
                          .tensor);
  return results;
}

FailureOr<SmallVector<Value>>
AttentionOp::decomposeOperation(OpBuilder &builder) {
  if (hasSugar())
    return emitOpError("has clauses that its regions do not show yet; run "
                       "attn-canonicalize before decomposing it");
  SmallVector<AffineMap> maps = getMappedOperandMaps();
  FailureOr<AttentionDims> dims =
      AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (failed(dims))
    return failure();
  SmallVector<unsigned> scoreDims;
  for (unsigned d = 0; d != maps[0].getNumDims(); ++d)
    if (d != dims->qk && d != dims->value)
      scoreDims.push_back(d);
  if (failed(checkDecomposable(*this, scoreDims)))
    return failure();
  return UnfusedAttention(builder, *this, *dims, scoreDims).run();
}

//===----------------------------------------------------------------------===//
// softmax, online_softmax, normalize
//===----------------------------------------------------------------------===//

static SmallVector<unsigned> allDims(StructuredOpInterface op) {
  return llvm::to_vector(llvm::seq<unsigned>(0, op.getNumLoops()));
}

/// The values (and LSE) of a softmax from its scores and state. The results
/// are natural, whatever the base of the state (S4).
template <typename OpTy>
static SmallVector<Value> normalize(UnfusedSoftmax &softmax, OpTy op,
                                    DomainTensor s, DomainTensor m,
                                    DomainTensor l) {
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
  DomainTensor y = softmax.domain.generic(
      {s, m, l}, init(0), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
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
          Value isEmpty =
              arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, in[2], zero);
          quotient = arith::SelectOp::create(b, isEmpty, zero, quotient);
        }
        return convertFloat(b, quotient, type);
      });
  SmallVector<Value> results = {y.tensor};
  if (op.getReturnLse())
    results.push_back(softmax.domain
                          .generic({m, l}, init(1),
                                   [&](ImplicitLocOpBuilder &b, ValueRange in) {
                                     return natural(
                                         b, softmax.logSumExp(b, in[0], in[1]));
                                   })
                          .tensor);
  return results;
}

FailureOr<SmallVector<Value>>
SoftmaxOp::decomposeOperation(OpBuilder &builder) {
  if (failed(checkDecomposable(*this, allDims(*this))))
    return failure();
  UnfusedSoftmax softmax(builder, *this, allDims(*this));
  DomainTensor s = softmax.scores({getInput(), getMapOf(getInputMutable())});
  DomainTensor m = softmax.maximum(s, softmax.rows(-infinity));
  DomainTensor l = softmax.sum(softmax.exponentials(s, m), softmax.rows(0));
  return normalize(softmax, *this, s, m, l);
}

FailureOr<SmallVector<Value>>
NormalizeOp::decomposeOperation(OpBuilder &builder) {
  if (failed(checkDecomposable(*this, allDims(*this))))
    return failure();
  UnfusedSoftmax softmax(builder, *this, allDims(*this), getBase());
  DomainTensor s = softmax.scores({getInput(), getMapOf(getInputMutable())});
  return normalize(softmax, *this, s, {getMax(), getMapOf(getMaxMutable())},
                   {getSum(), getMapOf(getSumMutable())});
}

FailureOr<SmallVector<Value>>
OnlineSoftmaxOp::decomposeOperation(OpBuilder &builder) {
  if (failed(checkDecomposable(*this, allDims(*this))))
    return failure();
  UnfusedSoftmax softmax(builder, *this, allDims(*this), getBase());
  OpOperand &max = getOutputsMutable()[0], &sum = getOutputsMutable()[1];
  DomainTensor oldMax = {max.get(), getMapOf(max)};
  DomainTensor oldSum = {sum.get(), getMapOf(sum)};
  DomainTensor s = softmax.scores({getInput(), getMapOf(getInputMutable())});
  DomainTensor m = softmax.maximum(s, oldMax);
  // l * base^(m_old - m), on which the new terms are added (S15).
  DomainTensor rescaled = softmax.domain.generic(
      {oldSum, oldMax, m},
      softmax.domain.empty(softmax.rowDims, softmax.compute),
      [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        Value shift = softmax.finite(b, in[2]);
        Value factor = softmax.exp(b, arith::SubFOp::create(b, in[1], shift));
        return arith::MulFOp::create(b, in[0], factor);
      });
  DomainTensor l = softmax.sum(softmax.exponentials(s, m), rescaled);
  DomainTensor stored = softmax.domain.generic(
      {l}, oldSum, [](ImplicitLocOpBuilder &, ValueRange in) { return in[0]; });
  return SmallVector<Value>{m.tensor, stored.tensor};
}
