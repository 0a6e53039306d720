//===- FinalTiles.cpp - results read off a softmax state ------------------===//
//
//   %o, %lse = attn.finalize ins(%acc, %m, %l) sink(%sink)
// ->
//   sum = row sums of l; a sink joins it at the larger of both maxima        o = acc * (sum == 0 ? 0 : 1 / sum)
//   cta.store %o; cta.write of lse = ln(2) * (factor * m + log2 sum)
//
//===----------------------------------------------------------------------===//

#include "FinalTiles.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

static constexpr double log2e = llvm::numbers::log2e, ln2 = llvm::numbers::ln2;

namespace {

class FinalTiles {
public:
  FinalTiles(const KernelBody &body, TileBuilder &builder, const ScoreUnits &units, SoftmaxState state)
      : body(body), builder(builder), units(units), state(state), rowType(cast<RankedTensorType>(state.max.getType())) {
  }
  void run();

private:
  Value rowConstant(double value) { return builder.constant(rowType, value); }
  Value times(Value rows, double factor) { return factor == 1.0 ? rows : builder.mul(rows, rowConstant(factor)); }
  /// The maximum as a logarithm: in base e where the weights are, else in base 2.
  bool isNatural() const { return units.weight == ScoreUnits::Weight::BaseE; }
  Value asLogarithm(Value max) { return isNatural() ? max : times(max, units.factor); }
  void joinSink();
  Value readSink();
  void store(Value tile, const KernelResult &result);

  const KernelBody &body;
  TileBuilder &builder;
  const ScoreUnits &units;
  SoftmaxState state;
  RankedTensorType rowType;
  Value sum;       ///< Per row, with the sink.
  Value keep;      ///< What the sink leaves of the weights; null without one.
  Value reference; ///< The logarithm that `sum` is relative to.
};

} // namespace

/// The sink of each row, a natural logit.
Value FinalTiles::readSink() {
  FinalizeOp finalize = body.finalize;
  OpOperand &operand = *finalize.getSinkMutable().begin();
  std::string whyNot;
  MemoryView view = *MemoryView::of(operand.get(), whyNot);
  SmallVector<Value> offsets = view.allOffsets(builder, [](Value value) { return value; });
  Value sink = memref::LoadOp::create(builder, view.memref, offsets);
  return builder.splat(builder.convertFloat(sink, builder.getF32Type()), rowType);
}

/// A sink takes part in the denominator and in the LSE, at the common maximum, and carries no value (S5).
void FinalTiles::joinSink() {
  auto weight = [&](Value x, Value joint) {
    Value difference = builder.sub(x, joint);
    return builder.exp2(isNatural() ? times(difference, log2e) : difference);
  };
  Value sink = readSink();
  if (!isNatural())
    sink = times(sink, log2e);
  Value joint = builder.max(reference, sink);
  keep = weight(reference, joint);
  sum = builder.fma(sum, keep, weight(sink, joint));
  reference = joint;
}

void FinalTiles::store(Value tile, const KernelResult &result) {
  const TiledView &destination = result.destination;
  OpBuilder::InsertionGuard guard(builder);
  builder.setLoc(result.loc);
  tile = builder.convertFloat(tile, destination.view.type().getElementType());
  SmallVector<Value> offsets = destination.view.allOffsets(builder, [](Value value) { return value; });
  SmallVector<int64_t> dims = {destination.rowDim};
  if (destination.columnDim)
    dims.push_back(*destination.columnDim);
  // Bulk copies move rows of 16-bit elements.
  if (dims.size() == 2 && !destination.isTransposed() && destination.view.type().getElementType() == body.operandType)
    cta::StoreOp::create(builder, tile, destination.view.memref, offsets, /*via=*/Value(), dims);
  else
    cta::WriteOp::create(builder, tile, destination.view.memref, offsets, dims);
}

void FinalTiles::run() {
  sum = cta::ReduceOp::create(builder, rowType, cta::ReduceKind::Add, state.sum, /*dim=*/1);
  reference = asLogarithm(state.max);
  Value zero = rowConstant(0.0), inverse;
  auto isZero = [&](Value x) { return arith::CmpFOp::create(builder, arith::CmpFPredicate::OEQ, x, zero); };
  Value noKeys = isZero(sum);
  auto exact = [&](Value max) { return builder.select(noKeys, rowConstant(-INFINITY), max); };
  FinalizeOp finalize = body.finalize;
  if (finalize && finalize.getSink())
    joinSink();
  if (finalize) {
    inverse = arith::DivFOp::create(builder, rowConstant(1.0), sum);
    if (keep)
      inverse = builder.mul(inverse, keep);
    inverse = builder.select(isZero(sum), zero, inverse); // S3
  }
  for (const KernelResult &result : body.results) {
    switch (result.kind) {
    case ResultKind::Output:
      store(builder.mul(state.acc, builder.alongColumns(inverse, body.valueDim)), result);
      break;
    case ResultKind::LogSumExp: { // S4
      Value log = math::Log2Op::create(builder, sum);
      if (isNatural())
        store(builder.fma(log, rowConstant(ln2), reference), result);
      else
        store(times(builder.add(reference, log), ln2), result);
      break;
    }
    case ResultKind::Maximum: {
      Value max = asLogarithm(state.trueMax ? state.trueMax : state.max);
      store(exact(isNatural() ? max : times(max, ln2)), result);
      break;
    }
    case ResultKind::StateAccumulator:
      store(state.acc, result);
      break;
    case ResultKind::StateMaximum:
      store(exact(times(state.max, units.toOpBase)), result);
      break;
    case ResultKind::StateSum:
      store(sum, result);
      break;
    }
  }
}

void fovea::storeResults(const KernelBody &body, TileBuilder &builder, const ScoreUnits &units, SoftmaxState state) {
  FinalTiles(body, builder, units, state).run();
}
