//===- AttentionRowScores.cpp - scores of few rows, and their weights -----===//

#include "AttentionRows.h"
#include "RegionVectorizer.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// The group's queries in the compute type, scaled, with zeros up to whole vectors, in the order in which the columns
/// of K are read; where pairs are multiplied, they are the operand's numbers in bf16, too, and not scaled.
void RowsLowering::loadQueries(Value group, Value count) {
  Value factor = scale ? Value() : materializeScale(builder, op);
  Value zero = lanes.scalar(0.0);
  int64_t padded = llvm::alignTo(headDim, lanes.lanes), pair = 2 * lanes.lanes;
  lanes.loop(lanes.index(0), count, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    setRow(lanes.add(group, row));
    lanes.loop(lanes.index(0), lanes.index(headDim), 1, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
      position[dims.qk] = k;
      SmallVector<Value> from = rowIndices(op.getQueryMutable());
      if (pairQueries)
        memref::StoreOp::create(builder, lanes.loc, memref::LoadOp::create(builder, lanes.loc, op.getQuery(), from),
                                pairQueries, ValueRange{row, k});
      Value element = lanes.loadScalar(op.getQuery(), from);
      memref::StoreOp::create(builder, lanes.loc, factor ? lanes.mul(element, factor) : element, queries,
                              ValueRange{row, k});
      return {};
    });
    for (int64_t k = headDim; k != padded; ++k)
      memref::StoreOp::create(builder, lanes.loc, zero, queries, ValueRange{row, lanes.index(k)});
    if (readsPairs(op.getKey()) && !pairQueries)
      lanes.loop(lanes.index(0), lanes.index(headDim / pair * pair), pair, {},
                 [&](Value k, ValueRange) -> SmallVector<Value> {
                   Value second = lanes.add(k, lanes.lanes);
                   Value even = lanes.load(queries, {row, k}), odd = lanes.load(queries, {row, second});
                   splitLanes(even, odd, evenLanes());
                   lanes.store(even, queries, {row, k});
                   lanes.store(odd, queries, {row, second});
                   return {};
                 });
    return {};
  });
}

/// One vector whose lane i is the sum over the lanes of `vectors[i]`: neighbours are added pairwise, level by level.
Value RowsLowering::sumsAcrossLanes(SmallVector<Value> vectors) {
  while (vectors.size() > 1) {
    SmallVector<Value> sums;
    for (size_t i = 0; i != vectors.size(); i += 2) {
      splitLanes(vectors[i], vectors[i + 1], evenLanes());
      sums.push_back(arith::AddFOp::create(builder, lanes.loc, vectors[i], vectors[i + 1]));
    }
    vectors = std::move(sums);
  }
  return vectors.front();
}

/// Sums per lane of the products of all rows with `keys`: [row][key].
SmallVector<Value> RowsLowering::dotKeys(RowBlock rows, ArrayRef<Value> keys, const Chunk &key) {
  SmallVector<Value> sums(rows.count * keys.size(), lanes.splat(0.0));
  overColumns(
      headDim, getElementTypeOrSelf(key.buffer.getType()),
      [&](Value begin, int64_t vectors, Value mask, ValueRange carried) {
        SmallVector<Value> next(carried);
        for (Value n : keys)
          prefetch(key, n, begin);
        if (pairQueries && !mask && vectors == 2) {
          SmallVector<Value> query;
          for (int64_t r = 0; r != rows.count; ++r)
            query.push_back(loadLine(pairQueries, lanes.add(rows.begin, r), begin));
          for (auto [i, n] : llvm::enumerate(keys)) {
            Value line = loadLine(key.buffer, n, begin);
            for (int64_t r = 0; r != rows.count; ++r)
              next[r * keys.size() + i] = multiplyPairs(next[r * keys.size() + i], line, query[r]);
          }
          return next;
        }
        SmallVector<SmallVector<Value>> query(rows.count);
        for (int64_t r = 0; r != rows.count; ++r)
          for (int64_t v = 0; v != vectors; ++v)
            query[r].push_back(lanes.load(queries, {lanes.add(rows.begin, r), lanes.add(begin, v * lanes.lanes)}));
        for (auto [i, n] : llvm::enumerate(keys))
          for (auto [v, element] : llvm::enumerate(loadColumns(key.buffer, n, begin, vectors, mask)))
            for (int64_t r = 0; r != rows.count; ++r)
              next[r * keys.size() + i] = lanes.fma(element, query[r][v], next[r * keys.size() + i]);
        return next;
      },
      sums);
  return sums;
}

