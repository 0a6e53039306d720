//===- LowerAttentionRows.cpp - a tile of few query rows on the CPU -------===//
//
// Where one query (or the few of a decoding step) meets many keys, nothing is to be computed fast but K and V are to be
// read fast, once for all rows that share them. The keys lie along the lanes of the scores, the value dims along those
// of the products with V:
//
//   for chunk of keys
//     for group of 8 rows, whose products are computed 4, 2 or 1 at a time
//       S[r][n] = sum_k K[n][k] * Q[r][k]        as many accumulators as lanes, k along the lanes; their sums across
//                                                lanes are one vector
//       S[r][n] = score(S[r][n]) or -inf
//       m' = max(m, max_n S), P[r][n] = base^(S[r][n] - m'), l = l * base^(m - m') + sum_n P
//       O[r][d] = O[r][d] * base^(m - m') + sum_n P[r][n] * V[n][d]            d along the lanes
//
// A row of K or V is a stream of cache lines, each asked for some KiB ahead. Matrices whose head dim is not contiguous
// are copied chunk by chunk; which it is shows at run time.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RegionVectorizer.h"
#include "RowLoops.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

namespace {

/// Keys whose scores are held at a time: K and V of a chunk stay in the second-level cache for the next rows.
constexpr int64_t keysPerChunk = 256;
constexpr int64_t cacheLineBytes = 64;
/// Of K and V: a copied chunk is on the stack.
constexpr int64_t mostRowBytes = 4096;
constexpr int64_t keyStreams = 2;
/// Rows whose scores are held at a time.
constexpr int64_t rowsPerGroup = 8;
/// Measured: 2 to 4 KiB keep both cores' reads at the speed of memory.
constexpr int64_t prefetchBytes = 4096;

class RowsLowering {
public:
  RowsLowering(OpBuilder &builder, OnlineAttentionOp op, VectorUnit unit)
      : builder(builder), op(op), structured(cast<StructuredOpInterface>(op.getOperation())),
        scoreOp(cast<ScoreOpInterface>(op.getOperation())), unit(unit),
        lanes(builder, op.getLoc(), op.getComputeType(), unit.lanes(op.getComputeType())) {}
  LogicalResult run();

private:
  /// K or V of a chunk: [key, column] with contiguous columns, and how many keys ahead its lines are asked for.
  struct Chunk {
    Value buffer;
    int64_t columns, vectorsPerLine, keysAhead;
  };
  /// Rows that are computed together.
  struct RowBlock {
    Value group; ///< number of the first row of their group
    Value begin; ///< number in the group, which is the one in the scratch
    int64_t count;
  };

  LogicalResult checkForm();
  Chunk chunkOf(OpOperand &operand, unsigned columnDim, int64_t columns, Value begin, Value count, Value scratch);
  void setRow(Value row);
  void inBlocks(Value group, Value count, function_ref<void(RowBlock)> body);
  void lowerGroup(Value group, Value rows, Value begin, Value count, const Chunk &key, const Chunk &value);
  void loadQueries(Value group, Value count);
  void dotPass(RowBlock rows, Value count, const Chunk &key);
  void dotKeys(RowBlock rows, ArrayRef<Value> keys, ArrayRef<Value> places, const Chunk &key);
  Value sumsAcrossLanes(SmallVector<Value> vectors);
  Value scorePass(Value row, Value begin, Value count, bool masked);
  Value scoresOfRow(Value row, Value begin, Value count);
  Value applyRegions(Value score, Value key, Value lastKey, bool masked);
  void softmaxRow(Value row, Value begin, Value count);
  void valuePass(RowBlock rows, Value count, const Chunk &value, bool guard);
  void valueBlock(RowBlock rows, Value column, int64_t vectors, Value mask, Value count, const Chunk &value,
                  bool guard);
  /// `columns` in whole cache lines of `element`, then vectors, then what is left under a mask.
  void overColumns(int64_t columns, Type element, function_ref<SmallVector<Value>(Value, int64_t, Value, ValueRange)>,
                   SmallVector<Value> &carried);
  Value load(Value buffer, ValueRange indices, Value mask);
  bool readsPairs(Value buffer);
  SmallVector<Value> loadColumns(Value buffer, Value key, Value column, int64_t vectors, Value mask);
  void splitPair(Value &first, Value &second);
  void joinPair(Value &even, Value &odd);
  void prefetch(const Chunk &chunk, Value key, Value column);
  Value lanesMask(int64_t count);
  /// Runs `body(begin, valid)` over `count` keys by lanes, the last time with less than all of them; `valid` is null
  /// for all lanes, unless the body is to be emitted `once` only.
  SmallVector<Value> inLanes(Value count, bool once, ValueRange init,
                             function_ref<SmallVector<Value>(Value, Value, ValueRange)> body);
  SmallVector<Value> rowIndices(OpOperand &operand) {
    return operandIndices(lanes, structured.getMapOf(operand), position);
  }

