//===- AttnTileKv.cpp - stage 6: one scf.for over blocks of keys ----------===//
//
//   %s:3 = attn.online_attention ins(%q, %k, %v) outs(%acc, %m, %l) mask {...}
// ->
//   %s:3 = scf.for %n = %begin to %end step N iter_args(%a, %x, %y) {
//     %partial = arith.ori (%n < %full_begin), (%n >= %full_end)
//     %t:3 = attn.online_attention partial(%partial) at[..., %n, ...]
//         ins(%q, %k[%n], %v[%n]) outs(%a, %x, %y) mask {...}
//     scf.yield %t#0, %t#1, %t#2
//   }
//
// Blocks that no row of the tile sees are never visited; the others come in
// ascending order.
//
// With loop-order=key-outer, which wants the op on all rows of a head, the loop over the keys is outside of one over
// the rows, as in FlashAttention-1; the state is then a tensor in memory, of which every step reads and writes a tile:
//
//   %s:3 = scf.for %n = ... iter_args(%a, %x, %y) {
//     scf.for %i = 0 to %rows step M iter_args(%b, ...) {
//       scf.for (no iteration where the rows at %i do not see the block) {
//         attn.online_attention ins(%q[%i], %k[%n], %v[%n]) outs(%b[%i], ...)
//
//===----------------------------------------------------------------------===//

#include "ScheduleConfig.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/Transforms/MaskAnalysis.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNTILEKVPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// Whether the step of `tileN` keys at `position` needs its mask evaluated. `blocks` counts in multiples of `granule`.
static Value needsMask(OpBuilder &builder, Location loc, const KeyBlocks &blocks, Value position, int64_t tileN,
                       int64_t granule) {
  auto constant = [&](bool value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getBoolAttr(value));
  };
  if (blocks.fullBegin == blocks.fullEnd)
    return constant(true);
  auto compare = [&](arith::CmpIPredicate predicate, OpFoldResult bound) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, position,
                                 getValueOrCreateConstantIndexOp(builder, loc, bound));
  };
  Value before, behind;
  if (blocks.fullBegin != blocks.begin)
    before = compare(arith::CmpIPredicate::slt, blocks.fullBegin);
  if (blocks.fullEnd != blocks.end) {
    // A step may begin among keys that all rows see and end behind them.
    OpFoldResult last = blocks.fullEnd;
    if (tileN != granule)
      last = affine::makeComposedFoldedAffineApply(
          builder, loc, AffineMap::get(1, 0, builder.getAffineDimExpr(0) - (tileN - 1), builder.getContext()), {last});
    behind = compare(arith::CmpIPredicate::sge, last);
  }
  if (before && behind)
    return arith::OrIOp::create(builder, loc, before, behind);
  return before ? before : behind ? behind : constant(false);
}

/// Operands that the tiled dimension does not touch are used whole.
static void useWholeOperands(RewriterBase &rewriter, StructuredOpInterface tiled, unsigned tiledDim,
                             ArrayRef<Operation *> slices) {
  rewriter.modifyOpInPlace(tiled, [&] {
    for (auto [operand, map] : llvm::zip_equal(tiled.getMappedOperands(), tiled.getMappedOperandMaps()))
      if (auto slice = operand->get().getDefiningOp<tensor::ExtractSliceOp>();
          slice && llvm::is_contained(slices, slice) && !map.isFunctionOfDim(tiledDim))
        operand->set(slice.getSource());
  });
  for (Operation *slice : slices)
    if (slice->use_empty())
      rewriter.eraseOp(slice);
}

/// Makes the state the one carried by the loop over the keys.
static void useCarriedState(RewriterBase &rewriter, Operation *tiled, ValueRange state) {
  auto destination = cast<DestinationStyleOpInterface>(tiled);
  rewriter.modifyOpInPlace(tiled, [&] {
    for (auto [init, value, result] : llvm::zip_equal(destination.getDpsInitsMutable(), state, tiled->getResults())) {
      init.set(value);
      result.setType(value.getType());
    }
  });
}

/// In multiples of how many keys the mask's range is found: of `granule` for a long step, which would begin and end far
/// from it.
static int64_t granuleOf(int64_t tileN, int64_t granule) {
  constexpr int64_t longStep = 128;
  return granule > 0 && tileN >= longStep && tileN % granule == 0 ? granule : tileN;
}

