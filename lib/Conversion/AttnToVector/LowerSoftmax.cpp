//===- LowerSoftmax.cpp - the softmax family, row by row ------------------===//
//
// online_softmax reads a row chunk by chunk: scores and their maximum first, then the sum of the exponentials relative
// to the new maximum, so that the maximum costs one exponential per chunk and not per element. normalize reads the row
// once more and writes what it becomes.
//
// Where one follows the other and the row fits a scratch buffer, both are one: the exponentials stay in the scratch,
// relative to the maximum of their time, and all that is left to do is to scale and store them.
//
//   for chunk of row
//     S = score(x), m' = max(m, max S)                  the next chunk is on its way from memory
//     E[chunk] = base^(S - m'), l = l * base^(m - m') + sum E, M[chunk] = m'          so is the next row
//   for chunk of row
//     y = E[chunk] * (base^(M[chunk] - m) / l)          past the cache where y is large
//
//===----------------------------------------------------------------------===//

#include "SoftmaxRows.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

namespace {

/// Rows up to so long are kept as exponentials, a quarter of a MiB of f32.
constexpr int64_t mostElementsKept = 65536;
/// Results larger than this leave the cache before anyone reads them.
constexpr int64_t bytesWorthStreaming = 8 << 20;
/// Shorter rows are mostly ends that cannot be streamed.
constexpr int64_t rowBytesWorthStreaming = 8192;

/// Lowers an online_softmax, a normalize, or one after the other.
class SoftmaxLowering {
public:
  SoftmaxLowering(OpBuilder &builder, OnlineSoftmaxOp online, NormalizeOp normalize, VectorUnit unit)
      : builder(builder), online(online), normalize(normalize),
        row(builder, cast<ScoreOpInterface>(online ? online.getOperation() : normalize.getOperation()), unit),
        lanes(row.lanes), loc(lanes.loc), length(row.extents[row.dimension]) {
    if (normalize)
      buffers = {normalize.getInput(), normalize.getOutputs()[0]};
    else
      buffers = {online.getInput()};
    baseTwo = (online ? online.getBase() : normalize.getBase()) == ExpBase::Two;
    Operation *op = online ? online.getOperation() : normalize.getOperation();
    stateMap = cast<StructuredOpInterface>(op).getMapOf(stateOperand(0));
  }

  void lowerOnline();
  void lowerNormalize();
  /// Both ops as one where the row fits the scratch buffer, `separately` elsewhere.
  void lowerBothIfItFits(function_ref<void()> separately);

private:
  /// The running maximum and sum of a row, scalars.
  struct RowState {
    Value maximum, sum;
  };
  /// Where a row's scores go: `buffer` from `offset` on, which is what element `begin` of the chunk has.
  struct Scratch {
    Value buffer, offset;
  };

  void lowerBoth();
  bool isLog() { return normalize.getKind() == SoftmaxKind::LogProb; }
  OpOperand &stateOperand(unsigned which);
  RowState loadState();
  void storeState(RowState state);
  RowState foldChunk(RowState state, Value begin, Value end, Scratch scratch, bool keepScores);
  RowState foldRow(RowState state, Value kept, Value maxima);
  void writeRow(RowState state, Value kept, Value maxima);
  void writeElements(Value begin, Value end, Value kept, bool streaming, function_ref<Value(Value)> result);
  Value exponentialOf(Value score, Value reference);
  Value isWorthStreaming(Value buffer);
  Value headLength(Value buffer, Value begin, Value end);
  /// Runs `body(begin, end, number)` for the chunks of a row.
  SmallVector<Value> overChunks(ValueRange init,
                                function_ref<SmallVector<Value>(Value, Value, Value, ValueRange)> body);

