//===- LowerFinalize.cpp - reading and merging softmax states -------------===//
//
// What a row needs (1 / l, LSE, coefficients) is found once, for as many rows as there are lanes where the queries lie
// along the lanes, and otherwise for one; the value dimension is the inner loop.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RowLoops.h"
#include "Transpose.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"
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
/// The number as a scalar or, where `like` is a vector, on all lanes.
static Value constantLike(LaneBuilder &lanes, Value like, double x) {
  return isa<VectorType>(like.getType()) ? lanes.splat(x) : lanes.scalar(x);
}
/// `x`, a scalar or a vector, and 0 where it is -inf (S7).
static Value guarded(LaneBuilder &lanes, Value x) {
  Value lowest = constantLike(lanes, x, -std::numeric_limits<double>::infinity());
  return select(lanes, compare(lanes, arith::CmpFPredicate::OEQ, x, lowest), constantLike(lanes, x, 0.0), x);
}

namespace {

/// What the results of a row, or of as many rows as there are lanes, are made of.
struct RowResults {
  Value inverse; ///< factor of the accumulator
  Value empty;   ///< no key: the result is 0 (S3)
  Value lse, max;
};

class FinalizeLowering {
public:
  FinalizeLowering(OpBuilder &builder, FinalizeOp op, VectorUnit unit)
      : builder(builder), op(op), structured(cast<StructuredOpInterface>(op.getOperation())),
        type(cast<FloatType>(getElementTypeOrSelf(op.getAcc().getType()))),
        lanes(builder, op.getLoc(), type, unit.lanes(type)), extents(domainExtents(lanes, structured)),
        position(extents.size()), rows(dimsOf(structured.getMapOf(op.getMaxMutable()))) {
    for (unsigned d : dimsOf(structured.getMapOf(op.getOutputsMutable()[0])))
      if (!llvm::is_contained(rows, d))
        columns.push_back(d);
  }
  void run();

private:
  RowResults computeRows(Value maximum, Value sum, Value sink);
  bool hasQueriesOnLanes();
  void lowerLanes(Value end);
  void lowerRow();
  void storeOutput(Value value, unsigned number);
  Value load(OpOperand &operand) {
    return lanes.loadScalar(operand.get(), operandIndices(lanes, structured.getMapOf(operand), position));
  }
  Value loadLanes(OpOperand &operand) {
    return lanes.load(operand.get(), operandIndices(lanes, structured.getMapOf(operand), position));
  }

  OpBuilder &builder;
  FinalizeOp op;
  StructuredOpInterface structured;
  FloatType type;
  LaneBuilder lanes;
  SmallVector<Value> extents;
  DomainPosition position;
  SmallVector<unsigned> rows, columns;
};

} // namespace

/// On scalars or on vectors of rows; `sink` may be null.
RowResults FinalizeLowering::computeRows(Value maximum, Value sum, Value sink) {
  Location loc = op.getLoc();
  bool baseTwo = op.getBase() == ExpBase::Two;
  auto constant = [&](double x) { return constantLike(lanes, sum, x); };
  Value reference = guarded(lanes, maximum), total = sum, rescale;
  if (sink) {
    // The sink joins the denominator at the common maximum (S5).
    if (baseTwo)
      sink = lanes.mul(sink, constant(llvm::numbers::log2e));
    Value joint = guarded(lanes, scalarMax(lanes, maximum, sink));
    rescale = lanes.exponential(subtract(lanes, maximum, joint), baseTwo);
    Value added = lanes.exponential(subtract(lanes, sink, joint), baseTwo);
    total = addFloat(lanes, lanes.mul(sum, rescale), added);
    reference = joint;
  }
  RowResults results;
  results.empty = compare(lanes, arith::CmpFPredicate::OEQ, total, constant(0.0));
  Value inverse = arith::DivFOp::create(builder, loc, constant(1.0), total);
  if (rescale)
    inverse = lanes.mul(inverse, rescale);
  results.inverse = select(lanes, results.empty, constant(0.0), inverse);
  if (op.lseIndex() >= 0) {
    Value lse = math::LogOp::create(builder, loc, total); // -inf for 0
    Value natural = baseTwo ? lanes.mul(reference, constant(llvm::numbers::ln2)) : reference;
    results.lse = addFloat(lanes, natural, lse);
  }
  if (op.maxIndex() >= 0) {
    Value natural = baseTwo ? lanes.mul(maximum, constant(llvm::numbers::ln2)) : maximum;
    // The running maximum does not keep a NaN, the sum does; but +inf is a maximum although its sum is NaN.
    Value isNan = compare(lanes, arith::CmpFPredicate::UNO, sum, sum);
    Value finite =
        compare(lanes, arith::CmpFPredicate::ONE, maximum, constant(std::numeric_limits<double>::infinity()));
    Value lost = arith::AndIOp::create(builder, loc, isNan, finite);
    results.max = select(lanes, lost, sum, natural);
  }
  return results;
}

void FinalizeLowering::storeOutput(Value value, unsigned number) {
  OpOperand &operand = op.getOutputsMutable()[number];
  value = lanes.fromCompute(value, getElementTypeOrSelf(operand.get().getType()));
  memref::StoreOp::create(builder, op.getLoc(), value, operand.get(),
                          operandIndices(lanes, structured.getMapOf(operand), position));
}