  OpBuilder &builder;
  OnlineAttentionOp op;
  StructuredOpInterface structured;
  ScoreOpInterface scoreOp;
  VectorUnit unit;
  LaneBuilder lanes;
  AttentionDims dims;
  SmallVector<unsigned> rowDims; ///< All that the state has but the value dim, slowest first.
  SmallVector<Value> extents, at;
  DomainPosition position;
  int64_t headDim = 0, valueDim = 0, numRows = 0; ///< numRows may be dynamic
  Value queries, scores, alphas;                  ///< scratch [row][k], [row][key], [row]
};

} // namespace

LogicalResult RowsLowering::checkForm() {
  FailureOr<AttentionDims> found =
      AttentionDims::infer(structured.getMapOf(op.getQueryMutable()), structured.getMapOf(op.getKeyMutable()),
                           structured.getMapOf(op.getValueMutable()));
  if (failed(found))
    return op.emitOpError("has maps that are not those of an attention");
  dims = *found;
  AffineMap accMap = structured.getMapOf(op.getOutputsMutable()[0]);
  SmallVector<int64_t> sizes(structured.getNumLoops(), ShapedType::kDynamic);
  for (auto [operand, map] : llvm::zip_equal(structured.getMappedOperands(), structured.getMappedOperandMaps()))
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        if (int64_t size = cast<ShapedType>(operand->get().getType()).getDimSize(i); !ShapedType::isDynamic(size))
          sizes[dim.getPosition()] = size;
  headDim = sizes[dims.qk], valueDim = sizes[dims.value];
  if (ShapedType::isDynamic(headDim) || ShapedType::isDynamic(valueDim))
    return op.emitOpError("has keys along the lanes (lanes = keys) and needs static head dims for that");
  if (!cast<MemRefType>(op.getOutputs()[0].getType()).isLastDimUnitStride() ||
      accMap.getResults().back() != getAffineDimExpr(dims.value, op.getContext()))
    return op.emitOpError() << "has keys along the lanes (lanes = keys) and needs an accumulator whose last dimension "
                               "is the value's head dim with unit stride, got "
                            << op.getOutputs()[0].getType();
  for (auto [operand, dim] : {std::pair(op.getKey(), headDim), std::pair(op.getValue(), valueDim)})
    if (int64_t bytes = dim * getElementTypeOrSelf(operand.getType()).getIntOrFloatBitWidth() / 8; bytes > mostRowBytes)
      return op.emitOpError() << "has keys along the lanes (lanes = keys) and rows of " << bytes
                              << " bytes, expected at most " << mostRowBytes;
  // All rows of the tile must see the same keys and values.
  for (OpOperand *operand : {&op.getKeyMutable(), &op.getValueMutable()})
    for (AffineExpr expr : structured.getMapOf(*operand).getResults()) {
      int64_t group = 1;
      if (auto division = dyn_cast<AffineBinaryOpExpr>(expr)) {
        group = cast<AffineConstantExpr>(division.getRHS()).getValue();
        expr = division.getLHS();
      }
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || llvm::is_contained({dims.key, dims.qk, dims.value}, dim.getPosition()))
        continue;
      int64_t size = sizes[dim.getPosition()];
      if (ShapedType::isDynamic(size) || size > group)
        return op.emitOpError() << "has keys along the lanes (lanes = keys), where all rows of a tile must share K and "
                                   "V, but dimension "
                                << dim.getPosition() << " of the tile has extent "
                                << (ShapedType::isDynamic(size) ? std::string("?") : std::to_string(size))
                                << ", expected at most " << group;
    }
  extents = domainExtents(lanes, structured);
  position.assign(extents.size(), Value());
  numRows = 1;
  for (AffineExpr expr : structured.getMapOf(op.getOutputsMutable()[1]).getResults()) {
    unsigned d = cast<AffineDimExpr>(expr).getPosition();
    rowDims.push_back(d);
    numRows =
        ShapedType::isDynamic(numRows) || ShapedType::isDynamic(sizes[d]) ? ShapedType::kDynamic : numRows * sizes[d];
  }
  return success();
}