FailureOr<scf::ForOp> mlir::attn::tileKeys(RewriterBase &rewriter, ScoreOpInterface op, int64_t tileN,
                                           int64_t granule) {
  if (!isa<OnlineAttentionOp, OnlineSoftmaxOp>(op))
    return op.emitOpError("carries no state along its keys; rewrite it to its online form first "
                          "(attn-rewrite-online-softmax)");
  if (tileN < 1)
    return op.emitOpError() << "needs a key tile of at least 1, got " << tileN;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  unsigned keyDim = op.getKeyDim();
  auto tiling = cast<TilingInterface>(op.getOperation());
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  SmallVector<Range> domain = tiling.getIterationDomain(rewriter);
  OpFoldResult numKeys = domain[keyDim].size;
  std::optional<int64_t> staticKeys = getConstantIntValue(numKeys);
  granule = granuleOf(tileN, granule);
  if (staticKeys)
    tileN = std::clamp<int64_t>(*staticKeys, 1, tileN);
  if (granule < tileN)
    tileN = llvm::alignTo(tileN, granule);
  else
    granule = tileN;

  KeyBlocks blocks = computeKeyBlocks(rewriter, op, granule);
  auto toValue = [&](OpFoldResult value) { return getValueOrCreateConstantIndexOp(rewriter, loc, value); };
  auto loop = scf::ForOp::create(rewriter, loc, toValue(blocks.begin), toValue(blocks.end),
                                 toValue(rewriter.getIndexAttr(tileN)), SmallVector<Value>(destination.getDpsInits()));

  rewriter.setInsertionPointToStart(loop.getBody());
  SmallVector<OpFoldResult> offsets(domain.size(), rewriter.getIndexAttr(0)), sizes;
  for (Range range : domain)
    sizes.push_back(range.size);
  Value position = loop.getInductionVar();
  offsets[keyDim] = position;
  sizes[keyDim] = rewriter.getIndexAttr(tileN);
  // With steps of several granules the last one ends with what the mask keeps, and the first may begin anywhere.
  bool endsEarly = granule != tileN && !isEqualConstantIntOrValue(blocks.end, numKeys);
  if (!staticKeys || *staticKeys % tileN != 0 || endsEarly) {
    AffineExpr d0 = rewriter.getAffineDimExpr(0), d1 = rewriter.getAffineDimExpr(1), d2 = rewriter.getAffineDimExpr(2);
    SmallVector<AffineExpr> rest = {rewriter.getAffineConstantExpr(tileN), d1 - d0};
    SmallVector<OpFoldResult> operands = {OpFoldResult(position), numKeys};
    if (endsEarly) {
      rest.push_back(d2 - d0);
      operands.push_back(blocks.end);
    }
    AffineMap map = AffineMap::get(operands.size(), 0, rest, rewriter.getContext());
    sizes[keyDim] = affine::makeComposedFoldedAffineMin(rewriter, loc, map, operands);
  }
  FailureOr<TilingResult> tile = tiling.getTiledImplementation(rewriter, offsets, sizes);
  if (failed(tile)) {
    rewriter.eraseOp(loop);
    return failure();
  }
  Operation *tiled = tile->tiledOps.front();
  useCarriedState(rewriter, tiled, loop.getRegionIterArgs());
  useWholeOperands(rewriter, cast<StructuredOpInterface>(tiled), keyDim, tile->generatedSlices);
  if (auto online = dyn_cast<OnlineAttentionOp>(tiled); online && !online.getMask().empty()) {
    rewriter.setInsertionPoint(tiled);
    Value partial = needsMask(rewriter, loc, blocks, position, tileN, granule);
    if (Value outer = online.getPartial()) // an enclosing tile may already be
                                           // known to be full
      partial = arith::AndIOp::create(rewriter, loc, outer, partial);
    rewriter.modifyOpInPlace(online, [&] { online.getPartialMutable().assign(partial); });
  }
  rewriter.setInsertionPointToEnd(loop.getBody());
  scf::YieldOp::create(rewriter, loc, tiled->getResults());
  rewriter.replaceOp(op, loop.getResults());
  return loop;
}

