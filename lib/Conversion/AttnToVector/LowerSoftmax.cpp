//===- LowerSoftmax.cpp - rows of a softmax on lanes ----------------------===//
//
// The elements of a row lie along the lanes. A row is read chunk by chunk: scores and their maximum first, then the sum
// of the exponentials relative to the new maximum, so that the maximum costs one exponential per chunk and not per
// element.
//
// Buffers whose softmax dimension has unit stride, which is known at run time only, are read by vector loads; the code
// exists twice, and the other version gathers lane by lane.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RegionVectorizer.h"
#include "RowLoops.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

namespace {

constexpr int64_t elementsPerChunk = 1024;

/// What online_softmax and normalize share: walking rows and evaluating scores on lanes.
class RowLowering {
public:
  RowLowering(OpBuilder &builder, ScoreOpInterface op, VectorUnit unit)
      : builder(builder), op(op), structured(cast<StructuredOpInterface>(op.getOperation())),
        lanes(builder, op.getLoc(), op.getComputeType(), unit.lanes(op.getComputeType())), dimension(op.getKeyDim()) {
    extents = domainExtents(lanes, structured);
    position.resize(extents.size());
    for (unsigned d = 0, e = extents.size(); d != e; ++d)
      if (d != dimension)
        rows.push_back(d);
    for (OpFoldResult offset : op.getMixedOffsets())
      at.push_back(getValueOrCreateConstantIndexOp(builder, op.getLoc(), offset));
    if (at.empty())
      at.assign(extents.size(), lanes.index(0));
  }

  /// Emits `body` for every row, once for unit strides along the softmax dimension of `buffers` and once for others.
  void forEachRow(MutableArrayRef<Value> buffers, function_ref<void()> body);

  /// Lanes of `buffer` (indexed as x is) from `begin` on; `valid` counts those that exist, null for all.
  Value loadLanes(Value buffer, Value begin, Value valid);
  void storeLanes(Value vector, Value buffer, Value begin, Value valid);
  /// Scores of the lanes from `begin` on, -inf for lanes that do not exist.
  Value scores(Value input, Value begin, Value valid);
  /// Runs `body(begin, valid)` over [0, end) by lanes, the last time with less than all of them.
  SmallVector<Value> inLanes(Value begin, Value end, ValueRange init,
                             function_ref<SmallVector<Value>(Value, Value, ValueRange)> body);
  SmallVector<Value> rowIndices(AffineMap map) { return operandIndices(lanes, map, position); }

  OpBuilder &builder;
  ScoreOpInterface op;
  StructuredOpInterface structured;
  LaneBuilder lanes;
  unsigned dimension;
  SmallVector<Value> extents, at;
  SmallVector<unsigned> rows;
  DomainPosition position;
  bool unitStride = false;
};

} // namespace

/// The buffer with a static unit stride in its last dimension.
static Value withUnitStride(LaneBuilder &lanes, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (type.isLastDimUnitStride())
    return buffer;
  auto metadata = memref::ExtractStridedMetadataOp::create(lanes.builder, lanes.loc, buffer);
  SmallVector<OpFoldResult> sizes = metadata.getConstifiedMixedSizes(), strides = metadata.getConstifiedMixedStrides();
  strides.back() = lanes.builder.getIndexAttr(1);
  OpFoldResult offset = metadata.getConstifiedMixedOffset();
  return memref::ReinterpretCastOp::create(lanes.builder, lanes.loc, metadata.getBaseBuffer(), offset, sizes, strides);
}