  OpBuilder &builder;
  OnlineSoftmaxOp online;
  NormalizeOp normalize;
  SoftmaxRows row;
  LaneBuilder &lanes;
  Location loc;
  Value length;
  AffineMap stateMap;
  SmallVector<Value> buffers; ///< x, y
  Value streams;              ///< whether y is stored past the cache
  bool baseTwo = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// The state of a row
//===----------------------------------------------------------------------===//

/// m or l, as online_softmax keeps it or normalize reads it.
OpOperand &SoftmaxLowering::stateOperand(unsigned which) {
  if (online)
    return online.getOutputsMutable()[which];
  return which == 0 ? normalize.getMaxMutable() : normalize.getSumMutable();
}

SoftmaxLowering::RowState SoftmaxLowering::loadState() {
  auto load = [&](OpOperand &operand) -> Value {
    return memref::LoadOp::create(builder, loc, operand.get(), row.rowIndices(stateMap));
  };
  return {load(stateOperand(0)), load(stateOperand(1))};
}

void SoftmaxLowering::storeState(RowState state) {
  memref::StoreOp::create(builder, loc, state.maximum, stateOperand(0).get(), row.rowIndices(stateMap));
  memref::StoreOp::create(builder, loc, state.sum, stateOperand(1).get(), row.rowIndices(stateMap));
}

/// base^(score - reference).
Value SoftmaxLowering::exponentialOf(Value score, Value reference) {
  return lanes.exponential(arith::SubFOp::create(builder, loc, score, reference), baseTwo);
}

/// The state with the elements of a chunk. Their exponentials relative to the maximum that it returns, or their scores
/// with `keepScores`, are left in the scratch.
SoftmaxLowering::RowState SoftmaxLowering::foldChunk(RowState state, Value begin, Value end, Scratch scratch,
                                                     bool keepScores) {
  auto placeOf = [&](Value at) { return lanes.add(scratch.offset, at); };
  auto max = [&](Value a, Value b) { return lanes.max(a, b); };
  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(builder, loc, a, b); };
  Value maxima = row.reduceInLanes(
      begin, end, lanes.negInf(),
      [&](Value at, Value valid, Value carried) {
        Value scores = row.scores(buffers[0], at, valid);
        lanes.store(scores, scratch.buffer, placeOf(lanes.sub(at, begin)));
        return lanes.max(carried, scores);
      },
      max);
  Value best = lanes.maxAcross(maxima);
  Value next = lanes.max(state.maximum, best);
  Value reference = lanes.guarded(lanes.broadcast(next));
  Value ahead = lanes.add(begin, elementsPerChunk);
  Value sums = row.reduceInLanes(
      lanes.index(0), lanes.sub(end, begin), lanes.splat(0.0),
      [&](Value at, Value, Value carried) {
        row.prefetch(buffers[0], lanes.add(ahead, at));
        if (normalize) // reads go on while exponentials are computed, so that the stores have the memory to themselves
          row.prefetchNextRow(buffers[0], lanes.add(begin, at));
        Value exponentials = exponentialOf(lanes.load(scratch.buffer, placeOf(at)), reference);
        if (!keepScores)
          lanes.store(exponentials, scratch.buffer, placeOf(at));
        return add(carried, exponentials);
      },
      add);
  Value added = vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD, sums);
  Value alpha = exponentialOf(state.maximum, vector::ExtractOp::create(builder, loc, reference, 0));
  return {next, lanes.fma(state.sum, alpha, added)};
}

SmallVector<Value> SoftmaxLowering::overChunks(ValueRange init,
                                               function_ref<SmallVector<Value>(Value, Value, Value, ValueRange)> body) {
  return lanes.loop(lanes.index(0), length, elementsPerChunk, init, [&](Value begin, ValueRange carried) {
    Value end = arith::MinSIOp::create(builder, loc, lanes.add(begin, elementsPerChunk), length);
    Value number = arith::DivUIOp::create(builder, loc, begin, lanes.index(elementsPerChunk));
    return body(begin, end, number, carried);
  });
}

