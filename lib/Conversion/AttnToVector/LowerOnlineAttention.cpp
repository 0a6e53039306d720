//===- LowerOnlineAttention.cpp - the fused tile on the CPU ---------------===//
//
// A tile in the packed form (queries along the lanes) is computed panel by panel of a few vectors of queries, and the
// keys chunk by chunk, so that a chunk's scores stay in the first-level cache:
//
//   for chunk of keys
//     for panel of queries
//       S[n][m] = sum_k K[n][k] * Q^T[k][m]                      register blocks of 6 keys, the running maximum fused
//       S[n][m] = score(S[n][m]) or -inf                         only with a score region or in a partial block
//       m' = max(m, max_n S), a = base^(m - m')                  once per chunk, not per key
//       P[n][m] = base^(S[n][m] - m'), l = l * a + sum_n P
//       O^T[d][m] = O^T[d][m] * a + sum_n V[n][d] * P[n][m]      register blocks of 6 value dims, the rescale fused
//
// Everything along m is vertical; K and V are read as scalars that are broadcast, in their natural layout. Narrow
// element types are widened chunk by chunk into a scratch buffer first.
//
//===----------------------------------------------------------------------===//

#include "FlatBuffer.h"
#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RowLoops.h"
#include "ScoreRegions.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

namespace {

/// Keys whose scores are held at a time, at most: attn-select-schedule chooses how many a step has.
constexpr int64_t keysPerChunk = 128;

class TileLowering {
public:
  TileLowering(OpBuilder &builder, OnlineAttentionOp op, VectorUnit unit)
      : builder(builder), op(op), unit(unit),
        lanes(builder, op.getLoc(), op.getComputeType(), unit.lanes(op.getComputeType())) {}
  LogicalResult run();

private:
  struct Panel {
    Value begin;     ///< first query
    int64_t vectors; ///< of queries
  };

  /// K or V, wherever they lie, or their widened copy.
  struct Matrix {
    Value buffer;
    AffineMap map;
    unsigned columnDim; ///< of the domain
    Value firstKey;     ///< of the chunk
  };

  LogicalResult checkForm();
  void report();
  void lowerPanel(Panel panel, Value chunkBegin, Value numKeys, const Matrix &key, const Matrix &value);
  SmallVector<Value> dotPass(Panel panel, Value numKeys, const Matrix &key);
  SmallVector<Value> dotBlock(Panel panel, Value n, int64_t rows, const Matrix &key, ValueRange maxima);
  SmallVector<Value> scorePass(Panel panel, Value chunkBegin, Value numKeys, const Matrix &key);
  void valuePass(Panel panel, Value numKeys, const Matrix &value, ArrayRef<Value> alpha, bool guard);
  void valueBlock(Panel panel, Value d, int64_t rows, Value numKeys, const Matrix &value, ArrayRef<Value> alpha,
                  bool guard);
  Value makeWide(int64_t columns, Value dim);
  Matrix widenChunk(const Matrix &source, Value numKeys, Value columns, Value scratch);
  SmallVector<Value> elementIndices(const Matrix &matrix, Value n, Value column);
  unsigned columnPosition(const Matrix &matrix);
  /// Element of key `n` of the chunk in the compute type.
  Value loadElement(const Matrix &matrix, Value n, Value column);
  Value positionOf(Panel panel, int64_t vector) { return lanes.add(panel.begin, vector * lanes.lanes); }
  /// Runs `body(begin, rows)` over [0, end) in blocks of blockRows and what is left in smaller ones, carrying values.
  SmallVector<Value> inBlocks(Value end, ValueRange init,
                              function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body);

  OpBuilder &builder;
  OnlineAttentionOp op;
  VectorUnit unit;
  LaneBuilder lanes;
  Value query, accumulator, maximum, sum;
  AffineMap keyMap, valueMap;
  Value headDim, valueDim;
  Value scores;               ///< scratch [keysPerChunk][panel]
  Value wideKeys, wideValues; ///< scratch for narrow types, or null
  SmallVector<Value> at;
  int64_t numQueries = 0;
};

} // namespace

