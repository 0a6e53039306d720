//===- MatrixAttentionValues.cpp - weights times V on a matrix unit -------===//

#include "MatrixAttention.h"
#include "RowLoops.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// Adds the products of `rows` value dims from `d` on to `target`, which holds them from (row, column) on.
void MatrixTileLowering::valueBlock(Value target, Value row, Value column, Value d, int64_t rows, Value block,
                                    Value from, Value to) {
  auto valueAt = [&](Value inBlock, Value group) {
    SmallVector<Value> indices(values.position);
    indices.back() = lanes.add(lanes.add(indices.back(), block), group);
    indices.append({lanes.add(d, inBlock), lanes.index(0)});
    return indices;
  };
  auto weightAt = [&](Value group, int64_t tile) -> SmallVector<Value> {
    return {group, lanes.index(tile), lanes.index(0), lanes.index(0)};
  };
  PanelProduct product;
  product.rows = rows;
  product.left = values.parts, product.leftAt = valueAt;
  product.right = weights, product.rightAt = weightAt;
  product.from = from, product.to = to;
  product.target = target, product.row = row, product.column = column;
  product.accumulate = true;
  unit.emit(product);
}

/// Adds what is not finite in V, and therefore 0 in its tiles, for the keys that a query sees: the product of the unit
/// would be no number for the others, too (S8). Slow, and rare.
void MatrixTileLowering::addNotFinite(Value panel, Value block, Value from, Value to) {
  AffineMap map = cast<StructuredOpInterface>(op.getOperation()).getMapOf(op.getValueMutable());
  VectorType integers = lanes.vectorOf(builder.getI32Type()), narrow = lanes.vectorOf(builder.getI16Type());
  auto addKey = [&](Value group, Value inGroup, Value key) {
    Value two = lanes.index(2), pair = arith::DivUIOp::create(builder, loc, inGroup, two);
    Value half = arith::RemUIOp::create(builder, loc, inGroup, two);
    Value shift = arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                             arith::MulIOp::create(builder, loc, half, lanes.index(16)));
    shift = vector::BroadcastOp::create(builder, loc, integers, shift);
    SmallVector<Value> seen;
    for (int64_t v = 0; v != panelTiles; ++v) {
      Value pairs = vector::LoadOp::create(builder, loc, VectorType::get({2 * tileRows}, element.type), weights[0],
                                           ValueRange{group, lanes.index(v), pair, lanes.index(0)});
      Value bits = arith::ShRUIOp::create(builder, loc, toDwords(lanes, pairs), shift);
      bits = arith::TruncIOp::create(builder, loc, narrow, bits);
      seen.push_back(lanes.toCompute(arith::BitcastOp::create(builder, loc, lanes.vectorOf(element.type), bits)));
    }
    lanes.loop(lanes.index(0), lanes.index(valueDim), 1, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
      DomainPosition position = {Value(), key, Value(), d};
      Value value = lanes.loadScalar(op.getValue(), operandIndices(lanes, map, position));
      Value difference = arith::SubFOp::create(builder, loc, value, value);
      Value bad = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, difference, difference);
      lanes.when(bad, [&] {
        for (int64_t v = 0; v != panelTiles; ++v) {
          SmallVector<Value> at = {d, column(panel, v).front()};
          Value old = lanes.load(accumulator, at);
          Value isSeen = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, seen[v], splat(0.0));
          Value added = lanes.fma(seen[v], lanes.broadcast(value), old);
          lanes.store(arith::SelectOp::create(builder, loc, isSeen, added, old), accumulator, at);
        }
      });
      return {};
    });
  };
  lanes.loop(from, to, 1, {}, [&](Value group, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> indices(values.position);
    Value inOp = lanes.add(block, group);
    indices.back() = lanes.add(indices.back(), inOp);
    Value firstKey = arith::MulIOp::create(builder, loc, inOp, lanes.index(tileDepth));
    lanes.when(memref::LoadOp::create(builder, loc, values.notFinite, indices), [&] {
      Value count = arith::MinSIOp::create(builder, loc, lanes.sub(numKeys, firstKey), lanes.index(tileDepth));
      lanes.loop(lanes.index(0), count, 1, {}, [&](Value inGroup, ValueRange) -> SmallVector<Value> {
        addKey(group, inGroup, lanes.add(firstKey, inGroup));
        return {};
      });
    });
    return {};
  });
}

/// O^T += V^T P^T for the groups of 32 keys [from, to) of the block.
void MatrixTileLowering::valuePass(Value panel, Value block, Value from, Value to) {
  if (values.notFinite)
    addNotFinite(panel, block, from, to);
  int64_t main = valueDim / groupHeight * groupHeight;
  int64_t whole = valueDim / unit.rowGranule() * unit.rowGranule();
  if (main > 0)
    lanes.loop(lanes.index(0), lanes.index(main), groupHeight, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
      valueBlock(accumulator, d, panel, d, groupHeight, block, from, to);
      return {};
    });
  if (whole != main)
    valueBlock(accumulator, lanes.index(main), panel, lanes.index(main), whole - main, block, from, to);
  if (whole == valueDim)
    return;
  // The accumulator has no rows for the rest of a granule.
  auto copyRows = [&](bool back) {
    lanes.loop(lanes.index(0), lanes.index(valueDim - whole), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      for (int64_t v = 0; v != panelTiles; ++v) {
        SmallVector<Value> inTail = {row, lanes.index(v * tileRows)};
        SmallVector<Value> inAccumulator = {lanes.add(row, whole), column(panel, v).front()};
        if (back)
          lanes.store(lanes.load(valueTail, inTail), accumulator, inAccumulator);
        else
          lanes.store(lanes.load(accumulator, inAccumulator), valueTail, inTail);
      }
      return {};
    });
  };
  copyRows(/*back=*/false);
  valueBlock(valueTail, lanes.index(0), lanes.index(0), lanes.index(whole), tileRows, block, from, to);
  copyRows(/*back=*/true);
}
