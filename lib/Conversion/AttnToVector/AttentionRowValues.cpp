//===- AttentionRowValues.cpp - products of few rows with V ---------------===//

#include "AttentionRows.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// Registers for sums.
static int64_t sumsOf(const VectorUnit &unit) { return unit.registers / 2; }

/// Four, in as many passes over V as a row of it takes. Where one stream is read fastest, that of whole rows, at most
/// as many as one pass has the registers for. (Measured on Zen 4, four rows of D 128: 0.63 of the read bandwidth with
/// half rows, 0.82 with whole ones.)
int64_t RowsLowering::valueRows() {
  int64_t vectors = std::max<int64_t>(valueDim / lanes.lanes, 1);
  if (unit.readStreams > 1)
    return rowsPerBlock;
  return std::clamp<int64_t>(llvm::bit_floor(uint64_t(sumsOf(unit) / vectors)), 1, rowsPerBlock);
}

RowsLowering::Sums RowsLowering::loadSums(RowBlock rows, Value column, int64_t vectors, Value mask) {
  Sums sums;
  for (int64_t r = 0; r != rows.count; ++r) {
    Value row = lanes.add(rows.begin, r);
    setRow(lanes.add(rows.group, row));
    Value alpha = lanes.broadcast(Value(memref::LoadOp::create(builder, lanes.loc, alphas, row)));
    for (int64_t v = 0; v != vectors; ++v) {
      position[dims.value] = lanes.add(column, v * lanes.lanes);
      sums.places.push_back(rowIndices(op.getOutputsMutable()[0]));
      sums.values.push_back(lanes.mul(load(op.getOutputs()[0], sums.places.back(), mask), alpha));
    }
  }
  return sums;
}

void RowsLowering::storeSums(const Sums &sums, Value mask) {
  Value accumulator = op.getOutputs()[0];
  for (auto [place, result] : llvm::zip_equal(sums.places, sums.values)) {
    if (mask)
      vector::MaskedStoreOp::create(builder, lanes.loc, accumulator, place, mask, result);
    else
      lanes.store(result, accumulator, place);
  }
}

SmallVector<Value> RowsLowering::overStreams(Value count, int64_t step, ValueRange init,
                                             function_ref<void(Value, int64_t, MutableArrayRef<Value>)> body) {
  Location loc = lanes.loc;
  Value part = arith::DivUIOp::create(builder, loc, count, lanes.index(step * unit.readStreams));
  part = builder.createOrFold<arith::MulIOp>(loc, part, lanes.index(step));
  Value mainEnd = arith::MulIOp::create(builder, loc, part, lanes.index(unit.readStreams));
  SmallVector<Value> sums = lanes.loop(lanes.index(0), part, step, init, [&](Value n, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (int64_t s = 0; s != unit.readStreams; ++s) {
      body(n, step, next);
      n = lanes.add(n, part);
    }
    return next;
  });
  return lanes.loop(mainEnd, count, 1, sums, [&](Value n, ValueRange carried) {
    SmallVector<Value> next(carried);
    body(n, 1, next);
    return next;
  });
}

/// O of some vectors of value dims from `column` on. With `guard`, a key that the mask removed adds nothing even if its
/// value is not finite (S8).
void RowsLowering::valueBlock(RowBlock rows, Value column, int64_t vectors, Value mask, Value count, const Chunk &value,
                              bool guard) {
  Location loc = lanes.loc;
  Sums sums = loadSums(rows, column, vectors, mask);
  bool pairs = readsPairs(value.buffer) && !mask;
  for (int64_t i = 0, e = sums.values.size(); pairs && i != e; i += vectors)
    for (int64_t v = 0; v + 1 < vectors; v += 2)
      splitLanes(sums.values[i + v], sums.values[i + v + 1], evenLanes());
  auto addKey = [&](Value n, int64_t, MutableArrayRef<Value> sums) {
    for (int64_t v = 0; v < vectors; v += value.vectorsPerLine)
      prefetch(value, n, lanes.add(column, v * lanes.lanes));
    SmallVector<Value> elements = loadColumns(value.buffer, n, column, vectors, mask);
    for (int64_t r = 0; r != rows.count; ++r) {
      Value weight =
          lanes.broadcast(Value(memref::LoadOp::create(builder, loc, scores, ValueRange{lanes.add(rows.begin, r), n})));
      Value present =
          guard ? Value(arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, weight, lanes.splat(0.0)))
                : Value();
      for (int64_t v = 0; v != vectors; ++v) {
        Value before = sums[r * vectors + v], after = lanes.fma(elements[v], weight, before);
        sums[r * vectors + v] = guard ? Value(arith::SelectOp::create(builder, loc, present, after, before)) : after;
      }
    }
  };
  sums.values = overStreams(count, /*step=*/1, sums.values, addKey);
  for (int64_t i = 0, e = sums.values.size(); pairs && i != e; i += vectors)
    for (int64_t v = 0; v + 1 < vectors; v += 2)
      joinLanes(sums.values[i + v], sums.values[i + v + 1], evenLanes());
  storeSums(sums, mask);
}