LogicalResult TileLowering::checkForm() {
  SmallVector<AffineMap> maps = cast<StructuredOpInterface>(op.getOperation()).getMappedOperandMaps();
  MLIRContext *context = op.getContext();
  auto isMap = [&](AffineMap map, ArrayRef<unsigned> dims) {
    return map.getNumDims() == 4 && llvm::equal(map.getResults(), dims, [&](AffineExpr expr, unsigned d) {
             return expr == getAffineDimExpr(d, context);
           });
  };
  size_t outputs = maps.size() - 3;
  bool packed = isMap(maps[0], {2, 0}) && isMap(maps[outputs], {3, 0}) && isMap(maps[outputs + 1], {0}) &&
                isMap(maps[outputs + 2], {0});
  auto queryType = cast<MemRefType>(op.getQuery().getType());
  if (!packed || queryType.isDynamicDim(1) || queryType.getDimSize(1) % lanes.lanes != 0)
    return op.emitOpError(
        "is not in the form with queries along the lanes; run attn-pack-queries before bufferization");
  if (!op.getScale() || !op.getScale()->isExactlyValue(1.0))
    return op.emitOpError("has a scale that is not folded into the packed query; run attn-pack-queries");
  for (Value operand : {op.getQuery(), op.getOutputs()[0], op.getOutputs()[1], op.getOutputs()[2]})
    if (!cast<MemRefType>(operand.getType()).isLastDimUnitStride())
      return op.emitOpError() << "needs unit stride along the queries, got " << operand.getType();
  numQueries = queryType.getDimSize(1);
  return success();
}

LogicalResult TileLowering::run() {
  if (failed(checkForm()))
    return failure();
  report();
  lanes.maxKeepsNaN = mayReturn(op, &FinalizeOp::getReturnMax);
  Location loc = op.getLoc();
  SmallVector<AffineMap> maps = cast<StructuredOpInterface>(op.getOperation()).getMappedOperandMaps();
  query = op.getQuery();
  accumulator = op.getOutputs()[0], maximum = op.getOutputs()[1], sum = op.getOutputs()[2];
  keyMap = maps[1], valueMap = maps[2];
  headDim = builder.createOrFold<memref::DimOp>(loc, query, 0);
  valueDim = builder.createOrFold<memref::DimOp>(loc, accumulator, 0);
  for (OpFoldResult offset : op.getMixedOffsets())
    at.push_back(getValueOrCreateConstantIndexOp(builder, loc, offset));
  if (at.empty())
    at.assign(4, lanes.index(0));
  int64_t panelWidth = std::min(unit.panelVectors() * lanes.lanes, numQueries);
  scores = makeScratch(builder, loc, {keysPerChunk, panelWidth}, lanes.type);

  if (getElementTypeOrSelf(op.getKey().getType()) != lanes.type) {
    wideKeys = makeWide(cast<MemRefType>(query.getType()).getDimSize(0), headDim);
    wideValues = makeWide(cast<MemRefType>(accumulator.getType()).getDimSize(0), valueDim);
  }
  Value numKeys;
  for (auto [i, expr] : llvm::enumerate(keyMap.getResults()))
    if (expr == getAffineDimExpr(1, op.getContext()))
      numKeys = builder.createOrFold<memref::DimOp>(loc, op.getKey(), i);
  lanes.loop(lanes.index(0), numKeys, keysPerChunk, {}, [&](Value begin, ValueRange) -> SmallVector<Value> {
    std::optional<int64_t> known = getConstantIntValue(numKeys);
    Value count = known && *known <= keysPerChunk
                      ? numKeys
                      : arith::MinSIOp::create(builder, loc, lanes.sub(numKeys, begin), lanes.index(keysPerChunk));
    Matrix key{op.getKey(), keyMap, 2, begin}, value{op.getValue(), valueMap, 3, begin};
    if (wideKeys) {
      key = widenChunk(key, count, headDim, wideKeys);
      value = widenChunk(value, count, valueDim, wideValues);
    }
    int64_t full = numQueries / (unit.panelVectors() * lanes.lanes);
    int64_t width = unit.panelVectors() * lanes.lanes;
    if (full > 0)
      lanes.loop(lanes.index(0), lanes.index(full * width), width, {}, [&](Value m, ValueRange) -> SmallVector<Value> {
        lowerPanel({m, unit.panelVectors()}, begin, count, key, value);
        return {};
      });
    if (int64_t rest = numQueries - full * width)
      lowerPanel({lanes.index(full * width), rest / lanes.lanes}, begin, count, key, value);
    return {};
  });
  return success();
}

