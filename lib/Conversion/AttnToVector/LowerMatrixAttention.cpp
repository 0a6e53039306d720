//===- LowerMatrixAttention.cpp - the fused tile on a matrix unit ---------===//
//
// The unit (MatrixUnit.h) multiplies 16-bit operands; everything between its products is the vector code of the other
// form, with the queries along the lanes. A panel is 32 queries, two tiles wide:
//
//   for block of 256 keys
//     for panel of queries
//       for chunk of 64 keys                                        whose scores stay in the first-level cache
//         S[n][m] = K Q^T                                           32 keys at a time
//         S = score(S) or -inf                                      only where there are regions to evaluate
//         if max_n S exceeds m by more than the lag for some query:
//           O^T += V^T P^T for the keys so far, then rescale O^T and l, and m = max(m, max_n S)
//         P^T[n / 2][m][2] = base^(S - m), l += sum_n P             pairs of keys, in 16 bits
//       O^T += V^T P^T                                              32 value dims at a time, all keys of the block
//
// The scale is not folded into the query, which would be rounded for it, but into the subtraction of the maximum, where
// it costs nothing. Operands are packed as MatrixOperands.h says.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "MatrixAttention.h"
#include "ScoreRegions.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

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

  sumIsReturned = mayReturn(op, &FinalizeOp::getReturnLse);
  lanes.maxKeepsNaN = mayReturn(op, &FinalizeOp::getReturnMax);
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
  if (valueDim % unit.rowGranule() != 0)
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

LogicalResult fovea::lowerMatrixAttention(OpBuilder &builder, OnlineAttentionOp op, MatrixTypes types) {
  auto type = cast<FloatType>(getElementTypeOrSelf(op.getQuery().getType()));
  int64_t parts = types.partsOf(type);
  if (parts == 0)
    return op.emitOpError() << "is in the form for a matrix unit, but the machine has none for " << type
                            << "; give attn-pack-queries and attn-to-vector the same options";
  TileElement element{parts == 1 ? type : BFloat16Type::get(op.getContext()), parts};
  LaneBuilder lanes(builder, op.getLoc(), Float32Type::get(op.getContext()), tileRows);
  std::unique_ptr<MatrixUnit> unit = types.hasTilesOf(type) ? createTileUnit(lanes, element) : createPairUnit(lanes);
  remark::passed(op.getLoc(), remark::RemarkOpts::name("MatrixTile").category("attn-to-vector"))
      << remark::metric("unit", unit->name()) << remark::metric("parts", parts)
      << remark::metric("panel_queries", MatrixTileLowering::panelWidth)
      << remark::metric("chunk_keys", MatrixTileLowering::keysPerChunk)
      << remark::metric("block_keys", MatrixTileLowering::keysPerBlock);
  return MatrixTileLowering(lanes, op, element, *unit).run();
}
