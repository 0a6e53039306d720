//===- LowerFinalize.cpp - reading and merging softmax states -------------===//
//
// Row by row: what a row needs (1 / l, LSE, coefficients) is scalar and found once; the value dimension is the inner
// loop.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RowLoops.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

static Value compare(LaneBuilder &lanes, arith::CmpFPredicate predicate, Value a, Value b) {
  return arith::CmpFOp::create(lanes.builder, lanes.loc, predicate, a, b);
}
static Value select(LaneBuilder &lanes, Value condition, Value a, Value b) {
  return arith::SelectOp::create(lanes.builder, lanes.loc, condition, a, b);
}
static Value subtract(LaneBuilder &lanes, Value a, Value b) {
  return arith::SubFOp::create(lanes.builder, lanes.loc, a, b);
}
static Value addFloat(LaneBuilder &lanes, Value a, Value b) {
  return arith::AddFOp::create(lanes.builder, lanes.loc, a, b);
}
static Value scalarMax(LaneBuilder &lanes, Value a, Value b) {
  return arith::MaximumFOp::create(lanes.builder, lanes.loc, a, b);
}
/// `x`, and 0 where it is -inf (S7).
static Value guardedScalar(LaneBuilder &lanes, Value x) {
  Value empty = compare(lanes, arith::CmpFPredicate::OEQ, x, lanes.scalar(-std::numeric_limits<double>::infinity()));
  return select(lanes, empty, lanes.scalar(0.0), x);
}

LogicalResult fovea::lowerFinalize(OpBuilder &builder, FinalizeOp op, VectorUnit unit) {
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  auto type = cast<FloatType>(getElementTypeOrSelf(op.getAcc().getType()));
  LaneBuilder lanes(builder, op.getLoc(), type, unit.lanes(type));
  Location loc = op.getLoc();
  bool baseTwo = op.getBase() == ExpBase::Two;
  SmallVector<Value> extents = domainExtents(lanes, structured);
  DomainPosition position(extents.size());
  auto load = [&](OpOperand &operand) {
    return lanes.loadScalar(operand.get(), operandIndices(lanes, structured.getMapOf(operand), position));
  };
  auto store = [&](Value value, OpOperand &operand) {
    value = lanes.fromCompute(value, getElementTypeOrSelf(operand.get().getType()));
    memref::StoreOp::create(builder, loc, value, operand.get(),
                            operandIndices(lanes, structured.getMapOf(operand), position));
  };
  AffineMap rowMap = structured.getMapOf(op.getMaxMutable()),
            outputMap = structured.getMapOf(op.getOutputsMutable()[0]);
  SmallVector<unsigned> rows = dimsOf(rowMap), columns;
  for (unsigned d : dimsOf(outputMap))
    if (!llvm::is_contained(rows, d))
      columns.push_back(d);

  forEach(lanes, rows, extents, position, [&] {
    Value maximum = load(op.getMaxMutable()), sum = load(op.getSumMutable());
    Value reference = guardedScalar(lanes, maximum), total = sum, rescale;
    if (op.getSink()) {
      // The sink joins the denominator at the common maximum (S5).
      Value sink = load(*op.getSinkMutable().begin());
      if (baseTwo)
        sink = lanes.mul(sink, lanes.scalar(llvm::numbers::log2e));
      Value joint = guardedScalar(lanes, scalarMax(lanes, maximum, sink));
      rescale = lanes.exponential(subtract(lanes, maximum, joint), baseTwo);
      Value added = lanes.exponential(subtract(lanes, sink, joint), baseTwo);
      total = addFloat(lanes, lanes.mul(sum, rescale), added);
      reference = joint;
    }
    Value zero = lanes.scalar(0.0);
    Value empty = compare(lanes, arith::CmpFPredicate::OEQ, total, zero);
    Value inverse = arith::DivFOp::create(builder, loc, lanes.scalar(1.0), total);
    if (rescale)
      inverse = lanes.mul(inverse, rescale);
    inverse = select(lanes, empty, zero, inverse); // S3
    if (op.lseIndex() >= 0) {
      Value lse = math::LogOp::create(builder, loc, total); // -inf for 0
      Value natural = baseTwo ? lanes.mul(reference, lanes.scalar(llvm::numbers::ln2)) : reference;
      store(addFloat(lanes, natural, lse), op.getOutputsMutable()[op.lseIndex()]);
    }
    if (op.maxIndex() >= 0) {
      Value natural = baseTwo ? lanes.mul(maximum, lanes.scalar(llvm::numbers::ln2)) : maximum;
      // The running maximum does not keep a NaN, the sum does; but +inf is a maximum although its sum is NaN.
      Value isNan = compare(lanes, arith::CmpFPredicate::UNO, sum, sum);
      Value finite =
          compare(lanes, arith::CmpFPredicate::ONE, maximum, lanes.scalar(std::numeric_limits<double>::infinity()));
      Value lost = arith::AndIOp::create(builder, loc, isNan, finite);
      store(select(lanes, lost, sum, natural), op.getOutputsMutable()[op.maxIndex()]);
    }
    forEach(lanes, columns, extents, position, [&] {
      Value value = lanes.mul(load(op.getAccMutable()), inverse);
      store(select(lanes, empty, zero, value), op.getOutputsMutable()[0]);
    });
  });
  return success();
}

