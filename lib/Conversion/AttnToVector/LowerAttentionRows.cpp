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
// Rows of K and V are read as streams of cache lines from equal parts of the chunk, each line asked for somewhat ahead,
// as the machine likes it (VectorUnit). The softmax between them reads no memory, so that the first lines of the
// streams that follow are asked for before. Matrices whose head dim is not contiguous are copied chunk by chunk; which
// it is shows at run time.
//
//===----------------------------------------------------------------------===//

#include "AttentionRows.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

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
  Chunk chunk{Value(), columns, vectorsPerLine,
              unit.prefetchBytes == 0 ? 0 : std::max<int64_t>(unit.prefetchBytes / rowBytes, 1)};
  if (getConstantIntValue(columnStride) == 1) {
    chunk.buffer = direct();
    return chunk;
  }
  Value isUnit = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       getValueOrCreateConstantIndexOp(builder, loc, columnStride), lanes.index(1));
  auto copied = [&]() -> SmallVector<Value> {
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
    return {memref::CastOp::create(builder, loc, chunkType, scratch)};
  };
  chunk.buffer = lanes.either(isUnit, chunkType, [&] { return SmallVector<Value>{direct()}; }, copied)[0];
  return chunk;
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

/// Runs `body` on the `count` rows of a group in blocks of `most`, and then of half as many, down to 1.
void RowsLowering::inBlocks(Value group, Value count, function_ref<void(RowBlock)> body, int64_t most) {
  std::optional<int64_t> known = getConstantIntValue(count);
  int64_t knownDone = 0;
  Value done = lanes.index(0);
  for (int64_t rows = std::min<int64_t>(most, lanes.lanes); rows > 0; rows /= 2) {
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
  if (!queriesAreShared())
    loadQueries(group, rows);
  inBlocks(group, rows, [&](RowBlock block) { dotPass(block, count, key); });
  prefetchStreams(value, lanes.index(0), count);
  lanes.loop(lanes.index(0), rows, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    setRow(lanes.add(group, row));
    softmaxRow(row, begin, count);
    return {};
  });
  prefetchStreams(key, count, count);
  auto multiply = [&](bool guard) {
    inBlocks(group, rows, [&](RowBlock block) { valuePass(block, count, value, guard); }, valueRows());
  };
  if (!scoreOp.hasMask() || !op.getPartial())
    return multiply(scoreOp.hasMask());
  lanes.either(op.getPartial(), [&] { multiply(true); }, [&] { multiply(false); });
}

LogicalResult RowsLowering::run() {
  if (failed(checkForm()))
    return failure();
  Location loc = op.getLoc();
  lanes.maxKeepsNaN = mayReturn(op, &FinalizeOp::getReturnMax);
  for (OpFoldResult offset : op.getMixedOffsets())
    at.push_back(getValueOrCreateConstantIndexOp(builder, loc, offset));
  if (at.empty())
    at.assign(extents.size(), lanes.index(0));
  bool isKnown = !ShapedType::isDynamic(numRows);
  int64_t mostRows = isKnown ? std::clamp<int64_t>(numRows, 1, rowsPerGroup) : rowsPerGroup;
  queries = makeScratch(builder, loc, {mostRows, int64_t(llvm::alignTo(headDim, lanes.lanes))}, lanes.type);
  scores = makeScratch(builder, loc, {mostRows, keysPerChunk}, lanes.type);
  alphas = makeScratch(builder, loc, {mostRows}, lanes.type);
  if (multipliesPairs(op.getKey(), headDim)) {
    pairQueries = makeScratch(builder, loc, {mostRows, headDim}, builder.getBF16Type());
    scale = materializeScale(builder, op);
  }
  if (multipliesPairs(op.getValue(), valueDim))
    pairWeights = makeScratch(builder, loc, {mostRows, keysPerChunk}, builder.getBF16Type());
  remark::passed(loc, remark::RemarkOpts::name("RowTile").category("attn-to-vector"))
      << remark::metric("lanes", lanes.lanes) << remark::metric("group_rows", rowsPerGroup)
      << remark::metric("chunk_keys", keysPerChunk)
      << remark::metric("multiplies_pairs", bool(pairQueries || pairWeights))
      << remark::metric("read_streams", unit.readStreams) << remark::metric("prefetch_bytes", unit.prefetchBytes);
  auto makeCopy = [&](Value matrix, int64_t columns) {
    return makeScratch(builder, loc, {keysPerChunk, columns}, getElementTypeOrSelf(matrix.getType()));
  };
  Value keyCopy = makeCopy(op.getKey(), headDim), valueCopy = makeCopy(op.getValue(), valueDim);
  Value total = lanes.index(1);
  for (unsigned d : rowDims)
    total = arith::MulIOp::create(builder, loc, total, extents[d]);
  if (isKnown)
    total = lanes.index(numRows);

  if (queriesAreShared())
    loadQueries(lanes.index(0), lanes.index(numRows));
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
