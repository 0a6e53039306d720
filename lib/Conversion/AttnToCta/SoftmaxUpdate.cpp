//===- SoftmaxUpdate.cpp - the state of a tile of rows --------------------===//
//
//   x  = max(m, row maximum of s)            a  = 2^(factor * m - factor * x)
//   p  = 2^(factor * s - factor * x)         l' = l * a + row sums of p           acc' = acc * a
//
// m begins at a finite number below all scores (`ScoreUnits::lowest`), so that no difference is one of infinities (S7):
// a weight of -inf is 0, and so is the sum of a row that has seen no key.
//
// With a lag of t powers of two, x stays m, and a is 1, until for some row of a warp factor * (x - m) exceeds t.
//
//===----------------------------------------------------------------------===//

#include "SoftmaxUpdate.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

static constexpr double log2e = llvm::numbers::log2e, ln2 = llvm::numbers::ln2;

ScoreUnits ScoreUnits::choose(const KernelBody &body, TileBuilder &builder) {
  OnlineAttentionOp op = body.attention;
  bool isBaseTwo = op.getBase() == ExpBase::Two, hasRegion = !op.getScore().empty();
  ScoreUnits units;
  Value scale = materializeScale(builder, op);
  std::optional<double> known;
  if (FloatAttr constant; matchPattern(scale, m_Constant(&constant)))
    known = constant.getValueAsDouble();
  if (!hasRegion && known && *known > 0 && std::isfinite(*known)) {
    units.weight = Weight::FusedScale;
    units.factor = isBaseTwo ? *known : *known * log2e;
    units.toOpBase = *known;
    return units;
  }
  if (hasRegion) {
    units.weight = isBaseTwo ? Weight::BaseTwo : Weight::BaseE;
    units.factor = isBaseTwo ? 1.0 : log2e;
    units.scale = known == 1.0 ? Value() : scale;
    return units;
  }
  units.toOpBase = isBaseTwo ? 1.0 : ln2;
  if (!isBaseTwo)
    scale = builder.createOrFold<arith::MulFOp>(
        scale, arith::ConstantOp::create(builder, builder.getF32FloatAttr(float(log2e))));
  units.scale = scale;
  return units;
}

//===----------------------------------------------------------------------===//
// The state
//===----------------------------------------------------------------------===//

SmallVector<Value> SoftmaxState::values() const {
  SmallVector<Value> all = {acc, max, sum};
  if (trueMax)
    all.push_back(trueMax);
  return all;
}

SoftmaxState SoftmaxState::of(ValueRange values) {
  return {values[0], values[1], values[2], values.size() > 3 ? values[3] : Value()};
}

static bool isResult(const KernelBody &body, function_ref<bool(ResultKind)> isWanted) {
  return llvm::any_of(body.results, [&](const KernelResult &result) { return isWanted(result.kind); });
}

int64_t fovea::maximumLag(const KernelBody &body) {
  // A state that leaves the kernel is one whose maximum is exact.
  if (isResult(body, [](ResultKind kind) { return kind >= ResultKind::StateAccumulator; }))
    return 0;
  OnlineAttentionOp op = body.attention;
  auto config = op->getAttrOfType<ConfigAttr>(AttnDialect::getConfigAttrName());
  return config ? config.getRescaleLog2() : 0;
}

double ScoreUnits::lowest() const {
  // A power of two, so that its products with `factor` are exact, and these are finite.
  return -std::ldexp(1.0, std::min(126, 126 - std::ilogb(factor)));
}

SoftmaxState SoftmaxState::identity(const KernelBody &body, TileBuilder &builder, const ScoreUnits &units) {
  constexpr int64_t lanesPerRow = 4;
  Type f32 = builder.getF32Type();
  SoftmaxState state;
  state.acc = builder.constant(builder.tile({body.rows, body.valueDim}, f32), 0.0);
  state.max = builder.constant(builder.tile(body.rows, f32), units.lowest());
  state.sum = builder.constant(builder.tile({body.rows, lanesPerRow}, f32), 0.0);
  if (maximumLag(body) > 0 && isResult(body, [](ResultKind kind) { return kind == ResultKind::Maximum; }))
    state.trueMax = state.max;
  return state;
}

//===----------------------------------------------------------------------===//
// The update
//===----------------------------------------------------------------------===//

/// `value` times a constant, in tiles of its type.
static Value times(TileBuilder &builder, Value value, double factor) {
  return builder.mul(value, builder.constant(value.getType(), factor));
}

namespace {
/// What the weights of a block subtract; for a fused scale already multiplied.
struct Reference {
  Value max;
  Value negated; ///< -factor * max; only where the scale is fused.
};
} // namespace

static Reference makeReference(TileBuilder &builder, const ScoreUnits &units, Value max) {
  Reference reference = {max, Value()};
  if (units.weight == ScoreUnits::Weight::FusedScale)
    reference.negated = arith::NegFOp::create(builder, times(builder, max, units.factor));
  return reference;
}

/// The weights of values relative to a reference of the same shape.
static Value weigh(TileBuilder &builder, const ScoreUnits &units, Value x, Reference reference) {
  if (units.weight == ScoreUnits::Weight::FusedScale)
    return builder.exp2(builder.fma(x, builder.constant(x.getType(), units.factor), reference.negated));
  Value difference = builder.sub(x, reference.max);
  if (units.weight == ScoreUnits::Weight::BaseE)
    difference = times(builder, difference, log2e);
  return builder.exp2(difference);
}

SoftmaxState fovea::updateState(const KernelBody &body, TileBuilder &builder, const ScoreUnits &units,
                                SoftmaxState state, Value scores, Value &weights) {
  auto rowType = cast<RankedTensorType>(state.max.getType());
  Value blockMax = cta::ReduceOp::create(builder, rowType, cta::ReduceKind::Maximum, scores, /*dim=*/1);
  Value max = builder.max(state.max, blockMax);
  SoftmaxState next;
  if (state.trueMax)
    next.trueMax = builder.max(state.trueMax, blockMax);
  int64_t lag = maximumLag(body);
  Value grown; // whether the accumulator must be rescaled
  if (lag > 0) {
    Value growth = builder.sub(max, state.max);
    Value limit = builder.constant(rowType, double(lag) / units.factor);
    grown = cta::AnyOp::create(builder, arith::CmpFOp::create(builder, arith::CmpFPredicate::OGT, growth, limit));
    max = builder.select(grown, max, state.max);
  }
  Reference reference = makeReference(builder, units, max);
  Value keep = weigh(builder, units, state.max, reference);
  if (grown)
    keep = builder.select(grown, keep, builder.constant(rowType, 1.0));
  auto repeat = [&](Value rows) { return rows ? builder.alongColumns(rows, body.keys) : rows; };
  Reference repeated =
      reference.negated ? Reference{Value(), repeat(reference.negated)} : Reference{repeat(reference.max), Value()};
  weights = weigh(builder, units, scores, repeated);
  auto sumType = cast<RankedTensorType>(state.sum.getType());
  Value blockSum = cta::ReduceOp::create(builder, sumType, cta::ReduceKind::Add, weights, /*dim=*/1, /*partial=*/true);
  next.max = max;
  next.sum = builder.fma(state.sum, builder.alongColumns(keep, sumType.getDimSize(1)), blockSum);
  auto rescale = [&]() { return builder.mul(state.acc, builder.alongColumns(keep, body.valueDim)); };
  if (!grown) {
    next.acc = rescale();
    return next;
  }
  auto branch = scf::IfOp::create(builder, state.acc.getType(), grown, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, rescale());
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, state.acc);
  next.acc = branch.getResult(0);
  return next;
}