/// The same without guard by dot products of pairs: the values of two keys in a column, and their weights. Two rows of
/// 32 columns become pairs by interleaving them in four parts, so that the sums of the columns are in that order.
void RowsLowering::valuePairsBlock(RowBlock rows, Value column, int64_t vectors, Value count, const Chunk &value) {
  Location loc = lanes.loc;
  Sums sums = loadSums(rows, column, vectors, Value());
  SmallVector<int64_t> unpacked = unpackedLanes();
  for (int64_t i = 0, e = sums.values.size(); i != e; i += 2)
    splitLanes(sums.values[i], sums.values[i + 1], unpacked);
  int64_t line = 2 * lanes.lanes;
  VectorType halves = VectorType::get({line}, builder.getI16Type());
  VectorType elements = VectorType::get({line}, builder.getBF16Type());
  SmallVector<int64_t> low, high;
  for (int64_t lane : unpacked) {
    low.append({lane, line + lane});
    high.append({lane + 4, line + lane + 4});
  }
  auto weightOf = [&](Value row, Value n, bool isPair) -> Value {
    if (isPair)
      return lanes.broadcastPair(pairWeights, {row, n});
    Value one = memref::LoadOp::create(builder, loc, pairWeights, ValueRange{row, n});
    Value word = arith::ExtUIOp::create(builder, loc, builder.getI32Type(),
                                        arith::BitcastOp::create(builder, loc, builder.getI16Type(), one));
    return vector::BitCastOp::create(builder, loc, elements, lanes.broadcast(word));
  };
  // Two keys, or one, whose partner is 0.
  auto addKeys = [&](Value n, int64_t numKeys, MutableArrayRef<Value> next) {
    bool isPair = numKeys == 2;
    for (int64_t v = 0; v < vectors; v += value.vectorsPerLine)
      for (int64_t i = 0; i != numKeys; ++i)
        prefetch(value, lanes.add(n, i), lanes.add(column, v * lanes.lanes));
    SmallVector<Value> weights;
    for (int64_t r = 0; r != rows.count; ++r)
      weights.push_back(weightOf(lanes.add(rows.begin, r), n, isPair));
    for (int64_t v = 0; v != vectors; v += 2) {
      Value begin = lanes.add(column, v * lanes.lanes);
      auto bitsOf = [&](Value key) -> Value {
        return arith::BitcastOp::create(builder, loc, halves, loadLine(value.buffer, key, begin));
      };
      Value first = bitsOf(n);
      Value second = isPair ? bitsOf(lanes.add(n, 1))
                            : Value(arith::ConstantOp::create(builder, loc, builder.getZeroAttr(halves)));
      for (int64_t i = 0; i != 2; ++i) {
        Value pairs = vector::ShuffleOp::create(builder, loc, first, second, i == 0 ? low : high);
        pairs = arith::BitcastOp::create(builder, loc, elements, pairs);
        for (int64_t r = 0; r != rows.count; ++r) {
          Value &sum = next[r * vectors + v + i];
          sum = multiplyPairs(sum, pairs, weights[r]);
        }
      }
    }
  };
  sums.values = overStreams(count, /*step=*/2, sums.values, addKeys);
  for (int64_t i = 0, e = sums.values.size(); i != e; i += 2)
    joinLanes(sums.values[i], sums.values[i + 1], unpacked);
  storeSums(sums, Value());
}

void RowsLowering::valuePass(RowBlock rows, Value count, const Chunk &value, bool guard) {
  int64_t width = lanes.lanes, most = std::max<int64_t>(sumsOf(unit) / rows.count, 1);
  int64_t whole = valueDim / width, done = 0;
  for (int64_t vectors = std::min(most, whole); vectors > 0; vectors = std::min(vectors / 2, whole - done)) {
    if (pairWeights && vectors > 1)
      vectors -= vectors % 2;
    int64_t blocks = (whole - done) / vectors;
    if (blocks == 0)
      continue;
    lanes.loop(lanes.index(done * width), lanes.index((done + blocks * vectors) * width), vectors * width, {},
               [&](Value column, ValueRange) -> SmallVector<Value> {
                 if (pairWeights && !guard && vectors % 2 == 0)
                   valuePairsBlock(rows, column, vectors, count, value);
                 else
                   valueBlock(rows, column, vectors, Value(), count, value, guard);
                 return {};
               });
    done += blocks * vectors;
  }
  if (int64_t rest = valueDim - whole * width)
    valueBlock(rows, lanes.index(whole * width), 1, lanesMask(rest), count, value, guard);
}