FailureOr<scf::ForOp> mlir::attn::tileKeysOutside(RewriterBase &rewriter, OnlineAttentionOp op, int64_t tileM,
                                                  int64_t tileN) {
  if (tileM < 1)
    return op.emitOpError() << "needs a tile of at least 1 row, got " << tileM;
  if (op.getFixedMax())
    return op.emitOpError("has a fixed maximum; states that are merged block by block need the running one");
  FailureOr<scf::ForOp> keys = tileKeys(rewriter, cast<ScoreOpInterface>(op.getOperation()), tileN);
  if (failed(keys))
    return failure();
  OnlineAttentionOp block = *keys->getBody()->getOps<OnlineAttentionOp>().begin();
  SmallVector<AffineMap> maps = block.getMappedOperandMaps();
  unsigned query = AttentionDims::infer(maps[0], maps[1], maps[2])->query();

  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(block);
  scf::SCFTilingOptions options;
  SmallVector<OpFoldResult> sizes(maps[0].getNumDims(), rewriter.getIndexAttr(0));
  sizes[query] = rewriter.getIndexAttr(tileM);
  options.setTileSizes(sizes);
  FailureOr<scf::SCFTilingResult> rows =
      scf::tileUsingSCF(rewriter, cast<TilingInterface>(block.getOperation()), options);
  if (failed(rows))
    return failure();
  rewriter.replaceOp(block, rows->replacements);
  auto tile = cast<OnlineAttentionOp>(rows->tiledOps.front());
  useWholeOperands(rewriter, cast<StructuredOpInterface>(tile.getOperation()), query, rows->generatedSlices);
  if (failed(tileKeys(rewriter, cast<ScoreOpInterface>(tile.getOperation()), tileN)))
    return failure();
  return keys;
}

namespace {
struct AttnTileKvPass final : attn::impl::AttnTileKvPassBase<AttnTileKvPass> {
  using Base::Base;

  /// The step, and which blocks are visited and masked.
  static void report(Location loc, scf::ForOp loop, bool keysOutside) {
    bool masked = false;
    loop.walk([&](OnlineAttentionOp op) { masked |= static_cast<bool>(op.getPartial()); });
    bool skips = !getConstantIntValue(loop.getLowerBound()) || !isExtent(loop.getUpperBound());
    remark::passed(loc, remark::RemarkOpts::name("TileKv").category("attn-tile-kv"))
        << remark::metric("tile_n", getConstantIntValue(loop.getStep()).value_or(0))
        << remark::metric("order", keysOutside ? "key-outer" : "query-outer")
        << remark::metric("skips_blocks", skips ? "yes" : "no")
        << remark::metric("masks", masked ? "partial blocks" : "no block");
  }

  /// Whether a bound is the number of keys itself.
  static bool isExtent(Value bound) {
    return getConstantIntValue(bound) || bound.getDefiningOp<tensor::DimOp>() || isa<BlockArgument>(bound);
  }

  void runOnOperation() override {
    SmallVector<ScoreOpInterface> ops;
    getOperation()->walk([&](ScoreOpInterface op) {
      if (isa<OnlineAttentionOp, OnlineSoftmaxOp>(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (ScoreOpInterface op : ops) {
      int64_t size = tileN, rows = tileM;
      if (ConfigAttr config = findConfig(op)) {
        size = size == 0 ? config.getTileN() : size;
        rows = rows == 0 ? config.getTileM() : rows;
      }
      if (size >= wholeRow && isa<OnlineSoftmaxOp>(op))
        continue;
      auto attention = dyn_cast<OnlineAttentionOp>(op.getOperation());
      bool keysOutside = attention && loopOrder == LoopOrder::KeyOuter;
      if (size == 0 || (keysOutside && rows == 0)) {
        remark::missed(op.getLoc(), remark::RemarkOpts::name("TileKv").category("attn"))
            << remark::reason("no attn.config gives the tile size");
        continue;
      }
      Location loc = op.getLoc();
      FailureOr<scf::ForOp> loop =
          keysOutside ? tileKeysOutside(rewriter, attention, rows, size) : tileKeys(rewriter, op, size, granule);
      if (failed(loop))
        return signalPassFailure();
      report(loc, *loop, keysOutside);
    }
  }
};
} // namespace
