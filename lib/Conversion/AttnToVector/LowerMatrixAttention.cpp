//===- LowerMatrixAttention.cpp - the fused tile on a matrix unit (AMX) ---===//
//
// The unit multiplies 16-bit operands; everything between its products is the vector code of the other form, with the
// queries along the lanes. A panel is 32 queries, two tiles wide:
//
//   for block of 256 keys
//     for panel of queries
//       for chunk of 64 keys                                        whose scores stay in the first-level cache
//         S[n][m] = K Q^T                                           2 x 2 tiles
//         S = score(S) or -inf                                      only where there are regions to evaluate
//         if max_n S exceeds m by more than the lag for some query:
//           O^T += V^T P^T for the keys so far, then rescale O^T and l, and m = max(m, max_n S)
//         P^T[n / 2][m][2] = base^(S - m), l += sum_n P             pairs of keys, in 16 bits
//       O^T += V^T P^T                                              2 x 2 tiles, for all keys of the block
//
// The scale is not folded into the query, which would be rounded for it, but into the subtraction of the maximum, where
// it costs nothing. Operands are packed as MatrixOperands.h says.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "MatrixOperands.h"
#include "RowLoops.h"
#include "ScoreRegions.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

namespace {

constexpr int64_t keysPerBlock = 256; ///< between products with V
constexpr int64_t keysPerChunk = 64;
constexpr int64_t panelTiles = 2;                      ///< of queries
constexpr int64_t panelWidth = panelTiles * tileRows;  ///< queries
constexpr int64_t groupTiles = 2;                      ///< of keys or value dims beside each other in registers
constexpr int64_t groupHeight = groupTiles * tileRows; ///< keys or value dims

class MatrixTileLowering {
public:
  MatrixTileLowering(OpBuilder &builder, OnlineAttentionOp op, TileElement element)
      : builder(builder), loc(op.getLoc()), op(op), element(element),
        lanes(builder, loc, Float32Type::get(op.getContext()), tileRows) {}
  LogicalResult run();

private:
  LogicalResult checkForm();
  void lowerBlock(Value begin, Value count);
  void lowerChunk(Value panel, Value blockBegin, Value blockCount, Value chunk);
  void copyTail(Value begin, Value count);
  void dotBlock(Value panel, Value keyBegin, Value blockCount, Value chunk, Value rows);
  SmallVector<Value> maxPass(Value rows);
  Value raiseMaximum(Value panel, ArrayRef<Value> chunkMax, Value block, Value done, Value upTo);
  void weightPass(Value panel, Value chunk, Value rows);
  void storeWeights(ArrayRef<Value> weights, Value group, Value pair, int64_t vector);
  void valuePass(Value panel, Value block, Value from, Value to);
  void addNotFinite(Value panel, Value block, Value from, Value to);
  void valueBlock(Value target, Value row, Value column, Value d, int64_t tiles, Value block, Value from, Value to);
  using LoadTiles = function_ref<SmallVector<Value>(int64_t part)>;
  SmallVector<Value> multiply(LoadTiles a, LoadTiles b, ValueRange sums, bool exact);

  Value splat(double value) { return lanes.splat(value); }
  Value roundUp(Value count, int64_t multiple) {
    Value blocks = arith::CeilDivUIOp::create(builder, loc, count, lanes.index(multiple));
    return arith::MulIOp::create(builder, loc, blocks, lanes.index(multiple));
  }
  Value divide(Value value, int64_t by) { return arith::DivUIOp::create(builder, loc, value, lanes.index(by)); }
  Value load(Type type, Value buffer, ValueRange indices, Value stride = {}) {
    return amx::TileLoadOp::create(builder, loc, type, buffer, indices, stride);
  }
  SmallVector<Value> column(Value panel, int64_t vector) { return {lanes.add(panel, vector * tileRows)}; }