/// Room for a chunk of keys in the compute type: on the stack where its size is known, else on the heap, which buffer
/// deallocation frees.
Value TileLowering::makeWide(int64_t columns, Value dim) {
  if (!ShapedType::isDynamic(columns))
    return makeScratch(builder, op.getLoc(), {keysPerChunk, columns}, lanes.type);
  return memref::AllocOp::create(builder, lanes.loc, MemRefType::get({keysPerChunk, columns}, lanes.type), dim);
}

SmallVector<Value> TileLowering::elementIndices(const Matrix &matrix, Value n, Value column) {
  DomainPosition position(4);
  position[1] = lanes.add(matrix.firstKey, n);
  position[matrix.columnDim] = column;
  return operandIndices(lanes, matrix.map, position);
}

Value TileLowering::loadElement(const Matrix &matrix, Value n, Value column) {
  return lanes.loadScalar(matrix.buffer, elementIndices(matrix, n, column));
}

unsigned TileLowering::columnPosition(const Matrix &matrix) {
  AffineExpr column = getAffineDimExpr(matrix.columnDim, op.getContext());
  return std::distance(matrix.map.getResults().begin(), llvm::find(matrix.map.getResults(), column));
}

TileLowering::Matrix TileLowering::widenChunk(const Matrix &source, Value numKeys, Value columns, Value scratch) {
  Value zero = lanes.index(0), width = lanes.index(lanes.lanes);
  // Vectors, where a row has unit stride and fills one; the last one overlaps the one before rather than the end.
  FlatBuffer flat = FlatBuffer::of(lanes, source.buffer);
  Value isWide = builder.createOrFold<arith::CmpIOp>(lanes.loc, arith::CmpIPredicate::sge, columns, width);
  Value isUnit = isUnitStride(lanes, flat.strides[columnPosition(source)]);
  auto rows = [&](function_ref<void(Value)> body) {
    lanes.loop(zero, numKeys, 1, {}, [&](Value n, ValueRange) -> SmallVector<Value> {
      body(n);
      return {};
    });
  };
  auto vectors = [&] {
    rows([&](Value n) {
      Value begin = flat.position(lanes, elementIndices(source, n, zero));
      lanes.loop(zero, columns, lanes.lanes, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
        k = arith::MinSIOp::create(builder, lanes.loc, k, lanes.sub(columns, width));
        Value narrow = lanes.load(flat.elements, {lanes.add(begin, k)});
        lanes.store(lanes.toCompute(narrow), scratch, {n, k});
        return {};
      });
    });
  };
  auto elements = [&] {
    rows([&](Value n) {
      lanes.loop(zero, columns, 1, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
        memref::StoreOp::create(builder, lanes.loc, loadElement(source, n, k), scratch, ValueRange{n, k});
        return {};
      });
    });
  };
  lanes.either(builder.createOrFold<arith::AndIOp>(lanes.loc, isWide, isUnit), vectors, elements);
  MLIRContext *context = op.getContext();
  AffineMap map =
      AffineMap::get(4, 0, {getAffineDimExpr(1, context), getAffineDimExpr(source.columnDim, context)}, context);
  return {scratch, map, source.columnDim, zero};
}