/// Sets the position of row number `row` in the dimensions that the state has.
void RowsLowering::setRow(Value row) {
  Value rest = row;
  for (auto [i, d] : llvm::enumerate(llvm::reverse(rowDims))) {
    std::optional<int64_t> extent = getConstantIntValue(extents[d]);
    bool slowest = i + 1 == rowDims.size();
    if (extent == 1) {
      position[d] = lanes.index(0);
    } else if (slowest) {
      position[d] = rest;
    } else {
      position[d] = arith::RemUIOp::create(builder, lanes.loc, rest, extents[d]);
      rest = arith::DivUIOp::create(builder, lanes.loc, rest, extents[d]);
    }
  }
}

/// The part of K or V from key `begin` on. Where its columns are not contiguous it is copied to `scratch`.
RowsLowering::Chunk RowsLowering::chunkOf(OpOperand &operand, unsigned columnDim, int64_t columns, Value begin,
                                          Value count, Value scratch) {
  Location loc = lanes.loc;
  AffineMap map = structured.getMapOf(operand);
  auto type = cast<MemRefType>(operand.get().getType());
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, operand.get());
  auto strideOf = [&](unsigned dim) {
    return metadata.getConstifiedMixedStrides()[*map.getResultPosition(builder.getAffineDimExpr(dim))];
  };
  OpFoldResult keyStride = strideOf(dims.key), columnStride = strideOf(columnDim);
  auto chunkType =
      MemRefType::get({ShapedType::kDynamic, columns}, type.getElementType(),
                      StridedLayoutAttr::get(op.getContext(), ShapedType::kDynamic, {ShapedType::kDynamic, 1}));
  auto direct = [&]() -> Value {
    Value stride = getValueOrCreateConstantIndexOp(builder, loc, keyStride);
    Value offset = getValueOrCreateConstantIndexOp(builder, loc, metadata.getConstifiedMixedOffset());
    offset = lanes.add(offset, arith::MulIOp::create(builder, loc, begin, stride));
    return memref::ReinterpretCastOp::create(builder, loc, chunkType, metadata.getBaseBuffer(), OpFoldResult(offset),
                                             {OpFoldResult(count), builder.getIndexAttr(columns)},
                                             {OpFoldResult(stride), builder.getIndexAttr(1)});
  };
  int64_t rowBytes = std::max<int64_t>(columns * type.getElementTypeBitWidth() / 8, 1);
  int64_t vectorsPerLine = std::max<int64_t>(cacheLineBytes * 8 / type.getElementTypeBitWidth() / lanes.lanes, 1);
  Chunk chunk{Value(), columns, vectorsPerLine, std::max<int64_t>(prefetchBytes / rowBytes, 1)};
  if (getConstantIntValue(columnStride) == 1) {
    chunk.buffer = direct();
    return chunk;
  }
  Value isUnit = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       getValueOrCreateConstantIndexOp(builder, loc, columnStride), lanes.index(1));
  auto branch = scf::IfOp::create(builder, loc, TypeRange(chunkType), isUnit, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, direct());
  builder.setInsertionPointToStart(branch.elseBlock());
  DomainPosition source(position.size(), lanes.index(0));
  lanes.loop(lanes.index(0), count, 1, {}, [&](Value n, ValueRange) -> SmallVector<Value> {
    source[dims.key] = lanes.add(begin, n);
    lanes.loop(lanes.index(0), lanes.index(columns), 1, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
      source[columnDim] = column;
      Value element = memref::LoadOp::create(builder, loc, operand.get(), operandIndices(lanes, map, source));
      memref::StoreOp::create(builder, loc, element, scratch, ValueRange{n, column});
      return {};
    });
    return {};
  });
  scf::YieldOp::create(builder, loc, Value(memref::CastOp::create(builder, loc, chunkType, scratch)));
  chunk.buffer = branch.getResult(0);
  return chunk;
}

