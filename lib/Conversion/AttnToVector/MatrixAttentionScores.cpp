//===- MatrixAttentionScores.cpp - scores, their maxima, and weights ------===//

#include "MatrixAttention.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// Keys that do not fill a group of tiles are copied, and the rest of the group is zero.
void MatrixTileLowering::copyTail(Value begin, Value count) {
  Value tail = arith::RemUIOp::create(builder, loc, count, lanes.index(groupHeight));
  Value isTail = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, tail, lanes.index(0));
  lanes.when(isTail, [&] {
    Value first = lanes.add(begin, lanes.sub(count, tail));
    int64_t width = steps * tileDepth;
    auto type = VectorType::get({tileDepth}, element.type);
    auto forRows = [&](Value from, Value to, bool isKey) {
      lanes.loop(from, to, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
        Value source = lanes.add(keys.begin, arith::MulIOp::create(builder, loc, lanes.add(first, row), keys.stride));
        Value target = arith::MulIOp::create(builder, loc, row, lanes.index(width));
        for (auto [from, to] : llvm::zip_equal(keys.parts, tailKeys))
          for (int64_t k = 0; k != width; k += tileDepth) {
            Value vector =
                isKey ? Value(vector::LoadOp::create(builder, loc, type, from, ValueRange{lanes.add(source, k)}))
                      : Value(arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
            vector::StoreOp::create(builder, loc, vector, to, ValueRange{lanes.add(target, k)});
          }
        return {};
      });
    };
    forRows(lanes.index(0), tail, true);
    forRows(tail, lanes.index(groupHeight), false);
  });
}

void MatrixTileLowering::dotBlock(Value panel, Value keyBegin, Value blockCount, Value chunk, Value rows) {
  Value firstTile = divide(panel, tileRows);
  lanes.loop(lanes.index(0), rows, groupHeight, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    Value end = lanes.add(lanes.add(chunk, row), groupHeight);
    Value isTail = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, end, blockCount);
    auto select = [&](Value a, Value b) -> Value { return arith::SelectOp::create(builder, loc, isTail, a, b); };
    Value stride = select(lanes.index(steps * tileDepth), keys.stride);
    Value begin = lanes.add(keys.begin, arith::MulIOp::create(builder, loc, lanes.add(keyBegin, row), keys.stride));
    begin = select(lanes.index(0), begin);
    SmallVector<Value> buffers;
    for (auto [direct, tail] : llvm::zip_equal(keys.parts, tailKeys))
      buffers.push_back(select(memref::CastOp::create(builder, loc, direct.getType(), tail), direct));

    auto keyAt = [&](Value inGroup, Value k) -> SmallVector<Value> {
      Value offset = arith::MulIOp::create(builder, loc, stride, inGroup);
      Value column = arith::MulIOp::create(builder, loc, k, lanes.index(tileDepth));
      return {lanes.add(lanes.add(begin, offset), column)};
    };
    auto queryAt = [&](Value k, int64_t tile) -> SmallVector<Value> {
      return {lanes.add(firstTile, tile), k, lanes.index(0), lanes.index(0)};
    };
    PanelProduct product;
    product.rows = groupHeight;
    product.left = buffers, product.leftAt = keyAt, product.leftStride = stride;
    product.right = queries.parts, product.rightAt = queryAt;
    product.from = lanes.index(0), product.to = lanes.index(steps);
    product.target = scores, product.row = row, product.column = lanes.index(0);
    product.exact = true;
    unit.emit(product);
    return {};
  });
}

/// The maxima of the chunk's scores.
SmallVector<Value> MatrixTileLowering::maxPass(Value rows) {
  constexpr int64_t unroll = 4;
  SmallVector<Value> init(unroll * panelTiles, lanes.negInf());
  SmallVector<Value> partial = lanes.loop(lanes.index(0), rows, unroll, init, [&](Value row, ValueRange maxima) {
    SmallVector<Value> next;
    for (int64_t i = 0; i != unroll; ++i)
      for (int64_t v = 0; v != panelTiles; ++v)
        next.push_back(
            lanes.max(maxima[i * panelTiles + v], lanes.load(scores, {lanes.add(row, i), lanes.index(v * tileRows)})));
    return next;
  });
  SmallVector<Value> result;
  for (int64_t v = 0; v != panelTiles; ++v) {
    Value max = partial[v];
    for (int64_t i = 1; i != unroll; ++i)
      max = lanes.max(max, partial[i * panelTiles + v]);
    result.push_back(max);
  }
  return result;
}