void FinalizeLowering::lowerRow() {
  Value maximum = load(op.getMaxMutable()), sum = load(op.getSumMutable());
  Value sink = op.getSink() ? load(*op.getSinkMutable().begin()) : Value();
  RowResults results = computeRows(maximum, sum, sink);
  if (results.lse)
    storeOutput(results.lse, op.lseIndex());
  if (results.max)
    storeOutput(results.max, op.maxIndex());
  forEach(lanes, columns, extents, position, [&] {
    Value value = lanes.mul(load(op.getAccMutable()), results.inverse);
    storeOutput(select(lanes, results.empty, lanes.scalar(0.0), value), 0);
  });
}

/// Whether the last row dimension is the one that lies in unit stride in the state, as attn-pack-queries makes it.
bool FinalizeLowering::hasQueriesOnLanes() {
  if (rows.empty() || columns.size() != 1 || lanes.lanes < 2)
    return false;
  AffineExpr query = getAffineDimExpr(rows.back(), op.getContext());
  auto isLast = [&](OpOperand &operand) {
    AffineMap map = structured.getMapOf(operand);
    return map.getNumResults() > 0 && map.getResults().back() == query &&
           cast<MemRefType>(operand.get().getType()).isLastDimUnitStride();
  };
  AffineMap output = structured.getMapOf(op.getOutputsMutable()[0]);
  return isLast(op.getAccMutable()) && isLast(op.getMaxMutable()) && isLast(op.getSumMutable()) &&
         output.getResults().back() == getAffineDimExpr(columns.front(), op.getContext()) &&
         (!op.getSink() || !structured.getMapOf(*op.getSinkMutable().begin()).isFunctionOfDim(rows.back()));
}

/// Rows [0, end) of the last row dimension, a multiple of the lanes: the accumulator is transposed in squares where
/// the columns of the result lie in unit stride.
void FinalizeLowering::lowerLanes(Value end) {
  unsigned query = rows.back(), column = columns.front();
  Value output = op.getOutputs()[0], zero = lanes.splat(0.0);
  Type outputType = getElementTypeOrSelf(output.getType());
  UnitStrideView view(lanes, output);
  Value squares = vectorEnd(lanes, extents[column], view.isUnit);
  AffineMap outputMap = structured.getMapOf(op.getOutputsMutable()[0]);
  SquareTranspose square(lanes, lanes.vectorType());
  lanes.loop(lanes.index(0), end, lanes.lanes, {}, [&](Value first, ValueRange) -> SmallVector<Value> {
    auto storeEach = [&](Value vector, unsigned number) {
      for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
        position[query] = lanes.add(first, lane);
        storeOutput(vector::ExtractOp::create(builder, op.getLoc(), vector, lane), number);
      }
    };
    position[query] = first;
    Value maximum = loadLanes(op.getMaxMutable()), sum = loadLanes(op.getSumMutable());
    Value sink = op.getSink() ? lanes.broadcast(load(*op.getSinkMutable().begin())) : Value();
    RowResults results = computeRows(maximum, sum, sink);
    if (results.lse)
      storeEach(results.lse, op.lseIndex());
    if (results.max)
      storeEach(results.max, op.maxIndex());
    auto resultOf = [&](Value at) { // of one column
      position[query] = first;
      position[column] = at;
      return select(lanes, results.empty, zero, lanes.mul(loadLanes(op.getAccMutable()), results.inverse));
    };
    lanes.loop(lanes.index(0), squares, lanes.lanes, {}, [&](Value begin, ValueRange) -> SmallVector<Value> {
      square.emit(
          [&](Value i, MutableArrayRef<Value>) -> SmallVector<Value> { return {resultOf(lanes.add(begin, i))}; },
          [&](int64_t, Value i, Value vector) {
            position[query] = lanes.add(first, i);
            position[column] = begin;
            lanes.store(lanes.fromCompute(vector, outputType), view.buffer, operandIndices(lanes, outputMap, position));
          });
      return {};
    });
    lanes.loop(squares, extents[column], 1, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
      storeEach(resultOf(at), 0);
      return {};
    });
    return {};
  });
}

void FinalizeLowering::run() {
  auto options = remark::RemarkOpts::name("TransposeResult").category("attn-to-vector");
  if (!hasQueriesOnLanes()) {
    remark::missed(op.getLoc(), options) << remark::reason(
        "the result is stored number by number: the queries of the state do not lie along the lanes, or "
        "its columns are not the last dimension");
    return forEach(lanes, rows, extents, position, [&] { lowerRow(); });
  }
  remark::passed(op.getLoc(), options) << remark::add("squares of {0} x {0}", lanes.lanes);
  forEach(lanes, ArrayRef(rows).drop_back(), extents, position, [&] {
    Value end = vectorEnd(lanes, extents[rows.back()], arith::ConstantIntOp::create(builder, op.getLoc(), 1, 1));
    lowerLanes(end);
    lanes.loop(end, extents[rows.back()], 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      position[rows.back()] = row;
      lowerRow();
      return {};
    });
  });
}

LogicalResult fovea::lowerFinalize(OpBuilder &builder, FinalizeOp op, VectorUnit unit) {
  FinalizeLowering(builder, op, unit).run();
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
  Value scratchMax = makeScratch(builder, loc, {}, type), scratchSum = makeScratch(builder, loc, {}, type);
  auto get = [&](Value scratch) -> Value { return memref::LoadOp::create(builder, loc, scratch, ValueRange()); };
  auto set = [&](Value value, Value scratch) { memref::StoreOp::create(builder, loc, value, scratch, ValueRange()); };

  forEach(lanes, rows, extents, position, [&] {
    Value old = load(outputs[maxAt]);
    set(old, scratchMax);
    forEach(lanes, splits, extents, position,
            [&] { set(scalarMax(lanes, get(scratchMax), load(states[maxAt])), scratchMax); });
    Value reference = guarded(lanes, get(scratchMax));
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