  OpBuilder &builder;
  Location loc;
  OnlineAttentionOp op;
  TileElement element;
  LaneBuilder lanes;
  amx::TileType operandTile, resultTile;
  KeyRows keys;
  QueryTiles queries;
  ValueTiles values;
  Value accumulator, maximum, sum, numKeys;
  SmallVector<Value> at;
  Value scores;                ///< scratch [keysPerChunk][panelWidth]
  SmallVector<Value> weights;  ///< scratch, each part [keysPerBlock / 32][panelTiles][16 pairs][32]
  SmallVector<Value> tailKeys; ///< scratch, each part [32 keys][width]
  Value valueTail;             ///< scratch [16][panelWidth] for value dims that fill no tile, or null
  int64_t numQueries = 0, headDim = 0, valueDim = 0, steps = 0;
  double lag = 0;                    ///< of the maximum, in the state's base
  Value scale;                       ///< that the regions apply to the score, a scalar, or null
  std::optional<double> foldedScale; ///< that the subtraction of the maximum applies
};

} // namespace

LogicalResult MatrixTileLowering::checkForm() {
  SmallVector<AffineMap> maps = cast<StructuredOpInterface>(op.getOperation()).getMappedOperandMaps();
  auto accumulatorType = cast<MemRefType>(op.getOutputs()[0].getType());
  for (Value output : op.getOutputs())
    if (!cast<MemRefType>(output.getType()).isLastDimUnitStride())
      return op.emitOpError() << "needs unit stride along the queries, got " << output.getType();
  auto extent = [&](Value operand, AffineMap map, unsigned dim) {
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == getAffineDimExpr(dim, op.getContext()))
        return cast<MemRefType>(operand.getType()).getDimSize(i);
    return ShapedType::kDynamic;
  };
  numQueries = accumulatorType.getDimSize(1);
  headDim = extent(op.getKey(), maps[1], 2);
  valueDim = extent(op.getValue(), maps[2], 3);
  if (ShapedType::isDynamic(headDim) || ShapedType::isDynamic(valueDim) || ShapedType::isDynamic(numQueries) ||
      numQueries % panelWidth != 0)
    return op.emitOpError() << "needs static head dims and queries by " << panelWidth << " for a matrix unit";
  return success();
}

LogicalResult MatrixTileLowering::run() {
  if (failed(checkForm()))
    return failure();
  if (headDim == 0 || valueDim == 0)
    return op.emitOpError("has no head dims");
  operandTile = amx::TileType::get({tileRows, tileDepth}, element.type);
  resultTile = amx::TileType::get({tileRows, tileRows}, lanes.type);
  accumulator = op.getOutputs()[0], maximum = op.getOutputs()[1], sum = op.getOutputs()[2];
  steps = llvm::divideCeil(headDim, tileDepth);
  for (OpFoldResult offset : op.getMixedOffsets())
    at.push_back(getValueOrCreateConstantIndexOp(builder, loc, offset));
  if (at.empty())
    at.assign(4, lanes.index(0));
  if (auto config = op->getAttrOfType<ConfigAttr>(AttnDialect::getConfigAttrName()))
    lag = config.getRescaleLog2() * (op.getBase() == ExpBase::Two ? 1.0 : llvm::numbers::ln2);

  std::optional<double> known = getStaticScale(op);
  if (known && *known > 0 && !cast<ScoreOpInterface>(op.getOperation()).hasScore())
    foldedScale = float(*known);
  else
    scale = materializeScale(builder, op);

  MatrixOperands operands(lanes, op, element);
  keys = operands.packKeys();
  queries = operands.packQueries(numQueries);
  values = operands.packValues();
  scores = makeScratch(builder, loc, {keysPerChunk, panelWidth}, lanes.type);
  for (int64_t part = 0; part != element.parts; ++part) {
    weights.push_back(
        makeScratch(builder, loc, {keysPerBlock / tileDepth, panelTiles, tileRows, tileDepth}, element.type));
    tailKeys.push_back(makeScratch(builder, loc, {groupHeight * steps * tileDepth}, element.type));
  }
  if (valueDim % tileRows != 0)
    valueTail = makeScratch(builder, loc, {tileRows, panelWidth}, lanes.type);

  AffineMap keyMap = cast<StructuredOpInterface>(op.getOperation()).getMapOf(op.getKeyMutable());
  for (auto [i, expr] : llvm::enumerate(keyMap.getResults()))
    if (expr == getAffineDimExpr(1, op.getContext()))
      numKeys = memref::DimOp::create(builder, loc, op.getKey(), i);
  lanes.loop(lanes.index(0), numKeys, keysPerBlock, {}, [&](Value begin, ValueRange) -> SmallVector<Value> {
    Value rest = lanes.sub(numKeys, begin);
    lowerBlock(begin, arith::MinSIOp::create(builder, loc, rest, lanes.index(keysPerBlock)));
    return {};
  });
  return success();
}

