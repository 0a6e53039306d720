//===- AttnSplitKv.cpp - stage 4: parts of the keys in parallel -----------===//
//
//   %s:3 = attn.online_attention ins(%q, %k, %v) outs(%acc, %m, %l)
// ->
//   %p:3 = scf.forall (%n) = (0) to (%keys) step (%part) { // one more
//   dimension
//     attn.online_attention at[..., %n, ...] ins(%q, %k[%n], %v[%n])
//         outs(the identity, in its own slice of the results)
//   }
//   %s:3 = attn.merge ins(%p#0, %p#1, %p#2) outs(%acc, %m, %l)
//
// For few query rows and many keys (decode), where the rows alone do not fill
// the machine (Flash-Decoding, Dao et al. 2023). A part is a whole number of
// key tiles. No part is empty, so that there may be fewer parts than asked for;
// a part whose keys are all masked is the identity (S15).
//
//===----------------------------------------------------------------------===//

#include "ScheduleConfig.h"
#include "fovea/Dialect/Attn/Transforms/MaskAnalysis.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNSPLITKVPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// Keys per part, a multiple of `tileN`, at least one.
static OpFoldResult partSize(OpBuilder &builder, Location loc, OpFoldResult numKeys, int64_t splits, int64_t tileN) {
  IndexArith arith(builder, loc);
  OpFoldResult tiles = arith.ceilDivConst(arith.ceilDivConst(numKeys, splits), tileN);
  OpFoldResult size = arith.max(arith.mulConst(tiles, tileN), arith.constant(1));
  // Static keys that fit one part keep their static size.
  if (getConstantIntValue(numKeys).value_or(0) > 0)
    size = arith.min(size, numKeys);
  return size;
}

/// Lets every part write the identity into its own slice, so that the partial
/// states are not filled by one thread.
static void fillWithinParts(RewriterBase &rewriter, scf::ForallOp parts) {
  for (BlockArgument argument : parts.getRegionIterArgs()) {
    OpOperand &output = *parts.getTiedOpOperand(argument);
    auto fill = output.get().getDefiningOp<linalg::FillOp>();
    if (!fill || !fill->hasOneUse())
      continue;
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers()))
      if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user)) {
        rewriter.setInsertionPointAfter(slice);
        auto own = linalg::FillOp::create(rewriter, fill.getLoc(), fill.getInputs(), ValueRange(slice.getResult()));
        rewriter.replaceAllUsesExcept(slice, own.getResult(0), own);
      }
    rewriter.modifyOpInPlace(parts, [&] { output.set(fill.getOutputs().front()); });
    rewriter.eraseOp(fill);
  }
}

FailureOr<scf::ForallOp> mlir::attn::splitKeys(RewriterBase &rewriter, ScoreOpInterface op, int64_t splits) {
  if (!isa<PartialReductionOpInterface>(op.getOperation()))
    return op.emitOpError("carries no state along its keys; rewrite it to its online form first "
                          "(attn-rewrite-online-softmax)");
  if (splits < 1)
    return op.emitOpError() << "needs at least 1 split, got " << splits;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  auto tiling = cast<TilingInterface>(op.getOperation());
  unsigned keyDim = op.getKeyDim();
  SmallVector<Range> domain = tiling.getIterationDomain(rewriter);
  // Upstream's slices of tensors without elements do not verify.
  if (llvm::any_of(domain, [](const Range &range) { return isZeroInteger(range.size); }))
    return scf::ForallOp();
  ConfigAttr config = findConfig(op);
  SmallVector<OpFoldResult> sizes(domain.size(), rewriter.getIndexAttr(0));
  sizes[keyDim] = partSize(rewriter, op.getLoc(), domain[keyDim].size, splits, config ? config.getTileN() : 1);

  scf::SCFTilingOptions options;
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp)
      .setTileSizes(sizes)
      .setReductionTilingStrategy(ReductionTilingStrategy::PartialReductionOuterParallel)
      .setReductionDims({keyDim});
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(rewriter, tiling, options);
  if (failed(tiled))
    return failure();
  if (config) // also governs how the merge is tiled
    for (Operation *merge : tiled->mergeOps)
      if (isa<MergeOp>(merge))
        merge->setDiscardableAttr(AttnDialect::getConfigAttrName(), config);
  rewriter.replaceOp(op, tiled->replacements);
  auto parts = cast<scf::ForallOp>(tiled->loops.front().getOperation());
  fillWithinParts(rewriter, parts);
  return parts;
}

namespace {
struct AttnSplitKvPass final : attn::impl::AttnSplitKvPassBase<AttnSplitKvPass> {
  using Base::Base;
  void runOnOperation() override {
    SmallVector<ScoreOpInterface> ops;
    getOperation()->walk([&](ScoreOpInterface op) {
      if (isa<OnlineAttentionOp, OnlineSoftmaxOp>(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (ScoreOpInterface op : ops) {
      int64_t parts = splits;
      if (parts == 0)
        if (ConfigAttr config = findConfig(op))
          parts = config.getSplits();
      if (parts == 0 || parts == 1)
        continue;
      Location loc = op.getLoc();
      FailureOr<scf::ForallOp> loop = splitKeys(rewriter, op, parts);
      if (failed(loop))
        return signalPassFailure();
      if (!*loop)
        continue;
      remark::passed(loc, remark::RemarkOpts::name("SplitKv").category("attn")) << remark::metric("parts", parts);
    }
  }
};
} // namespace
