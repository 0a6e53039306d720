//===- AttentionRowValues.cpp - products of few rows with V ---------------===//

#include "AttentionRows.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// O of some vectors of value dims from `column` on. With `guard`, a key that the mask removed adds nothing even if its
/// value is not finite (S8).
void RowsLowering::valueBlock(RowBlock rows, Value column, int64_t vectors, Value mask, Value count, const Chunk &value,
                              bool guard) {
  Location loc = lanes.loc;
  Value accumulator = op.getOutputs()[0];
  SmallVector<SmallVector<Value>> places;
  SmallVector<Value> init;
  for (int64_t r = 0; r != rows.count; ++r) {
    Value row = lanes.add(rows.begin, r);
    setRow(lanes.add(rows.group, row));
    Value alpha = lanes.broadcast(Value(memref::LoadOp::create(builder, loc, alphas, row)));
    for (int64_t v = 0; v != vectors; ++v) {
      position[dims.value] = lanes.add(column, v * lanes.lanes);
      places.push_back(rowIndices(op.getOutputsMutable()[0]));
      init.push_back(lanes.mul(load(accumulator, places.back(), mask), alpha));
    }
  }
  bool pairs = readsPairs(value.buffer) && !mask;
  for (int64_t r = 0; pairs && r != rows.count; ++r)
    for (int64_t v = 0; v + 1 < vectors; v += 2)
      splitPair(init[r * vectors + v], init[r * vectors + v + 1]);
  auto addKey = [&](Value n, SmallVector<Value> &sums) {
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
  Value part = arith::DivUIOp::create(builder, loc, count, lanes.index(unit.readStreams));
  Value mainEnd = arith::MulIOp::create(builder, loc, part, lanes.index(unit.readStreams));
  SmallVector<Value> sums = lanes.loop(lanes.index(0), part, 1, init, [&](Value n, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (int64_t s = 0; s != unit.readStreams; ++s) {
      addKey(n, next);
      n = lanes.add(n, part);
    }
    return next;
  });
  sums = lanes.loop(mainEnd, count, 1, sums, [&](Value n, ValueRange carried) {
    SmallVector<Value> next(carried);
    addKey(n, next);
    return next;
  });
  for (int64_t r = 0; pairs && r != rows.count; ++r)
    for (int64_t v = 0; v + 1 < vectors; v += 2)
      joinPair(sums[r * vectors + v], sums[r * vectors + v + 1]);
  for (auto [place, result] : llvm::zip_equal(places, sums)) {
    if (mask)
      vector::MaskedStoreOp::create(builder, loc, accumulator, place, mask, result);
    else
      lanes.store(result, accumulator, place);
  }
}

void RowsLowering::valuePass(RowBlock rows, Value count, const Chunk &value, bool guard) {
  int64_t width = lanes.lanes, most = std::max<int64_t>(unit.registers / 2 / rows.count, 1);
  int64_t whole = valueDim / width, done = 0;
  for (int64_t vectors = std::min(most, whole); vectors > 0; vectors = std::min(vectors / 2, whole - done)) {
    int64_t blocks = (whole - done) / vectors;
    if (blocks == 0)
      continue;
    lanes.loop(lanes.index(done * width), lanes.index((done + blocks * vectors) * width), vectors * width, {},
               [&](Value column, ValueRange) -> SmallVector<Value> {
                 valueBlock(rows, column, vectors, Value(), count, value, guard);
                 return {};
               });
    done += blocks * vectors;
  }
  if (int64_t rest = valueDim - whole * width)
    valueBlock(rows, lanes.index(whole * width), 1, lanesMask(rest), count, value, guard);
}