/// The state of a whole row. What foldChunk leaves goes to `kept` and the maxima that it is relative to to `maxima`,
/// unless that is null and the scratch is used chunk after chunk.
SoftmaxLowering::RowState SoftmaxLowering::foldRow(RowState state, Value kept, Value maxima) {
  SmallVector<Value> folded =
      overChunks({state.maximum, state.sum}, [&](Value begin, Value end, Value number, ValueRange carried) {
        Scratch scratch{kept, maxima ? begin : lanes.index(0)};
        bool keepScores = !maxima || (normalize && isLog());
        RowState next = foldChunk({carried[0], carried[1]}, begin, end, scratch, keepScores);
        if (maxima)
          memref::StoreOp::create(builder, loc, next.maximum, maxima, number);
        return SmallVector<Value>{next.maximum, next.sum};
      });
  return {folded[0], folded[1]};
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Whether results of this size and shape are better stored past the cache.
Value SoftmaxLowering::isWorthStreaming(Value buffer) {
  if (!row.canStorePastCache(buffer))
    return arith::ConstantOp::create(builder, loc, builder.getBoolAttr(false));
  Value whole = buffer; // of which the tile writes a part
  while (true) {
    if (auto view = whole.getDefiningOp<memref::SubViewOp>())
      whole = view.getSource();
    else if (auto cast = whole.getDefiningOp<memref::CastOp>())
      whole = cast.getSource();
    else
      break;
  }
  auto type = cast<MemRefType>(whole.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  Value elements = lanes.index(1);
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    elements = builder.createOrFold<arith::MulIOp>(loc, elements, builder.createOrFold<memref::DimOp>(loc, whole, i));
  auto exceeds = [&](Value count, int64_t limit) {
    return builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::sgt, count, lanes.index(limit / bytes));
  };
  return builder.createOrFold<arith::AndIOp>(loc, exceeds(elements, bytesWorthStreaming),
                                             exceeds(length, rowBytesWorthStreaming - 1));
}

/// Elements from `begin` on in the row of `buffer` that lie before a multiple of a vector's size in memory, or `end`.
Value SoftmaxLowering::headLength(Value buffer, Value begin, Value end) {
  int64_t bytes = getElementTypeOrSelf(buffer.getType()).getIntOrFloatBitWidth() / 8;
  Value address = row.addressOf(buffer, begin);
  Value missing =
      arith::AndIOp::create(builder, loc, lanes.sub(lanes.index(0), address), lanes.index(lanes.lanes * bytes - 1));
  Value head = arith::DivUIOp::create(builder, loc, missing, lanes.index(bytes));
  return arith::MinSIOp::create(builder, loc, head, lanes.sub(end, begin));
}

/// y = `result` of the kept exponentials (or scores), or of the scores of x where nothing was kept.
void SoftmaxLowering::writeElements(Value begin, Value end, Value kept, bool streaming,
                                    function_ref<Value(Value)> result) {
  auto write = [&](Value at, Value valid) {
    Value from = kept ? lanes.load(kept, at) : row.scores(buffers[0], at, valid);
    row.storeLanes(result(from), buffers[1], at, valid, streaming);
  };
  if (streaming) {
    Value head = headLength(buffers[1], begin, end);
    Value aligned = lanes.add(begin, head);
    lanes.loop(begin, aligned, lanes.lanes, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
      write(at, head);
      return {};
    });
    begin = aligned;
  }
  row.inLanes(begin, end, write);
}

/// Writes what becomes of a row from what foldRow left in `kept` and `maxima`, or from x where these are null.
void SoftmaxLowering::writeRow(RowState state, Value kept, Value maxima) {
  Value logSum = isLog() || normalize.getReturnLse() ? Value(math::LogOp::create(builder, loc, state.sum)) : Value();
  Value toNatural = baseTwo ? lanes.scalar(llvm::numbers::ln2) : Value();
  if (normalize.getReturnLse()) {
    Value natural = baseTwo ? lanes.mul(state.maximum, toNatural) : state.maximum;
    Value lse = arith::AddFOp::create(builder, loc, natural, logSum);
    OpOperand &output = normalize.getOutputsMutable()[1];
    AffineMap map = cast<StructuredOpInterface>(normalize.getOperation()).getMapOf(output);
    memref::StoreOp::create(builder, loc, lse, output.get(), row.rowIndices(map));
  }
  Value zero = lanes.scalar(0.0), inverse, reference = lanes.broadcast(state.maximum);
  if (!isLog()) {
    inverse = arith::DivFOp::create(builder, loc, lanes.scalar(1.0), state.sum);
    if (normalize.getSafe()) { // S3: a row without keys is 0, not NaN
      Value empty = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, state.sum, zero);
      inverse = arith::SelectOp::create(builder, loc, empty, zero, inverse);
    }
    inverse = lanes.broadcast(inverse);
    reference = lanes.guarded(reference);
  }
  auto writeAll = [&](bool streaming) {
    if (!isLog() && kept) {
      // A chunk's exponentials are relative to the maximum of their time.
      Value last = vector::ExtractOp::create(builder, loc, reference, ArrayRef<int64_t>{0});
      overChunks({}, [&](Value begin, Value end, Value number, ValueRange) -> SmallVector<Value> {
        Value factor = exponentialOf(memref::LoadOp::create(builder, loc, maxima, number), last);
        factor = lanes.mul(lanes.broadcast(factor), inverse);
        writeElements(begin, end, kept, streaming, [&](Value from) { return lanes.mul(from, factor); });
        return {};
      });
      return;
    }
    writeElements(lanes.index(0), length, kept, streaming, [&](Value from) -> Value {
      if (!isLog())
        return lanes.mul(exponentialOf(from, reference), inverse);
      Value difference = arith::SubFOp::create(builder, loc, from, reference);
      if (baseTwo)
        difference = lanes.mul(difference, lanes.broadcast(toNatural));
      return arith::SubFOp::create(builder, loc, difference, lanes.broadcast(logSum));
    });
  };
  if (!row.unitStride)
    return writeAll(false);
  lanes.either(streams, [&] { writeAll(true); }, [&] { writeAll(false); });
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