//===----------------------------------------------------------------------===//
// Vectors of columns
//===----------------------------------------------------------------------===//

/// The first `count` lanes.
Value RowsLowering::lanesMask(int64_t count) {
  return vector::ConstantMaskOp::create(builder, lanes.loc, lanes.vectorOf(builder.getI1Type()),
                                        ArrayRef<int64_t>{count});
}

/// Lanes of `buffer` in the compute type, 0 where `mask` has none.
Value RowsLowering::load(Value buffer, ValueRange indices, Value mask) {
  if (!mask)
    return lanes.toCompute(lanes.load(buffer, indices));
  VectorType type = lanes.vectorOf(getElementTypeOrSelf(buffer.getType()));
  Value zeros = arith::ConstantOp::create(builder, lanes.loc, builder.getZeroAttr(type));
  return lanes.toCompute(vector::MaskedLoadOp::create(builder, lanes.loc, type, buffer, indices, mask, zeros));
}

/// Whether the columns [2v * lanes, 2v * lanes + 2 * lanes) of a bf16 matrix are read as one vector of their even and
/// one of their odd columns: half a 32-bit word is a bf16, and so is a shifted one, which is less work than widening 16
/// bits to 32 in order.
bool RowsLowering::readsPairs(Value buffer) {
  return getElementTypeOrSelf(buffer.getType()).isBF16() && lanes.type.isF32();
}

/// `vectors` vectors of row `key` from `column` on in the compute type, pairs of them as even and odd columns where
/// `readsPairs`.
SmallVector<Value> RowsLowering::loadColumns(Value buffer, Value key, Value column, int64_t vectors, Value mask) {
  SmallVector<Value> elements;
  while (int64_t(elements.size()) < vectors) {
    Value begin = lanes.add(column, elements.size() * lanes.lanes);
    if (!readsPairs(buffer) || mask || int64_t(elements.size()) + 1 == vectors) {
      elements.push_back(load(buffer, {key, begin}, mask));
      continue;
    }
    Location loc = lanes.loc;
    VectorType words = lanes.vectorOf(builder.getI32Type());
    Value both = vector::LoadOp::create(builder, loc, VectorType::get({2 * lanes.lanes}, builder.getBF16Type()), buffer,
                                        ValueRange{key, begin});
    both = vector::BitCastOp::create(builder, loc, words, both);
    auto constant = [&](int32_t value) {
      return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(words, value));
    };
    Value even = arith::ShLIOp::create(builder, loc, both, constant(16));
    Value odd = arith::AndIOp::create(builder, loc, both, constant(int32_t(0xffff0000)));
    elements.push_back(arith::BitcastOp::create(builder, loc, lanes.vectorType(), even));
    elements.push_back(arith::BitcastOp::create(builder, loc, lanes.vectorType(), odd));
  }
  return elements;
}

/// Two vectors of neighbouring columns as their even and their odd columns.
void RowsLowering::splitPair(Value &first, Value &second) {
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  Value a = vector::ShuffleOp::create(builder, lanes.loc, first, second, even);
  second = vector::ShuffleOp::create(builder, lanes.loc, first, second, odd);
  first = a;
}

/// The inverse.
void RowsLowering::joinPair(Value &even, Value &odd) {
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
    SmallVector<int64_t> &half = 2 * lane < lanes.lanes ? low : high;
    half.append({lane, lanes.lanes + lane});
  }
  Value first = vector::ShuffleOp::create(builder, lanes.loc, even, odd, low);
  odd = vector::ShuffleOp::create(builder, lanes.loc, even, odd, high);
  even = first;
}