/// Keys that do not fill a group of tiles are copied, and the rest of the group is zero.
void MatrixTileLowering::copyTail(Value begin, Value count) {
  Value tail = arith::RemUIOp::create(builder, loc, count, lanes.index(groupHeight));
  Value isTail = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, tail, lanes.index(0));
  auto branch = scf::IfOp::create(builder, loc, isTail, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  Value first = lanes.add(begin, lanes.sub(count, tail));
  int64_t width = steps * tileDepth;
  auto type = VectorType::get({tileDepth}, element.type);
  auto forRows = [&](Value from, Value to, bool isKey) {
    lanes.loop(from, to, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      Value source = lanes.add(keys.begin, arith::MulIOp::create(builder, loc, lanes.add(first, row), keys.stride));
      Value target = arith::MulIOp::create(builder, loc, row, lanes.index(width));
      for (auto [from, to] : llvm::zip_equal(keys.parts, tailKeys))
        for (int64_t k = 0; k != width; k += tileDepth) {
          Value vector = isKey
                             ? Value(vector::LoadOp::create(builder, loc, type, from, ValueRange{lanes.add(source, k)}))
                             : Value(arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
          vector::StoreOp::create(builder, loc, vector, to, ValueRange{lanes.add(target, k)});
        }
      return {};
    });
  };
  forRows(lanes.index(0), tail, true);
  forRows(tail, lanes.index(groupHeight), false);
}

void MatrixTileLowering::lowerBlock(Value begin, Value count) {
  copyTail(begin, count);
  Value block = divide(begin, tileDepth), numGroups = divide(roundUp(count, groupHeight), tileDepth);
  lanes.loop(
      lanes.index(0), lanes.index(numQueries), panelWidth, {}, [&](Value panel, ValueRange) -> SmallVector<Value> {
        SmallVector<Value> done =
            lanes.loop(lanes.index(0), count, keysPerChunk, {lanes.index(0)},
                       [&](Value chunk, ValueRange done) -> SmallVector<Value> {
                         Value keyBegin = lanes.add(begin, chunk), upTo = divide(chunk, tileDepth);
                         Value rest = lanes.sub(count, chunk);
                         Value numRows = arith::MinSIOp::create(builder, loc, rest, lanes.index(keysPerChunk));
                         Value rows = roundUp(numRows, groupHeight);
                         dotBlock(panel, keyBegin, count, chunk, rows);
                         lanes.loop(numRows, rows, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
                           for (int64_t v = 0; v != panelTiles; ++v)
                             lanes.store(lanes.negInf(), scores, {row, lanes.index(v * tileRows)});
                           return {};
                         });
                         ScoreBlock scoreBlock{scores, panel, panelTiles, keyBegin, numRows, scale};
                         SmallVector<Value> chunkMax =
                             ScoreRegions(lanes, op, at).run(scoreBlock, [&] { return maxPass(rows); });
                         if (foldedScale)
                           for (Value &max : chunkMax)
                             max = lanes.mul(max, splat(*foldedScale));
                         Value next = op.getFixedMax() ? done[0] : raiseMaximum(panel, chunkMax, block, done[0], upTo);
                         weightPass(panel, upTo, rows);
                         return {next};
                       });
        valuePass(panel, block, done[0], numGroups);
        return {};
      });
}