void RowLowering::forEachRow(MutableArrayRef<Value> buffers, function_ref<void()> body) {
  bool last = dimension + 1 == extents.size();
  Value unit;
  bool isStatic = last;
  for (Value buffer : buffers) {
    auto type = cast<MemRefType>(buffer.getType());
    if (!last || type.isLastDimUnitStride())
      continue;
    isStatic = false;
    auto metadata = memref::ExtractStridedMetadataOp::create(builder, lanes.loc, buffer);
    Value isUnit = arith::CmpIOp::create(builder, lanes.loc, arith::CmpIPredicate::eq, metadata.getStrides().back(),
                                         lanes.index(1));
    unit = unit ? Value(arith::AndIOp::create(builder, lanes.loc, unit, isUnit)) : isUnit;
  }
  SmallVector<Value> original(buffers);
  auto emit = [&](bool fast) {
    unitStride = fast;
    if (fast)
      for (Value &buffer : buffers)
        buffer = withUnitStride(lanes, buffer);
    forEach(lanes, rows, extents, position, body);
    llvm::copy(original, buffers.begin());
  };
  if (!unit)
    return emit(isStatic);
  auto branch = scf::IfOp::create(builder, lanes.loc, unit, /*withElseRegion=*/true);
  for (bool fast : {true, false}) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(fast ? branch.thenBlock() : branch.elseBlock());
    emit(fast);
  }
}

Value RowLowering::loadLanes(Value buffer, Value begin, Value valid) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(extents.size(), op->getContext());
  if (unitStride && !valid) {
    position[dimension] = begin;
    return lanes.load(buffer, rowIndices(identity));
  }
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
    Value index = lanes.add(begin, lane);
    if (valid) { // repeat the first element, which exists
      Value exists = arith::CmpIOp::create(builder, lanes.loc, arith::CmpIPredicate::slt, lanes.index(lane), valid);
      index = arith::SelectOp::create(builder, lanes.loc, exists, index, begin);
    }
    position[dimension] = index;
    elements.push_back(memref::LoadOp::create(builder, lanes.loc, buffer, rowIndices(identity)));
  }
  return vector::FromElementsOp::create(builder, lanes.loc, lanes.vectorOf(getElementTypeOrSelf(buffer.getType())),
                                        elements);
}

void RowLowering::storeLanes(Value vector, Value buffer, Value begin, Value valid) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(extents.size(), op->getContext());
  vector = lanes.fromCompute(vector, getElementTypeOrSelf(buffer.getType()));
  if (unitStride && !valid) {
    position[dimension] = begin;
    return lanes.store(vector, buffer, rowIndices(identity));
  }
  for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
    Value element = vector::ExtractOp::create(builder, lanes.loc, vector, lane);
    auto storeOne = [&] {
      position[dimension] = lanes.add(begin, lane);
      memref::StoreOp::create(builder, lanes.loc, element, buffer, rowIndices(identity));
    };
    if (!valid) {
      storeOne();
      continue;
    }
    Value exists = arith::CmpIOp::create(builder, lanes.loc, arith::CmpIPredicate::slt, lanes.index(lane), valid);
    auto branch = scf::IfOp::create(builder, lanes.loc, exists, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    storeOne();
  }
}