SmallVector<Value> TileLowering::inBlocks(Value end, ValueRange init,
                                          function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body) {
  // A row of its own has too few independent accumulations to fill the multipliers' latency, so what is left of an end
  // that is known is one block, and 4, 2 and 1 rows otherwise.
  SmallVector<int64_t> sizes = {unit.blockRows(), 4, 2, 1};
  if (std::optional<int64_t> known = getConstantIntValue(end)) {
    int64_t rest = *known % unit.blockRows();
    sizes.assign(*known >= unit.blockRows() ? 1 : 0, unit.blockRows());
    if (rest != 0)
      sizes.push_back(rest);
  }
  Value begin = lanes.index(0);
  SmallVector<Value> carried(init);
  for (int64_t rows : sizes) {
    Value rest = builder.createOrFold<arith::RemUIOp>(lanes.loc, lanes.sub(end, begin), lanes.index(rows));
    Value stop = lanes.sub(end, rest);
    carried = lanes.loop(begin, stop, rows, carried, [&](Value n, ValueRange values) { return body(n, rows, values); });
    begin = stop;
  }
  return carried;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// Dot products of `rows` keys from `n` on with one panel; returns the maxima with them.
SmallVector<Value> TileLowering::dotBlock(Panel panel, Value n, int64_t rows, const Matrix &key, ValueRange maxima) {
  SmallVector<Value> zeros(rows * panel.vectors, lanes.splat(0.0));
  SmallVector<Value> products = lanes.loop(lanes.index(0), headDim, 1, zeros, [&](Value k, ValueRange sums) {
    SmallVector<Value> queries, next;
    for (int64_t v = 0; v != panel.vectors; ++v)
      queries.push_back(lanes.load(query, {k, positionOf(panel, v)}));
    for (int64_t r = 0; r != rows; ++r) {
      Value element = lanes.broadcast(loadElement(key, lanes.add(n, r), k));
      for (int64_t v = 0; v != panel.vectors; ++v)
        next.push_back(lanes.fma(element, queries[v], sums[r * panel.vectors + v]));
    }
    return next;
  });
  SmallVector<Value> next(maxima);
  for (int64_t r = 0; r != rows; ++r)
    for (int64_t v = 0; v != panel.vectors; ++v) {
      Value score = products[r * panel.vectors + v];
      lanes.store(score, scores, {lanes.add(n, r), lanes.index(v * lanes.lanes)});
      next[v] = lanes.max(next[v], score);
    }
  return next;
}

/// Fills the scratch with the chunk's dot products and returns their maximum per query.
SmallVector<Value> TileLowering::dotPass(Panel panel, Value numKeys, const Matrix &key) {
  SmallVector<Value> init(panel.vectors, lanes.negInf());
  return inBlocks(numKeys, init,
                  [&](Value n, int64_t rows, ValueRange maxima) { return dotBlock(panel, n, rows, key, maxima); });
}

/// The chunk's scores in the scratch; returns their maximum per query.
SmallVector<Value> TileLowering::scorePass(Panel panel, Value chunkBegin, Value numKeys, const Matrix &key) {
  SmallVector<Value> dotMax = dotPass(panel, numKeys, key);
  ScoreBlock block{scores, panel.begin, panel.vectors, chunkBegin, numKeys};
  return ScoreRegions(lanes, op, at).run(block, [&] { return dotMax; });
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// O^T of `rows` value dims from `d` on, rescaled by `alpha` unless that is empty. With `guard`, a key that the mask
/// removed adds nothing even if its value is not finite (S8).
void TileLowering::valueBlock(Panel panel, Value d, int64_t rows, Value numKeys, const Matrix &value,
                              ArrayRef<Value> alpha, bool guard) {
  SmallVector<Value> init;
  for (int64_t r = 0; r != rows; ++r)
    for (int64_t v = 0; v != panel.vectors; ++v) {
      init.push_back(lanes.load(accumulator, {lanes.add(d, r), positionOf(panel, v)}));
      if (!alpha.empty())
        init.back() = lanes.mul(init.back(), alpha[v]);
    }
  SmallVector<Value> sums = lanes.loop(lanes.index(0), numKeys, 1, init, [&](Value n, ValueRange carried) {
    SmallVector<Value> weights, present, next;
    for (int64_t v = 0; v != panel.vectors; ++v) {
      weights.push_back(lanes.load(scores, {n, lanes.index(v * lanes.lanes)}));
      if (guard)
        present.push_back(
            arith::CmpFOp::create(builder, lanes.loc, arith::CmpFPredicate::UNE, weights.back(), lanes.splat(0.0)));
    }
    for (int64_t r = 0; r != rows; ++r) {
      Value element = lanes.broadcast(loadElement(value, n, lanes.add(d, r)));
      for (int64_t v = 0; v != panel.vectors; ++v) {
        Value old = carried[r * panel.vectors + v];
        Value added = lanes.fma(element, weights[v], old);
        next.push_back(guard ? Value(arith::SelectOp::create(builder, lanes.loc, present[v], added, old)) : added);
      }
    }
    return next;
  });
  for (int64_t r = 0; r != rows; ++r)
    for (int64_t v = 0; v != panel.vectors; ++v)
      lanes.store(sums[r * panel.vectors + v], accumulator, {lanes.add(d, r), positionOf(panel, v)});
}

void TileLowering::valuePass(Panel panel, Value numKeys, const Matrix &value, ArrayRef<Value> alpha, bool guard) {
  inBlocks(valueDim, {}, [&](Value d, int64_t rows, ValueRange) -> SmallVector<Value> {
    valueBlock(panel, d, rows, numKeys, value, alpha, guard);
    return {};
  });
}

//===----------------------------------------------------------------------===//
// One panel
//===----------------------------------------------------------------------===//

void TileLowering::lowerPanel(Panel panel, Value chunkBegin, Value numKeys, const Matrix &key, const Matrix &value) {
  Location loc = lanes.loc;
  bool hasMask = cast<ScoreOpInterface>(op.getOperation()).hasMask();
  bool baseTwo = op.getBase() == ExpBase::Two;
  Value partial = op.getPartial();

  SmallVector<Value> chunkMax = scorePass(panel, chunkBegin, numKeys, key);
  // Nothing is rescaled, and alpha stays empty, where the maximum is fixed.
  SmallVector<Value> references, alpha, zeros(panel.vectors, lanes.splat(0.0));
  for (int64_t v = 0; v != panel.vectors; ++v) {
    Value old = lanes.load(maximum, {positionOf(panel, v)});
    if (op.getFixedMax()) {
      references.push_back(lanes.guarded(old));
      continue;
    }
    Value next = lanes.max(old, chunkMax[v]);
    lanes.store(next, maximum, {positionOf(panel, v)});
    references.push_back(lanes.guarded(next));
    Value difference = arith::SubFOp::create(builder, loc, old, references[v]);
    alpha.push_back(lanes.weight(difference, baseTwo));
  }
  SmallVector<Value> sums = lanes.loop(lanes.index(0), numKeys, 1, zeros, [&](Value n, ValueRange carried) {
    SmallVector<Value> next;
    for (int64_t v = 0; v != panel.vectors; ++v) {
      Value score = lanes.load(scores, {n, lanes.index(v * lanes.lanes)});
      Value difference = arith::SubFOp::create(builder, loc, score, references[v]);
      Value weight = lanes.weight(difference, baseTwo);
      lanes.store(weight, scores, {n, lanes.index(v * lanes.lanes)});
      next.push_back(arith::AddFOp::create(builder, loc, carried[v], weight));
    }
    return next;
  });
  for (int64_t v = 0; v != panel.vectors; ++v) {
    Value old = lanes.load(sum, {positionOf(panel, v)});
    Value total =
        alpha.empty() ? Value(arith::AddFOp::create(builder, loc, old, sums[v])) : lanes.fma(old, alpha[v], sums[v]);
    lanes.store(total, sum, {positionOf(panel, v)});
  }
  auto multiply = [&](bool guard) { valuePass(panel, numKeys, value, alpha, guard); };
  if (!hasMask || !partial)
    return multiply(hasMask);
  lanes.either(partial, [&] { multiply(true); }, [&] { multiply(false); });
}

/// What the form of the code is, for readers of remarks.
void TileLowering::report() {
  Location loc = op.getLoc();
  remark::passed(loc, remark::RemarkOpts::name("VectorTile").category("attn-to-vector"))
      << remark::metric("lanes", lanes.lanes)
      << remark::metric("panel_vectors", std::min(unit.panelVectors(), numQueries / lanes.lanes))
      << remark::metric("block_rows", unit.blockRows()) << remark::metric("chunk_keys", keysPerChunk);
  if (cast<ScoreOpInterface>(op.getOperation()).hasMask() && !op.getPartial())
    remark::missed(loc, remark::RemarkOpts::name("MaskInPartialBlocks").category("attn-to-vector"))
        << remark::reason("the mask is evaluated for every key: no operand says which blocks are partial");
}

LogicalResult fovea::lowerOnlineAttention(OpBuilder &builder, OnlineAttentionOp op, VectorUnit unit) {
  return TileLowering(builder, op, unit).run();
}