/// The sums of products of tiles. Of two parts each, the product of the second ones is 2^-14 of the whole at most,
/// which is nothing beside the rounding of a 16-bit result, but shows in an LSE in f32: it is left out unless `exact`.
/// Four sums leave four of the eight tiles, so parts follow each other such that one side stays.
SmallVector<Value> MatrixTileLowering::multiply(LoadTiles a, LoadTiles b, ValueRange sums, bool exact) {
  using Pair = std::pair<int64_t, int64_t>;
  SmallVector<Pair> pairs = element.parts == 1 ? SmallVector<Pair>{{0, 0}} : SmallVector<Pair>{{0, 1}, {0, 0}, {1, 0}};
  if (exact && element.parts == 2)
    pairs.push_back({1, 1});
  SmallVector<Value> next(sums), left, right;
  Pair loaded = {-1, -1};
  for (auto [i, j] : pairs) {
    if (i != loaded.first)
      left = a(i);
    if (j != loaded.second)
      right = b(j);
    loaded = {i, j};
    for (auto [row, x] : llvm::enumerate(left))
      for (auto [column, y] : llvm::enumerate(right)) {
        Value &total = next[row * right.size() + column];
        total = amx::TileMulFOp::create(builder, loc, resultTile, x, y, total);
      }
  }
  return next;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

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

    auto step = [&](Value k, ValueRange sums) {
      Value column = arith::MulIOp::create(builder, loc, k, lanes.index(tileDepth));
      auto keyTiles = [&](int64_t part) {
        SmallVector<Value> tiles;
        for (int64_t i = 0; i != groupTiles; ++i) {
          Value offset = arith::MulIOp::create(builder, loc, stride, lanes.index(i * tileRows));
          tiles.push_back(load(operandTile, buffers[part], {lanes.add(lanes.add(begin, offset), column)}, stride));
        }
        return tiles;
      };
      auto queryTiles = [&](int64_t part) {
        SmallVector<Value> tiles;
        for (int64_t j = 0; j != panelTiles; ++j)
          tiles.push_back(
              load(operandTile, queries.parts[part], {lanes.add(firstTile, j), k, lanes.index(0), lanes.index(0)}));
        return tiles;
      };
      return multiply(keyTiles, queryTiles, sums, /*exact=*/true);
    };
    SmallVector<Value> sums;
    for (int64_t i = 0; i != groupTiles * panelTiles; ++i)
      sums.push_back(amx::TileZeroOp::create(builder, loc, resultTile));
    constexpr int64_t maxUnrolled = 4;
    if (steps <= maxUnrolled)
      for (int64_t k = 0; k != steps; ++k)
        sums = step(lanes.index(k), sums);
    else
      sums = lanes.loop(lanes.index(0), lanes.index(steps), 1, sums, step);
    for (int64_t i = 0; i != groupTiles; ++i)
      for (int64_t j = 0; j != panelTiles; ++j)
        amx::TileStoreOp::create(builder, loc, scores,
                                 ValueRange{lanes.add(row, i * tileRows), lanes.index(j * tileRows)},
                                 sums[i * panelTiles + j]);
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
    Value exceeds = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, chunkMax[v], bound);
    any = any ? Value(arith::OrIOp::create(builder, loc, any, exceeds)) : exceeds;
  }
  Value raise = vector::ReductionOp::create(builder, loc, vector::CombiningKind::OR, any);
  auto branch = scf::IfOp::create(builder, loc, TypeRange(done.getType()), raise, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, done);
  builder.setInsertionPointToStart(branch.thenBlock());
  Value areLeft = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, done, upTo);
  auto left = scf::IfOp::create(builder, loc, areLeft, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(left.thenBlock());
  valuePass(panel, block, done, upTo);
  builder.setInsertionPointAfter(left);
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
  scf::YieldOp::create(builder, loc, upTo);
  return branch.getResult(0);
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
                both.push_back(lanes.exponential(difference, baseTwo, /*approximate=*/true));
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

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// Adds the products of `tiles` tiles of value dims from `d` on to `target`, which holds them from (row, column) on.
void MatrixTileLowering::valueBlock(Value target, Value row, Value column, Value d, int64_t tiles, Value block,
                                    Value from, Value to) {
  SmallVector<Value> init;
  auto position = [&](int64_t i, int64_t j) {
    return SmallVector<Value>{lanes.add(row, i * tileRows), lanes.add(column, j * tileRows)};
  };
  for (int64_t i = 0; i != tiles; ++i)
    for (int64_t j = 0; j != panelTiles; ++j)
      init.push_back(load(resultTile, target, position(i, j)));
  SmallVector<Value> sums = lanes.loop(from, to, 1, init, [&](Value group, ValueRange carried) {
    SmallVector<Value> indices(values.position);
    indices.back() = lanes.add(lanes.add(indices.back(), block), group);
    indices.append({Value(), lanes.index(0)});
    auto valueTiles = [&](int64_t part) {
      SmallVector<Value> loaded;
      for (int64_t i = 0; i != tiles; ++i) {
        indices[indices.size() - 2] = lanes.add(d, i * tileRows);
        loaded.push_back(load(operandTile, values.parts[part], indices));
      }
      return loaded;
    };
    auto weightTiles = [&](int64_t part) {
      SmallVector<Value> loaded;
      for (int64_t j = 0; j != panelTiles; ++j)
        loaded.push_back(load(operandTile, weights[part], {group, lanes.index(j), lanes.index(0), lanes.index(0)}));
      return loaded;
    };
    return multiply(valueTiles, weightTiles, carried, /*exact=*/false);
  });
  for (int64_t i = 0; i != tiles; ++i)
    for (int64_t j = 0; j != panelTiles; ++j)
      amx::TileStoreOp::create(builder, loc, target, position(i, j), sums[i * panelTiles + j]);
}

/// Adds what is not finite in V, and therefore 0 in its tiles, for the keys that a query sees: the product of the unit
/// would be no number for the others, too (S8). Slow, and rare.
void MatrixTileLowering::addNotFinite(Value panel, Value block, Value from, Value to) {
  AffineMap map = cast<StructuredOpInterface>(op.getOperation()).getMapOf(op.getValueMutable());
  auto when = [&](Value condition, function_ref<void()> body) {
    auto branch = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    body();
  };
  auto integers = VectorType::get({tileRows}, builder.getI32Type());
  auto narrow = VectorType::get({tileRows}, builder.getI16Type());
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
      when(bad, [&] {
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
    when(memref::LoadOp::create(builder, loc, values.notFinite, indices), [&] {
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
  int64_t main = valueDim / groupHeight * groupHeight, whole = valueDim / tileRows * tileRows;
  if (main > 0)
    lanes.loop(lanes.index(0), lanes.index(main), groupHeight, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
      valueBlock(accumulator, d, panel, d, groupTiles, block, from, to);
      return {};
    });
  if (whole != main)
    valueBlock(accumulator, lanes.index(main), panel, lanes.index(main), 1, block, from, to);
  if (whole == valueDim)
    return;
  // The accumulator has no rows for the rest of a tile.
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
  valueBlock(valueTail, lanes.index(0), lanes.index(0), lanes.index(whole), 1, block, from, to);
  copyRows(/*back=*/true);
}

LogicalResult fovea::lowerMatrixAttention(OpBuilder &builder, OnlineAttentionOp op, MatrixTypes types) {
  auto type = cast<FloatType>(getElementTypeOrSelf(op.getQuery().getType()));
  int64_t parts = types.partsOf(type);
  if (parts == 0)
    return op.emitOpError() << "is in the form for a matrix unit, but the machine has none for " << type
                            << "; give attn-pack-queries and attn-to-vector the same options";
  TileElement element{parts == 1 ? type : BFloat16Type::get(op.getContext()), parts};
  remark::passed(op.getLoc(), remark::RemarkOpts::name("MatrixTile").category("attn-to-vector"))
      << remark::metric("unit", "amx") << remark::metric("parts", parts) << remark::metric("panel_queries", panelWidth)
      << remark::metric("chunk_keys", keysPerChunk) << remark::metric("block_keys", keysPerBlock);
  return MatrixTileLowering(builder, op, element).run();
}