Value RowLowering::scores(Value input, Value begin, Value valid) {
  Value score = lanes.toCompute(loadLanes(input, begin, valid));
  auto positionOf = [&](unsigned dim) -> Value {
    if (dim != dimension)
      return lanes.add(at[dim], position[dim]);
    Value positions = lanes.lanePositions(lanes.add(at[dim], begin));
    if (!valid)
      return positions;
    // Lanes that do not exist repeat the last position that does.
    Value last = lanes.add(lanes.add(at[dim], begin), lanes.sub(valid, lanes.index(1)));
    return arith::MinSIOp::create(builder, lanes.loc, positions, lanes.broadcast(last));
  };
  SmallVector<Value> captures;
  if (op.hasScore() || op.hasMask())
    for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
      Type argument =
          op.hasScore() ? op.getScore().getArgument(i + 1).getType() : op.getMask().getArgument(i).getType();
      if (!isa<MemRefType>(capture.getType()) || isa<MemRefType>(argument)) {
        captures.push_back(capture);
        continue;
      }
      AffineMap map;
      for (OpOperand &operand : op->getOpOperands())
        if (operand.getOperandNumber() == op.getCaptures().getBeginOperandIndex() + i)
          map = structured.getMapOf(operand);
      if (!map.isFunctionOfDim(dimension)) {
        captures.push_back(memref::LoadOp::create(builder, lanes.loc, capture, rowIndices(map)));
        continue;
      }
      SmallVector<Value> elements;
      for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
        Value index = lanes.add(begin, lane);
        if (valid)
          index = arith::MinSIOp::create(builder, lanes.loc, index, lanes.sub(extents[dimension], lanes.index(1)));
        position[dimension] = index;
        elements.push_back(memref::LoadOp::create(builder, lanes.loc, capture, rowIndices(map)));
      }
      captures.push_back(vector::FromElementsOp::create(builder, lanes.loc, lanes.vectorOf(argument), elements));
    }
  if (op.hasScore()) {
    SmallVector<Value> arguments = {score};
    arguments.append(captures);
    score = lanes.broadcast(vectorizeRegion(lanes, op.getScore(), arguments, positionOf));
  }
  if (op.hasMask()) {
    Value keep = vectorizeRegion(lanes, op.getMask(), captures, positionOf);
    score = arith::SelectOp::create(builder, lanes.loc, keep, score, lanes.negInf());
  }
  if (valid) {
    Value exists = arith::CmpIOp::create(builder, lanes.loc, arith::CmpIPredicate::slt,
                                         lanes.lanePositions(lanes.index(0)), lanes.broadcast(valid));
    score = arith::SelectOp::create(builder, lanes.loc, exists, score, lanes.negInf());
  }
  return score;
}

SmallVector<Value> RowLowering::inLanes(Value begin, Value end, ValueRange init,
                                        function_ref<SmallVector<Value>(Value, Value, ValueRange)> body) {
  Value count = lanes.sub(end, begin);
  Value rest = arith::RemUIOp::create(builder, lanes.loc, count, lanes.index(lanes.lanes));
  Value mainEnd = lanes.sub(end, rest);
  SmallVector<Value> carried = lanes.loop(begin, mainEnd, lanes.lanes, init,
                                          [&](Value at, ValueRange values) { return body(at, Value(), values); });
  return lanes.loop(mainEnd, end, lanes.lanes, carried,
                    [&](Value at, ValueRange values) { return body(at, rest, values); });
}

LogicalResult fovea::lowerOnlineSoftmax(OpBuilder &builder, OnlineSoftmaxOp op, VectorUnit unit) {
  RowLowering row(builder, cast<ScoreOpInterface>(op.getOperation()), unit);
  LaneBuilder &lanes = row.lanes;
  Location loc = op.getLoc();
  bool baseTwo = op.getBase() == ExpBase::Two;
  Value maximum = op.getOutputs()[0], sum = op.getOutputs()[1], input = op.getInput();
  AffineMap rowMap = row.structured.getMapOf(op.getOutputsMutable()[0]);
  Value scratch = makeScratch(builder, op, {elementsPerChunk}, lanes.type);
  Value length = row.extents[row.dimension];
  row.forEachRow(input, [&] {
    SmallVector<Value> indices = row.rowIndices(rowMap);
    lanes.loop(lanes.index(0), length, elementsPerChunk, {}, [&](Value begin, ValueRange) -> SmallVector<Value> {
      Value end = arith::MinSIOp::create(builder, loc, lanes.add(begin, elementsPerChunk), length);
      SmallVector<Value> chunkMax =
          row.inLanes(begin, end, ValueRange{lanes.negInf()}, [&](Value at, Value valid, ValueRange carried) {
            Value scores = row.scores(input, at, valid);
            lanes.store(scores, scratch, {lanes.sub(at, begin)});
            return SmallVector<Value>{lanes.max(carried[0], scores)};
          });
      Value old = memref::LoadOp::create(builder, loc, maximum, indices);
      Value best = vector::ReductionOp::create(builder, loc, vector::CombiningKind::MAXNUMF, chunkMax[0]);
      Value greater = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, old, best);
      Value next = arith::SelectOp::create(builder, loc, greater, old, best);
      memref::StoreOp::create(builder, loc, next, maximum, indices);
      Value reference = lanes.guarded(lanes.broadcast(next));
      Value padded = lanes.sub(end, begin);
      SmallVector<Value> sums = lanes.loop(
          lanes.index(0), padded, lanes.lanes, ValueRange{lanes.splat(0.0)}, [&](Value at, ValueRange carried) {
            Value difference = arith::SubFOp::create(builder, loc, lanes.load(scratch, {at}), reference);
            return SmallVector<Value>{
                arith::AddFOp::create(builder, loc, carried[0], lanes.exponential(difference, baseTwo))};
          });
      Value added = vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD, sums[0]);
      Value scalarReference = vector::ExtractOp::create(builder, loc, reference, 0);
      Value alpha = lanes.exponential(arith::SubFOp::create(builder, loc, old, scalarReference), baseTwo);
      Value total = memref::LoadOp::create(builder, loc, sum, indices);
      memref::StoreOp::create(builder, loc, lanes.fma(total, alpha, added), sum, indices);
      return {};
    });
  });
  return success();
}