void SoftmaxLowering::lowerOnline() {
  Value scratch = makeScratch(builder, loc, {elementsPerChunk}, lanes.type);
  row.forEachRow(buffers, [&] { storeState(foldRow(loadState(), scratch, Value())); });
}

void SoftmaxLowering::lowerNormalize() {
  streams = isWorthStreaming(buffers[1]);
  row.forEachRow(buffers, [&] { writeRow(loadState(), Value(), Value()); });
}

void SoftmaxLowering::lowerBoth() {
  streams = isWorthStreaming(buffers[1]);
  int64_t most = std::min(getConstantIntValue(length).value_or(mostElementsKept), mostElementsKept);
  // Vectors of the end may begin anywhere.
  Value kept = makeScratch(builder, loc, {most + 2 * lanes.lanes}, lanes.type);
  Value maxima = makeScratch(builder, loc, {int64_t(llvm::divideCeil(most, elementsPerChunk)) + 1}, lanes.type);
  row.forEachRow(buffers, [&] {
    RowState state = foldRow(loadState(), kept, maxima);
    storeState(state);
    writeRow(state, kept, maxima);
  });
}

void SoftmaxLowering::lowerBothIfItFits(function_ref<void()> separately) {
  Value fits = builder.createOrFold<arith::CmpIOp>(normalize.getLoc(), arith::CmpIPredicate::sle, length,
                                                   lanes.index(mostElementsKept));
  lanes.either(fits, [&] { lowerBoth(); }, separately);
}

LogicalResult fovea::lowerOnlineSoftmax(OpBuilder &builder, OnlineSoftmaxOp op, VectorUnit unit) {
  SoftmaxLowering(builder, op, NormalizeOp(), unit).lowerOnline();
  return success();
}

LogicalResult fovea::lowerNormalize(OpBuilder &builder, NormalizeOp op, VectorUnit unit) {
  SoftmaxLowering(builder, OnlineSoftmaxOp(), op, unit).lowerNormalize();
  return success();
}

LogicalResult fovea::lowerSoftmaxRows(OpBuilder &builder, OnlineSoftmaxOp online, NormalizeOp normalize,
                                      VectorUnit unit) {
  SoftmaxLowering both(builder, online, normalize, unit);
  both.lowerBothIfItFits([&] {
    (void)lowerOnlineSoftmax(builder, online, unit);
    (void)lowerNormalize(builder, normalize, unit);
  });
  return success();
}

NormalizeOp fovea::findNormalize(OnlineSoftmaxOp op) {
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    auto normalize = dyn_cast<NormalizeOp>(next);
    if (!normalize && !isMemoryEffectFree(next))
      return {};
    if (normalize)
      return normalize.getInput() == op.getInput() && normalize.getMax() == op.getOutputs()[0] &&
                     normalize.getSum() == op.getOutputs()[1] && normalize.getCaptures() == op.getCaptures()
                 ? normalize
                 : NormalizeOp();
  }
  return {};
}
