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
//     S = score(x), m' = max(m, max S)
//     E[chunk] = base^(S - m'), l = l * base^(m - m') + sum E, M[chunk] = m'        while the next chunk is fetched
//   for chunk of row
//     y = E[chunk] * (base^(M[chunk] - m) / l)          past the cache where y is large
//
// Such stores wait for memory, exponentials for the execution units. Where y is stored past the cache, a row waits for
// the next one of its tile, whose exponentials its stores go between: there are two scratch buffers, one for the row
// that is read and one for the row that is written.
//
//===----------------------------------------------------------------------===//

#include "SoftmaxResult.h"
#include "SoftmaxRows.h"
#include "llvm/Support/MathExtras.h"
#include <utility>

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

namespace {

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
  /// A row that is yet to be written, if there `exists` one.
  struct Waiting {
    Value exists, position;
    SoftmaxResult result;
    KeptRow kept;
  };

  void lowerBoth();
  OpOperand &stateOperand(unsigned which);
  RowState loadState();
  void storeState(RowState state);
  RowState foldChunk(RowState state, Value begin, Value end, KeptRow kept, Value number, const Waiting *waiting);
  RowState foldRow(RowState state, KeptRow kept, const Waiting *waiting = nullptr);
  void foldAndWriteRow(KeptRow kept);
  void foldAndWriteRun(ArrayRef<KeptRow> halves);
  void storeLse(RowState state);
  void writeRow(RowState state, KeptRow kept);
  void writeElements(Value begin, Value end, KeptRow kept, bool streaming, function_ref<Value(Value)> result);
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

RowState SoftmaxLowering::loadState() {
  auto load = [&](OpOperand &operand) -> Value {
    return memref::LoadOp::create(builder, loc, operand.get(), row.rowIndices(stateMap));
  };
  return {load(stateOperand(0)), load(stateOperand(1))};
}

void SoftmaxLowering::storeState(RowState state) {
  memref::StoreOp::create(builder, loc, state.maximum, stateOperand(0).get(), row.rowIndices(stateMap));
  memref::StoreOp::create(builder, loc, state.sum, stateOperand(1).get(), row.rowIndices(stateMap));
}

/// The state with the elements of a chunk. Their exponentials relative to the maximum that it returns are left in
/// `kept`, or their scores where these are needed. The same chunk of a row that waits is written.
RowState SoftmaxLowering::foldChunk(RowState state, Value begin, Value end, KeptRow kept, Value number,
                                    const Waiting *waiting) {
  bool keepScores = !kept.maxima || needsScores(normalize);
  Value first = kept.maxima ? lanes.add(kept.begin, begin) : kept.begin;
  auto max = [&](Value a, Value b) { return lanes.max(a, b); };
  auto add = [&](Value a, Value b) -> Value { return arith::AddFOp::create(builder, loc, a, b); };
  Value maxima = row.reduceInLanes(
      begin, end, lanes.negInf(),
      [&](Value at, Value valid, Value carried) {
        Value scores = row.scores(buffers[0], at, valid);
        lanes.store(scores, kept.elements, lanes.add(first, lanes.sub(at, begin)));
        return lanes.max(carried, scores);
      },
      max);
  Value best = lanes.maxAcross(maxima);
  Value next = lanes.max(state.maximum, best);
  Value reference = lanes.guarded(lanes.broadcast(next));
  Value ahead = lanes.add(begin, elementsPerChunk);
  auto sumUp = [&](const Waiting *waiting) {
    Value factor = waiting ? waiting->result.factorOf(waiting->kept, number) : Value();
    return row.reduceInLanes(
        lanes.index(0), lanes.sub(end, begin), lanes.splat(0.0),
        [&](Value at, Value valid, Value carried) {
          row.prefetch(buffers[0], ahead, at);
          Value exponentials =
              exponentialOf(lanes, lanes.load(kept.elements, lanes.add(first, at)), reference, baseTwo);
          if (!keepScores)
            lanes.store(exponentials, kept.elements, lanes.add(first, at));
          if (waiting) {
            Value place = lanes.add(begin, at);
            Value from = lanes.load(waiting->kept.elements, lanes.add(waiting->kept.begin, place));
            Value here = std::exchange(row.position[row.rows.back()], waiting->position);
            row.storeLanes(waiting->result.of(from, factor), buffers[1], place, valid, /*streaming=*/true);
            row.position[row.rows.back()] = here;
          }
          return add(carried, exponentials);
        },
        add);
  };
  Value sums = waiting ? lanes.either(
                             waiting->exists, lanes.vectorType(), [&] { return SmallVector<Value>{sumUp(waiting)}; },
                             [&] { return SmallVector<Value>{sumUp(nullptr)}; })[0]
                       : sumUp(nullptr);
  Value added = vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD, sums);
  Value alpha = exponentialOf(lanes, state.maximum, vector::ExtractOp::create(builder, loc, reference, 0), baseTwo);
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

/// The state of a whole row; writes the one that waits beside it.
RowState SoftmaxLowering::foldRow(RowState state, KeptRow kept, const Waiting *waiting) {
  SmallVector<Value> folded =
      overChunks({state.maximum, state.sum}, [&](Value begin, Value end, Value number, ValueRange carried) {
        RowState next = foldChunk({carried[0], carried[1]}, begin, end, kept, number, waiting);
        if (kept.maxima)
          memref::StoreOp::create(builder, loc, next.maximum, kept.maxima, lanes.add(kept.number, number));
        return SmallVector<Value>{next.maximum, next.sum};
      });
  return {folded[0], folded[1]};
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void SoftmaxLowering::storeLse(RowState state) {
  if (!normalize.getReturnLse())
    return;
  OpOperand &output = normalize.getOutputsMutable()[1];
  AffineMap map = cast<StructuredOpInterface>(normalize.getOperation()).getMapOf(output);
  memref::StoreOp::create(builder, loc, logSumExp(lanes, state, baseTwo), output.get(), row.rowIndices(map));
}

/// y = `result` of what is kept, or of the scores of x where nothing is.
void SoftmaxLowering::writeElements(Value begin, Value end, KeptRow kept, bool streaming,
                                    function_ref<Value(Value)> result) {
  auto write = [&](Value at, Value valid) {
    Value from =
        kept.elements ? lanes.load(kept.elements, lanes.add(kept.begin, at)) : row.scores(buffers[0], at, valid);
    row.storeLanes(result(from), buffers[1], at, valid, streaming);
  };
  if (streaming) {
    Value head = row.headLength(buffers[1], begin, end);
    Value aligned = lanes.add(begin, head);
    lanes.loop(begin, aligned, lanes.lanes, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
      write(at, head);
      return {};
    });
    begin = aligned;
  }
  row.inLanes(begin, end, write);
}

/// Writes what becomes of a row from what foldRow kept, or from x where that is nothing.
void SoftmaxLowering::writeRow(RowState state, KeptRow kept) {
  SoftmaxResult result(lanes, normalize, state);
  auto writeAll = [&](bool streaming) {
    if (!kept.elements || needsScores(normalize))
      return writeElements(lanes.index(0), length, kept, streaming,
                           [&](Value from) { return result.of(from, Value()); });
    overChunks({}, [&](Value begin, Value end, Value number, ValueRange) -> SmallVector<Value> {
      Value factor = result.factorOf(kept, number);
      writeElements(begin, end, kept, streaming, [&](Value from) { return result.of(from, factor); });
      return {};
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
  KeptRow chunk{makeScratch(builder, loc, {elementsPerChunk}, lanes.type), lanes.index(0), Value(), Value()};
  row.forEachRow(buffers, [&] { storeState(foldRow(loadState(), chunk)); });
}

void SoftmaxLowering::lowerNormalize() {
  streams = row.isWorthStreaming(buffers[1]);
  row.forEachRow(buffers, [&] {
    RowState state = loadState();
    storeLse(state);
    writeRow(state, KeptRow());
  });
}

void SoftmaxLowering::foldAndWriteRow(KeptRow kept) {
  RowState state = foldRow(loadState(), kept);
  storeState(state);
  storeLse(state);
  writeRow(state, kept);
}

/// The rows along the last row dimension. A row that begins at a multiple of a vector's size in memory waits for the
/// next one, if there is one; the others are written at once.
void SoftmaxLowering::foldAndWriteRun(ArrayRef<KeptRow> halves) {
  unsigned d = row.rows.back();
  Value zero = lanes.scalar(0.0), none = arith::ConstantIntOp::create(builder, loc, 0, 1);
  lanes.loop(lanes.index(0), row.extents[d], 1, {none, zero, zero}, [&](Value at, ValueRange carried) {
    row.position[d] = at;
    Value isOdd = arith::TruncIOp::create(builder, loc, builder.getI1Type(),
                                          arith::IndexCastOp::create(builder, loc, builder.getI64Type(), at));
    auto half = [&](unsigned ofOdd) {
      auto select = [&](Value odd, Value even) -> Value {
        return arith::SelectOp::create(builder, loc, isOdd, odd, even);
      };
      const KeptRow &odd = halves[ofOdd], &even = halves[1 - ofOdd];
      return KeptRow{odd.elements, select(odd.begin, even.begin), odd.maxima, select(odd.number, even.number)};
    };
    KeptRow kept = half(1);
    Waiting waiting{carried[0], lanes.sub(at, lanes.index(1)),
                    SoftmaxResult(lanes, normalize, {carried[1], carried[2]}), half(0)};
    RowState state = foldRow(loadState(), kept, &waiting);
    storeState(state);
    storeLse(state);
    auto holds = [&](arith::CmpIPredicate predicate, Value a, Value b) -> Value {
      return arith::CmpIOp::create(builder, loc, predicate, a, b);
    };
    Value isLast = holds(arith::CmpIPredicate::eq, at, lanes.sub(row.extents[d], lanes.index(1)));
    Value head = row.headLength(buffers[1], lanes.index(0), length);
    Value aligned = arith::AndIOp::create(builder, loc, streams, holds(arith::CmpIPredicate::eq, head, lanes.index(0)));
    Value waits = arith::SelectOp::create(builder, loc, isLast, none, aligned);
    lanes.either(waits, [] {}, [&] { writeRow(state, kept); });
    return SmallVector<Value>{waits, state.maximum, state.sum};
  });
}

void SoftmaxLowering::lowerBoth() {
  streams = row.isWorthStreaming(buffers[1]);
  bool waits = getConstantIntValue(streams) != 0 && !row.rows.empty();
  int64_t most = std::min(getConstantIntValue(length).value_or(mostElementsKept), mostElementsKept);
  // Vectors of the end may begin anywhere.
  int64_t elements = llvm::alignTo(most + 2 * lanes.lanes, lanes.lanes);
  int64_t chunks = llvm::divideCeil(most, elementsPerChunk) + 1, count = waits ? 2 : 1;
  Value kept = makeScratch(builder, loc, {count * elements}, lanes.type);
  Value maxima = makeScratch(builder, loc, {count * chunks}, lanes.type);
  SmallVector<KeptRow> halves;
  for (int64_t i = 0; i != count; ++i)
    halves.push_back({kept, lanes.index(i * elements), maxima, lanes.index(i * chunks)});
  if (!waits)
    return row.forEachRow(buffers, [&] { foldAndWriteRow(halves[0]); });
  row.forEachRun(buffers, [&] {
    if (row.unitStride)
      return foldAndWriteRun(halves);
    forEach(lanes, ArrayRef(row.rows).take_back(), row.extents, row.position, [&] { foldAndWriteRow(halves[0]); });
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