/// Asks for the line of the same column some keys further on. That may lie beyond the matrix: a prefetch is a hint, and
/// does not fault.
void RowsLowering::prefetch(const Chunk &chunk, Value key, Value column) {
  memref::PrefetchOp::create(builder, lanes.loc, chunk.buffer, ValueRange{lanes.add(key, chunk.keysAhead), column},
                             /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

void RowsLowering::overColumns(int64_t columns, Type element,
                               function_ref<SmallVector<Value>(Value, int64_t, Value, ValueRange)> body,
                               SmallVector<Value> &carried) {
  int64_t width = lanes.lanes;
  int64_t line = std::max<int64_t>(cacheLineBytes * 8 / element.getIntOrFloatBitWidth(), width);
  int64_t lines = columns / line * line, whole = columns / width * width;
  if (lines > 0)
    carried = lanes.loop(lanes.index(0), lanes.index(lines), line, carried,
                         [&](Value begin, ValueRange values) { return body(begin, line / width, Value(), values); });
  if (whole > lines)
    carried = body(lanes.index(lines), (whole - lines) / width, Value(), carried);
  if (columns > whole)
    carried = body(lanes.index(whole), 1, lanesMask(columns - whole), carried);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// The group's queries in the compute type, scaled, with zeros up to whole vectors, in the order in which the columns
/// of K are read.
void RowsLowering::loadQueries(Value group, Value count) {
  Value scale = materializeScale(builder, op);
  Value zero = lanes.scalar(0.0);
  int64_t padded = llvm::alignTo(headDim, lanes.lanes), pair = 2 * lanes.lanes;
  lanes.loop(lanes.index(0), count, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    setRow(lanes.add(group, row));
    lanes.loop(lanes.index(0), lanes.index(headDim), 1, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
      position[dims.qk] = k;
      Value element = lanes.loadScalar(op.getQuery(), rowIndices(op.getQueryMutable()));
      memref::StoreOp::create(builder, lanes.loc, lanes.mul(element, scale), queries, ValueRange{row, k});
      return {};
    });
    for (int64_t k = headDim; k != padded; ++k)
      memref::StoreOp::create(builder, lanes.loc, zero, queries, ValueRange{row, lanes.index(k)});
    if (readsPairs(op.getKey()))
      lanes.loop(lanes.index(0), lanes.index(headDim / pair * pair), pair, {},
                 [&](Value k, ValueRange) -> SmallVector<Value> {
                   Value second = lanes.add(k, lanes.lanes);
                   Value even = lanes.load(queries, {row, k}), odd = lanes.load(queries, {row, second});
                   splitPair(even, odd);
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
      splitPair(vectors[i], vectors[i + 1]);
      sums.push_back(arith::AddFOp::create(builder, lanes.loc, vectors[i], vectors[i + 1]));
    }
    vectors = std::move(sums);
  }
  return vectors.front();
}

/// Dot products of all rows with `keys` (lanes / rows of them); scores go to `places`, the first of equal parts of the
/// keys each.
void RowsLowering::dotKeys(RowBlock rows, ArrayRef<Value> keys, ArrayRef<Value> places, const Chunk &key) {
  int64_t numKeys = keys.size(), part = numKeys / places.size();
  SmallVector<Value> sums(lanes.lanes, lanes.splat(0.0)); // [row][key]
  overColumns(
      headDim, getElementTypeOrSelf(key.buffer.getType()),
      [&](Value begin, int64_t vectors, Value mask, ValueRange carried) {
        SmallVector<Value> next(carried);
        for (Value n : keys)
          prefetch(key, n, begin);
        SmallVector<SmallVector<Value>> query(rows.count);
        for (int64_t r = 0; r != rows.count; ++r)
          for (int64_t v = 0; v != vectors; ++v)
            query[r].push_back(lanes.load(queries, {lanes.add(rows.begin, r), lanes.add(begin, v * lanes.lanes)}));
        for (auto [i, n] : llvm::enumerate(keys))
          for (auto [v, element] : llvm::enumerate(loadColumns(key.buffer, n, begin, vectors, mask)))
            for (int64_t r = 0; r != rows.count; ++r)
              next[r * numKeys + i] = lanes.fma(element, query[r][v], next[r * numKeys + i]);
        return next;
      },
      sums);
  Value dots = sumsAcrossLanes(std::move(sums));
  for (int64_t r = 0; r != rows.count; ++r)
    for (auto [i, place] : llvm::enumerate(places)) {
      int64_t first = r * numKeys + i * part;
      Value scoresOfPart =
          part == lanes.lanes
              ? dots
              : Value(vector::ExtractStridedSliceOp::create(builder, lanes.loc, dots, ArrayRef<int64_t>{first},
                                                            ArrayRef<int64_t>{part}, ArrayRef<int64_t>{1}));
      lanes.store(scoresOfPart, scores, {lanes.add(rows.begin, r), place});
    }
}

/// The scratch's dot products. Keys come from both halves of the chunk: a core reads two streams of memory faster than
/// one.
void RowsLowering::dotPass(RowBlock rows, Value count, const Chunk &key) {
  Location loc = lanes.loc;
  int64_t numKeys = lanes.lanes / rows.count, streams = numKeys % keyStreams == 0 ? keyStreams : 1;
  int64_t run = numKeys / streams;
  Value rounds = arith::DivUIOp::create(builder, loc, count, lanes.index(numKeys));
  Value part = arith::MulIOp::create(builder, loc, rounds, lanes.index(run));
  Value mainEnd = arith::MulIOp::create(builder, loc, rounds, lanes.index(numKeys));
  lanes.loop(lanes.index(0), part, run, {}, [&](Value n, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> keys, places;
    for (int64_t s = 0; s != streams; ++s) {
      places.push_back(s == 0 ? n : lanes.add(places.back(), part));
      for (int64_t i = 0; i != run; ++i)
        keys.push_back(lanes.add(places.back(), i));
    }
    dotKeys(rows, keys, places, key);
    return {};
  });
  // The last ones repeat the last key.
  Value last = lanes.sub(count, lanes.index(1));
  lanes.loop(mainEnd, count, numKeys, {}, [&](Value n, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> keys;
    for (int64_t i = 0; i != numKeys; ++i)
      keys.push_back(arith::MinSIOp::create(builder, loc, lanes.add(n, i), last));
    dotKeys(rows, keys, n, key);
    return {};
  });
}

/// Sends the scores of the keys from `key` on through the regions; lanes beyond `lastKey`, unless that is null, repeat
/// its position and captures. Both count from the first key of the op.
Value RowsLowering::applyRegions(Value score, Value key, Value lastKey, bool masked) {
  if (!scoreOp.hasScore() && !masked)
    return score;
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
  SmallVector<Value> captures;
  for (OpOperand &operand : op.getCapturesMutable()) {
    Value capture = operand.get();
    unsigned argument = operand.getOperandNumber() - op.getCaptures().getBeginOperandIndex();
    Type type = scoreOp.hasScore() ? scoreOp.getScore().getArgument(argument + 1).getType()
                                   : scoreOp.getMask().getArgument(argument).getType();
    if (isa<MemRefType>(capture.getType()) && !isa<MemRefType>(type))
      capture = loadAlong(lanes, capture, structured.getMapOf(operand), position, dims.key, key, lastKey);
    captures.push_back(capture);
  }
  if (scoreOp.hasScore()) {
    SmallVector<Value> arguments = {score};
    arguments.append(captures);
    score = lanes.broadcast(vectorizeRegion(lanes, scoreOp.getScore(), arguments, positionOf));
  }
  if (masked) {
    Value keep = vectorizeRegion(lanes, scoreOp.getMask(), captures, positionOf);
    score = arith::SelectOp::create(builder, lanes.loc, keep, score, lanes.negInf());
  }
  return score;
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
  auto branch =
      scf::IfOp::create(builder, lanes.loc, TypeRange(lanes.vectorType()), op.getPartial(), /*withElseRegion=*/true);
  for (bool masked : {true, false}) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(masked ? branch.thenBlock() : branch.elseBlock());
    scf::YieldOp::create(builder, lanes.loc, scorePass(row, begin, count, masked));
  }
  return branch.getResult(0);
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

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

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
  // Two streams here, too.
  Value part = arith::DivUIOp::create(builder, loc, count, lanes.index(keyStreams));
  Value mainEnd = arith::MulIOp::create(builder, loc, part, lanes.index(keyStreams));
  SmallVector<Value> sums = lanes.loop(lanes.index(0), part, 1, init, [&](Value n, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (int64_t s = 0; s != keyStreams; ++s) {
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

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

/// Runs `body` on the `count` rows of a group in blocks of 4, 2 and 1.
void RowsLowering::inBlocks(Value group, Value count, function_ref<void(RowBlock)> body) {
  std::optional<int64_t> known = getConstantIntValue(count);
  int64_t knownDone = 0;
  Value done = lanes.index(0);
  for (int64_t rows = std::min<int64_t>(4, lanes.lanes); rows > 0; rows /= 2) {
    if (known && *known - knownDone < rows)
      continue;
    knownDone = known ? *known - (*known - knownDone) % rows : 0;
    Value end = known ? lanes.index(knownDone)
                      : lanes.sub(count, arith::RemUIOp::create(builder, lanes.loc, count, lanes.index(rows)));
    lanes.loop(done, end, rows, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      body({group, row, rows});
      return {};
    });
    done = end;
  }
}

void RowsLowering::lowerGroup(Value group, Value rows, Value begin, Value count, const Chunk &key, const Chunk &value) {
  loadQueries(group, rows);
  inBlocks(group, rows, [&](RowBlock block) { dotPass(block, count, key); });
  lanes.loop(lanes.index(0), rows, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    setRow(lanes.add(group, row));
    softmaxRow(row, begin, count);
    return {};
  });
  auto multiply = [&](bool guard) {
    inBlocks(group, rows, [&](RowBlock block) { valuePass(block, count, value, guard); });
  };
  if (!scoreOp.hasMask() || !op.getPartial())
    return multiply(scoreOp.hasMask());
  auto branch = scf::IfOp::create(builder, lanes.loc, op.getPartial(), /*withElseRegion=*/true);
  for (bool guard : {true, false}) {
    OpBuilder::InsertionGuard insertion(builder);
    builder.setInsertionPointToStart(guard ? branch.thenBlock() : branch.elseBlock());
    multiply(guard);
  }
}

LogicalResult RowsLowering::run() {
  if (failed(checkForm()))
    return failure();
  Location loc = op.getLoc();
  for (OpFoldResult offset : op.getMixedOffsets())
    at.push_back(getValueOrCreateConstantIndexOp(builder, loc, offset));
  if (at.empty())
    at.assign(extents.size(), lanes.index(0));
  bool isKnown = !ShapedType::isDynamic(numRows);
  int64_t mostRows = isKnown ? std::clamp<int64_t>(numRows, 1, rowsPerGroup) : rowsPerGroup;
  queries = makeScratch(builder, op, {mostRows, int64_t(llvm::alignTo(headDim, lanes.lanes))}, lanes.type);
  scores = makeScratch(builder, op, {mostRows, keysPerChunk}, lanes.type);
  alphas = makeScratch(builder, op, {mostRows}, lanes.type);
  auto makeCopy = [&](Value matrix, int64_t columns) {
    return makeScratch(builder, op, {keysPerChunk, columns}, getElementTypeOrSelf(matrix.getType()));
  };
  Value keyCopy = makeCopy(op.getKey(), headDim), valueCopy = makeCopy(op.getValue(), valueDim);
  Value total = lanes.index(1);
  for (unsigned d : rowDims)
    total = arith::MulIOp::create(builder, loc, total, extents[d]);
  if (isKnown)
    total = lanes.index(numRows);

  Value numKeys = extents[dims.key];
  lanes.loop(lanes.index(0), numKeys, keysPerChunk, {}, [&](Value begin, ValueRange) -> SmallVector<Value> {
    Value count = arith::MinSIOp::create(builder, loc, lanes.sub(numKeys, begin), lanes.index(keysPerChunk));
    Chunk key = chunkOf(op.getKeyMutable(), dims.qk, headDim, begin, count, keyCopy);
    Chunk value = chunkOf(op.getValueMutable(), dims.value, valueDim, begin, count, valueCopy);
    lanes.loop(lanes.index(0), total, mostRows, {}, [&](Value group, ValueRange) -> SmallVector<Value> {
      Value rows = isKnown && numRows % mostRows == 0
                       ? lanes.index(mostRows)
                       : Value(arith::MinSIOp::create(builder, loc, lanes.sub(total, group), lanes.index(mostRows)));
      lowerGroup(group, rows, begin, count, key, value);
      return {};
    });
    return {};
  });
  return success();
}

LogicalResult fovea::lowerAttentionRows(OpBuilder &builder, OnlineAttentionOp op, VectorUnit unit) {
  return RowsLowering(builder, op, unit).run();
}