/// Dot products of all rows with the keys that stand at `runs`, `run` at each; as many as there are lanes.
void RowsLowering::dotRuns(RowBlock rows, ArrayRef<Value> runs, int64_t run, Value last, const Chunk &key) {
  // Row by row, as they lie in memory, and a row of each run in turn.
  int64_t numRuns = runs.size();
  SmallVector<Value> sums(lanes.lanes);
  for (int64_t i = 0; i != run; ++i) {
    SmallVector<Value> keys;
    for (Value first : runs) {
      Value n = lanes.add(first, i);
      keys.push_back(last ? Value(arith::MinSIOp::create(builder, lanes.loc, n, last)) : n);
    }
    for (auto [j, sum] : llvm::enumerate(dotKeys(rows, keys, key)))
      sums[j * run + i] = sum;
  }
  Value dots = sumsAcrossLanes(std::move(sums)); // [row][run][key]
  if (scale)
    dots = lanes.mul(dots, lanes.broadcast(scale));
  for (int64_t r = 0; r != rows.count; ++r)
    for (auto [i, place] : llvm::enumerate(runs)) {
      int64_t first = (r * numRuns + i) * run;
      Value scoresOfRun =
          run == lanes.lanes
              ? dots
              : Value(vector::ExtractStridedSliceOp::create(builder, lanes.loc, dots, ArrayRef<int64_t>{first},
                                                            ArrayRef<int64_t>{run}, ArrayRef<int64_t>{1}));
      lanes.store(scoresOfRun, scores, {lanes.add(rows.begin, r), place});
    }
}

/// The scratch's dot products.
void RowsLowering::dotPass(RowBlock rows, Value count, const Chunk &key) {
  Location loc = lanes.loc;
  int64_t numKeys = lanes.lanes / rows.count, streams = std::min(numKeys, unit.readStreams);
  int64_t run = numKeys / streams;
  Value rounds = arith::DivUIOp::create(builder, loc, count, lanes.index(numKeys));
  Value part = arith::MulIOp::create(builder, loc, rounds, lanes.index(run));
  Value mainEnd = arith::MulIOp::create(builder, loc, rounds, lanes.index(numKeys));
  lanes.loop(lanes.index(0), part, run, {}, [&](Value n, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> runs = {n};
    while (int64_t(runs.size()) != streams)
      runs.push_back(lanes.add(runs.back(), part));
    dotRuns(rows, runs, run, Value(), key);
    return {};
  });
  // The last ones repeat the last key.
  Value last = lanes.sub(count, lanes.index(1));
  lanes.loop(mainEnd, count, numKeys, {}, [&](Value n, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> runs = {n};
    while (int64_t(runs.size()) != streams)
      runs.push_back(lanes.add(runs.back(), run));
    dotRuns(rows, runs, run, last, key);
    return {};
  });
}

/// Sends the scores of the keys from `key` on through the regions; lanes beyond `lastKey`, unless that is null, repeat
/// its position and captures. Both count from the first key of the op.
Value RowsLowering::applyRegions(Value score, Value key, Value lastKey, bool masked) {
  auto positionOf = [&](unsigned dim) -> Value {
    if (dim == dims.qk || dim == dims.value)
      return at[dim];
    if (dim != dims.key)
      return lanes.add(at[dim], position[dim]);
    Value positions = lanes.lanePositions(lanes.add(at[dim], key));
    if (!lastKey)
      return positions;
    Value last = lanes.broadcast(lanes.add(at[dim], lastKey));
    return arith::MinSIOp::create(builder, lanes.loc, positions, last);
  };
  auto load = [&](OpOperand &capture) {
    return loadAlong(lanes, capture.get(), structured.getMapOf(capture), position, dims.key, key, lastKey);
  };
  return fovea::applyRegions(lanes, scoreOp, score, masked, load, positionOf);
}

SmallVector<Value> RowsLowering::inLanes(Value count, bool once, ValueRange init,
                                         function_ref<SmallVector<Value>(Value, Value, ValueRange)> body) {
  Location loc = lanes.loc;
  if (once)
    return lanes.loop(lanes.index(0), count, lanes.lanes, init, [&](Value n, ValueRange values) {
      return body(n, arith::MinSIOp::create(builder, loc, lanes.sub(count, n), lanes.index(lanes.lanes)), values);
    });
  Value rest = arith::RemUIOp::create(builder, loc, count, lanes.index(lanes.lanes));
  Value mainEnd = lanes.sub(count, rest);
  SmallVector<Value> carried = lanes.loop(lanes.index(0), mainEnd, lanes.lanes, init,
                                          [&](Value n, ValueRange values) { return body(n, Value(), values); });
  return lanes.loop(mainEnd, count, lanes.lanes, carried,
                    [&](Value n, ValueRange values) { return body(n, rest, values); });
}