/// Raises the maximum of the panel, if that of a query lags too far behind, and what is relative to it; returns up to
/// which group of keys the products with V have been added.
Value MatrixTileLowering::raiseMaximum(Value panel, ArrayRef<Value> chunkMax, Value block, Value done, Value upTo) {
  bool baseTwo = op.getBase() == ExpBase::Two;
  Value any;
  for (int64_t v = 0; v != panelTiles; ++v) {
    Value bound = lanes.load(maximum, column(panel, v));
    if (lag != 0)
      bound = arith::AddFOp::create(builder, loc, bound, splat(lag));
    auto exceedsIf = lanes.maxKeepsNaN ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::OGT;
    Value exceeds = arith::CmpFOp::create(builder, loc, exceedsIf, chunkMax[v], bound);
    any = any ? Value(arith::OrIOp::create(builder, loc, any, exceeds)) : exceeds;
  }
  Value raise = vector::ReductionOp::create(builder, loc, vector::CombiningKind::OR, any);
  auto toNext = [&]() -> SmallVector<Value> {
    Value areLeft = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, done, upTo);
    lanes.when(areLeft, [&] { valuePass(panel, block, done, upTo); });
    SmallVector<Value> alpha;
    for (int64_t v = 0; v != panelTiles; ++v) {
      Value old = lanes.load(maximum, column(panel, v));
      Value next = lanes.max(old, chunkMax[v]);
      lanes.store(next, maximum, column(panel, v));
      Value difference = arith::SubFOp::create(builder, loc, old, lanes.guarded(next));
      alpha.push_back(lanes.exponential(difference, baseTwo));
      lanes.store(lanes.mul(lanes.load(sum, column(panel, v)), alpha.back()), sum, column(panel, v));
    }
    lanes.loop(lanes.index(0), lanes.index(valueDim), 1, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
      for (int64_t v = 0; v != panelTiles; ++v) {
        SmallVector<Value> position = {d, column(panel, v).front()};
        lanes.store(lanes.mul(lanes.load(accumulator, position), alpha[v]), accumulator, position);
      }
      return {};
    });
    return {upTo};
  };
  return lanes.either(raise, done.getType(), toNext, [&] { return SmallVector<Value>{done}; })[0];
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Rounds the weights of two keys and stores them as pairs.
void MatrixTileLowering::storeWeights(ArrayRef<Value> pair, Value group, Value row, int64_t vector) {
  auto store = [&](Value dwords, int64_t part) {
    auto type = VectorType::get({2 * tileRows}, element.type);
    Value halves = vector::BitCastOp::create(builder, loc, type, dwords);
    vector::StoreOp::create(builder, loc, halves, weights[part],
                            ValueRange{group, lanes.index(vector), row, lanes.index(0)});
  };
  if (element.type.isF16()) {
    auto narrow = [&](Value weight) { return lanes.fromCompute(weight, element.type); };
    return store(interleave(lanes, narrow(pair[0]), narrow(pair[1])), 0);
  }
  VectorType integers = lanes.vectorOf(builder.getI32Type());
  auto constant = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(integers, APInt(32, value)));
  };
  auto bits = [&](Value x) -> Value { return arith::BitcastOp::create(builder, loc, integers, x); };
  // bf16 is the upper half of f32.
  auto upperHalves = [&](Value even, Value odd) {
    Value low = arith::ShRUIOp::create(builder, loc, even, constant(16));
    Value high = arith::AndIOp::create(builder, loc, odd, constant(0xffff0000));
    return arith::OrIOp::create(builder, loc, low, high);
  };
  if (element.parts == 1) {
    // To nearest: weights are not negative, so half a unit carries into the exponent as it should.
    auto rounded = [&](Value x) -> Value { return arith::AddIOp::create(builder, loc, bits(x), constant(0x8000)); };
    return store(upperHalves(rounded(pair[0]), rounded(pair[1])), 0);
  }
  SmallVector<Value> rest;
  for (Value weight : pair) {
    Value high = arith::AndIOp::create(builder, loc, bits(weight), constant(0xffff0000));
    high = arith::BitcastOp::create(builder, loc, lanes.vectorType(), high);
    rest.push_back(bits(arith::SubFOp::create(builder, loc, weight, high)));
  }
  store(upperHalves(bits(pair[0]), bits(pair[1])), 0);
  store(upperHalves(rest[0], rest[1]), 1);
}

/// Turns the chunk's scores into weights, from group `firstGroup` of the block on, and adds them up.
void MatrixTileLowering::weightPass(Value panel, Value firstGroup, Value rows) {
  bool baseTwo = op.getBase() == ExpBase::Two;
  SmallVector<Value> references;
  for (int64_t v = 0; v != panelTiles; ++v) {
    Value reference = lanes.guarded(lanes.load(maximum, column(panel, v)));
    references.push_back(foldedScale ? Value(arith::NegFOp::create(builder, loc, reference)) : reference);
  }
  SmallVector<Value> init(2 * panelTiles, splat(0.0));
  SmallVector<Value> sums =
      lanes.loop(lanes.index(0), divide(rows, tileDepth), 1, init, [&](Value group, ValueRange outer) {
        Value firstRow = arith::MulIOp::create(builder, loc, group, lanes.index(tileDepth));
        Value target = lanes.add(firstGroup, group);
        constexpr int64_t unroll = 2;
        return lanes.loop(lanes.index(0), lanes.index(tileRows), unroll, outer, [&](Value first, ValueRange carried) {
          SmallVector<Value> next(carried);
          for (int64_t i = 0; i != unroll; ++i) {
            Value pair = lanes.add(first, i);
            Value row = lanes.add(firstRow, arith::MulIOp::create(builder, loc, pair, lanes.index(2)));
            for (int64_t v = 0; v != panelTiles; ++v) {
              SmallVector<Value> both;
              for (int64_t half : {0, 1}) {
                Value score = lanes.load(scores, {lanes.add(row, half), lanes.index(v * tileRows)});
                Value difference = foldedScale ? lanes.fma(score, splat(*foldedScale), references[v])
                                               : Value(arith::SubFOp::create(builder, loc, score, references[v]));
                both.push_back(lanes.exponential(difference, baseTwo, /*approximate=*/!sumIsReturned));
                Value &sum = next[2 * v + half];
                sum = arith::AddFOp::create(builder, loc, sum, both.back());
              }
              storeWeights(both, target, pair, v);
            }
          }
          return next;
        });
      });
  for (int64_t v = 0; v != panelTiles; ++v) {
    Value total = arith::AddFOp::create(builder, loc, sums[2 * v], sums[2 * v + 1]);
    total = arith::AddFOp::create(builder, loc, lanes.load(sum, column(panel, v)), total);
    lanes.store(total, sum, column(panel, v));
  }
}