LogicalResult fovea::lowerNormalize(OpBuilder &builder, NormalizeOp op, VectorUnit unit) {
  RowLowering row(builder, cast<ScoreOpInterface>(op.getOperation()), unit);
  LaneBuilder &lanes = row.lanes;
  Location loc = op.getLoc();
  bool baseTwo = op.getBase() == ExpBase::Two, isLog = op.getKind() == SoftmaxKind::LogProb;
  AffineMap rowMap = row.structured.getMapOf(op.getMaxMutable());
  Value length = row.extents[row.dimension];
  SmallVector<Value> buffers = {op.getInput(), op.getOutputs()[0]};
  row.forEachRow(buffers, [&] {
    SmallVector<Value> indices = row.rowIndices(rowMap);
    Value maximum = memref::LoadOp::create(builder, loc, op.getMax(), indices);
    Value sum = memref::LoadOp::create(builder, loc, op.getSum(), indices);
    Value logSum = isLog || op.getReturnLse() ? Value(math::LogOp::create(builder, loc, sum)) : Value();
    Value toNatural = baseTwo ? lanes.scalar(llvm::numbers::ln2) : Value();
    if (op.getReturnLse()) {
      Value natural = baseTwo ? lanes.mul(maximum, toNatural) : maximum;
      Value lse = arith::AddFOp::create(builder, loc, natural, logSum);
      AffineMap lseMap = row.structured.getMapOf(op.getOutputsMutable()[1]);
      memref::StoreOp::create(builder, loc, lse, op.getOutputs()[1], row.rowIndices(lseMap));
    }
    Value zero = lanes.scalar(0.0), inverse, reference;
    if (isLog) {
      reference = lanes.broadcast(maximum);
    } else {
      inverse = arith::DivFOp::create(builder, loc, lanes.scalar(1.0), sum);
      if (op.getSafe()) { // S3: a row without keys is 0, not NaN
        Value empty = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, sum, zero);
        inverse = arith::SelectOp::create(builder, loc, empty, zero, inverse);
      }
      inverse = lanes.broadcast(inverse);
      reference = lanes.guarded(lanes.broadcast(maximum));
    }
    row.inLanes(lanes.index(0), length, {}, [&](Value at, Value valid, ValueRange) -> SmallVector<Value> {
      Value scores = row.scores(buffers[0], at, valid);
      Value difference = arith::SubFOp::create(builder, loc, scores, reference);
      Value result;
      if (isLog) {
        if (baseTwo)
          difference = lanes.mul(difference, lanes.broadcast(toNatural));
        result = arith::SubFOp::create(builder, loc, difference, lanes.broadcast(logSum));
      } else {
        result = lanes.mul(lanes.exponential(difference, baseTwo), inverse);
      }
      row.storeLanes(result, buffers[1], at, valid);
      return {};
    });
  });
  return success();
}