/// Scores of a row, -inf in lanes without a key; returns their maximum per lane.
Value RowsLowering::scorePass(Value row, Value begin, Value count, bool masked) {
  bool hasRegion = scoreOp.hasScore() || masked; // which may be long
  return inLanes(count, hasRegion, ValueRange{lanes.negInf()}, [&](Value n, Value valid, ValueRange carried) {
    Value score = lanes.load(scores, {row, n}), exists, lastKey;
    if (valid) {
      exists = arith::CmpIOp::create(builder, lanes.loc, arith::CmpIPredicate::slt, lanes.lanePositions(lanes.index(0)),
                                     lanes.broadcast(valid));
      Value last = lanes.sub(count, lanes.index(1));
      lastKey = lanes.add(begin, last);
      // A score function sees no number that is not some key's.
      Value repeated = lanes.broadcast(lanes.loadScalar(scores, {row, last}));
      score = arith::SelectOp::create(builder, lanes.loc, exists, score, repeated);
    }
    score = applyRegions(score, lanes.add(begin, n), lastKey, masked);
    if (valid)
      score = arith::SelectOp::create(builder, lanes.loc, exists, score, lanes.negInf());
    if (valid || hasRegion)
      lanes.store(score, scores, {row, n});
    return SmallVector<Value>{lanes.max(carried[0], score)};
  })[0];
}

/// The same with the mask only where the op is known to need it.
Value RowsLowering::scoresOfRow(Value row, Value begin, Value count) {
  if (!scoreOp.hasMask() || !op.getPartial())
    return scorePass(row, begin, count, scoreOp.hasMask());
  auto pass = [&](bool masked) { return SmallVector<Value>{scorePass(row, begin, count, masked)}; };
  return lanes.either(op.getPartial(), lanes.vectorType(), [&] { return pass(true); }, [&] { return pass(false); })[0];
}

/// From dot products to weights: the running maximum and sum move, and `alphas` says by what the accumulator shrinks.
void RowsLowering::softmaxRow(Value row, Value begin, Value count) {
  Location loc = lanes.loc;
  bool baseTwo = op.getBase() == ExpBase::Two;
  OpOperand &maximum = op.getOutputsMutable()[1], &sum = op.getOutputsMutable()[2];
  Value best = lanes.maxAcross(scoresOfRow(row, begin, count));
  Value old = memref::LoadOp::create(builder, loc, maximum.get(), rowIndices(maximum));
  Value next = old;
  if (!op.getFixedMax()) {
    next = lanes.max(old, best);
    memref::StoreOp::create(builder, loc, next, maximum.get(), rowIndices(maximum));
  }
  Value reference = lanes.guarded(lanes.broadcast(next));
  Value padded =
      arith::MulIOp::create(builder, loc, arith::CeilDivUIOp::create(builder, loc, count, lanes.index(lanes.lanes)),
                            lanes.index(lanes.lanes));
  Value sums =
      lanes.loop(lanes.index(0), padded, lanes.lanes, ValueRange{lanes.splat(0.0)}, [&](Value n, ValueRange carried) {
        Value score = lanes.load(scores, {row, n});
        Value weight = lanes.exponential(arith::SubFOp::create(builder, loc, score, reference), baseTwo);
        lanes.store(weight, scores, {row, n});
        if (pairWeights)
          lanes.store(lanes.fromCompute(weight, builder.getBF16Type()), pairWeights, {row, n});
        return SmallVector<Value>{arith::AddFOp::create(builder, loc, carried[0], weight)};
      })[0];
  Value added = vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD, sums);
  Value total = memref::LoadOp::create(builder, loc, sum.get(), rowIndices(sum));
  Value alpha = lanes.scalar(1.0);
  if (!op.getFixedMax()) {
    Value scalarReference = vector::ExtractOp::create(builder, loc, reference, 0);
    alpha = lanes.exponential(arith::SubFOp::create(builder, loc, old, scalarReference), baseTwo);
  }
  memref::StoreOp::create(builder, loc, lanes.fma(total, alpha, added), sum.get(), rowIndices(sum));
  memref::StoreOp::create(builder, loc, alpha, alphas, row);
}