LogicalResult fovea::lowerMerge(OpBuilder &builder, MergeOp op, VectorUnit unit) {
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  auto type = cast<FloatType>(getElementTypeOrSelf(op.getOutputs().front().getType()));
  LaneBuilder lanes(builder, op.getLoc(), type, unit.lanes(type));
  Location loc = op.getLoc();
  bool baseTwo = op.getBase() == ExpBase::Two, hasAcc = op.getStates().size() == 3;
  SmallVector<Value> extents = domainExtents(lanes, structured);
  DomainPosition position(extents.size());
  unsigned maxAt = hasAcc ? 1 : 0;
  MutableOperandRange states = op.getStatesMutable(), outputs = op.getOutputsMutable();
  auto indices = [&](OpOperand &operand) { return operandIndices(lanes, structured.getMapOf(operand), position); };
  auto load = [&](OpOperand &operand) { return lanes.loadScalar(operand.get(), indices(operand)); };
  auto store = [&](Value value, OpOperand &operand) {
    memref::StoreOp::create(builder, loc, value, operand.get(), indices(operand));
  };
  SmallVector<unsigned> rows = dimsOf(structured.getMapOf(outputs[maxAt])), splits, columns;
  for (unsigned d : dimsOf(structured.getMapOf(states[maxAt])))
    if (!llvm::is_contained(rows, d))
      splits.push_back(d);
  if (hasAcc)
    for (unsigned d : dimsOf(structured.getMapOf(outputs[0])))
      if (!llvm::is_contained(rows, d))
        columns.push_back(d);
  Value scratchMax = makeScratch(builder, op, {}, type), scratchSum = makeScratch(builder, op, {}, type);
  auto get = [&](Value scratch) -> Value { return memref::LoadOp::create(builder, loc, scratch, ValueRange()); };
  auto set = [&](Value value, Value scratch) { memref::StoreOp::create(builder, loc, value, scratch, ValueRange()); };

  forEach(lanes, rows, extents, position, [&] {
    Value old = load(outputs[maxAt]);
    set(old, scratchMax);
    forEach(lanes, splits, extents, position,
            [&] { set(scalarMax(lanes, get(scratchMax), load(states[maxAt])), scratchMax); });
    Value reference = guardedScalar(lanes, get(scratchMax));
    Value own = lanes.exponential(subtract(lanes, old, reference), baseTwo);
    set(lanes.mul(load(outputs[maxAt + 1]), own), scratchSum);
    forEach(lanes, columns, extents, position, [&] {
      if (hasAcc)
        store(lanes.mul(load(outputs[0]), own), outputs[0]);
    });
    forEach(lanes, splits, extents, position, [&] {
      Value factor = lanes.exponential(subtract(lanes, load(states[maxAt]), reference), baseTwo);
      set(lanes.fma(load(states[maxAt + 1]), factor, get(scratchSum)), scratchSum);
      if (hasAcc)
        forEach(lanes, columns, extents, position,
                [&] { store(lanes.fma(load(states[0]), factor, load(outputs[0])), outputs[0]); });
    });
    store(get(scratchMax), outputs[maxAt]);
    store(get(scratchSum), outputs[maxAt + 1]);
  });
  return success();
}
