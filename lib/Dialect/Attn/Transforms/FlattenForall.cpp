//===- FlattenForall.cpp - a perfect nest of scf.forall as one loop -------===//
//
//   scf.forall (%s) shared_outs(%o = ...) {
//     %slice = tensor.extract_slice %o[%s, 0, 0] ...
//     %r = scf.forall (%i) shared_outs(%p = %slice) {
//       ...
//       scf.forall.in_parallel { tensor.parallel_insert_slice %tile into %p[%i, 0] ... }
//     }
//     scf.forall.in_parallel { tensor.parallel_insert_slice %r into %o[%s, 0, 0] ... }
//   }
// ->
//   scf.forall (%s, %i) shared_outs(%o = ...) {
//     %p = tensor.extract_slice %o[%s, 0, 0] ...
//     ...
//     scf.forall.in_parallel { tensor.parallel_insert_slice %tile into %o[%s, %i, 0] ... }
//   }
//
//===----------------------------------------------------------------------===//

#include "FlattenForall.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

/// Where result `number` of `inner` is inserted by its parent, if that is the slice it was made from.
static tensor::ParallelInsertSliceOp outerInsertion(scf::ForallOp inner, unsigned number) {
  OpResult result = inner->getResult(number);
  if (!result.hasOneUse())
    return {};
  auto insertion = dyn_cast<tensor::ParallelInsertSliceOp>(*result.user_begin());
  auto slice = inner.getOutputs()[number].getDefiningOp<tensor::ExtractSliceOp>();
  if (!insertion || !slice || insertion.getDest() != slice.getSource() || !insertion.hasUnitStride() ||
      !slice.hasUnitStride() || !isEqualConstantIntOrValueArray(insertion.getMixedOffsets(), slice.getMixedOffsets()))
    return {};
  return insertion;
}

static bool isPerfectNest(scf::ForallOp outer, scf::ForallOp inner) {
  for (Operation &op : outer.getBody()->without_terminator())
    if (&op != inner && !isPure(&op))
      return false;
  if (size_t(llvm::range_size(outer.getTerminator().getYieldingOps())) != inner.getNumResults())
    return false;
  for (unsigned i = 0, e = inner.getNumResults(); i != e; ++i)
    if (!outerInsertion(inner, i))
      return false;
  // Only static bounds, or values from outside.
  auto isOutside = [&](Value value) { return outer.isDefinedOutsideOfLoop(value); };
  return llvm::all_of(inner.getDynamicLowerBound(), isOutside) &&
         llvm::all_of(inner.getDynamicUpperBound(), isOutside) && llvm::all_of(inner.getDynamicStep(), isOutside) &&
         !outer.getMapping() && !inner.getMapping();
}

template <typename T> static SmallVector<OpFoldResult> joined(T first, T second) {
  SmallVector<OpFoldResult> all(std::move(first));
  llvm::append_range(all, second);
  return all;
}

/// Inserts a tile of the inner loop's result at its place in the outer loop's.
static void insertTile(RewriterBase &rewriter, tensor::ParallelInsertSliceOp tile,
                       tensor::ParallelInsertSliceOp whole) {
  SmallVector<OpFoldResult> offsets, sizes;
  llvm::SmallBitVector dropped = whole.getDroppedDims();
  SmallVector<OpFoldResult> tileOffsets = tile.getMixedOffsets(), tileSizes = tile.getMixedSizes();
  unsigned next = 0;
  AffineExpr d0 = rewriter.getAffineDimExpr(0), d1 = rewriter.getAffineDimExpr(1);
  for (auto [d, offset] : llvm::enumerate(whole.getMixedOffsets())) {
    if (dropped.test(d)) {
      offsets.push_back(offset);
      sizes.push_back(rewriter.getIndexAttr(1));
      continue;
    }
    Operation *terminator = tile->getParentOp();
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(terminator);
    offsets.push_back(affine::makeComposedFoldedAffineApply(rewriter, tile.getLoc(), d0 + d1,
                                                            {offset, tileOffsets[next]}));
    sizes.push_back(tileSizes[next++]);
  }
  SmallVector<OpFoldResult> strides(offsets.size(), rewriter.getIndexAttr(1));
  rewriter.setInsertionPoint(tile);
  rewriter.replaceOpWithNewOp<tensor::ParallelInsertSliceOp>(tile, tile.getSource(), whole.getDest(), offsets, sizes,
                                                             strides);
}

scf::ForallOp mlir::attn::flattenIntoParent(RewriterBase &rewriter, scf::ForallOp inner) {
  auto outer = dyn_cast<scf::ForallOp>(inner->getParentOp());
  if (!outer || !isPerfectNest(outer, inner))
    return inner;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(outer);
  auto merged = scf::ForallOp::create(
      rewriter, outer.getLoc(), joined(outer.getMixedLowerBound(), inner.getMixedLowerBound()),
      joined(outer.getMixedUpperBound(), inner.getMixedUpperBound()),
      joined(outer.getMixedStep(), inner.getMixedStep()), outer.getOutputs(), /*mapping=*/std::nullopt);

  // The outer body moves over as it is; then the inner one takes the place of the inner loop.
  unsigned outerRank = outer.getRank();
  rewriter.eraseOp(merged.getTerminator());
  SmallVector<Value> ivs = merged.getInductionVars();
  SmallVector<Value> outerArguments(ArrayRef(ivs).take_front(outerRank));
  llvm::append_range(outerArguments, merged.getRegionIterArgs());
  rewriter.mergeBlocks(outer.getBody(), merged.getBody(), outerArguments);

  auto wholeInsertions = llvm::map_to_vector(llvm::seq<unsigned>(inner.getNumResults()),
                                             [&](unsigned i) { return outerInsertion(inner, i); });
  SmallVector<BlockArgument> innerOutputs(inner.getRegionIterArgs());
  auto inParallel = inner.getTerminator();
  for (Operation &op : llvm::make_early_inc_range(inParallel.getYieldingOps())) {
    auto tile = cast<tensor::ParallelInsertSliceOp>(op);
    insertTile(rewriter, tile, wholeInsertions[llvm::find(innerOutputs, tile.getDest()) - innerOutputs.begin()]);
  }
  for (tensor::ParallelInsertSliceOp whole : wholeInsertions)
    rewriter.eraseOp(whole);
  rewriter.eraseOp(merged.getTerminator());
  SmallVector<Value> innerArguments(ArrayRef(ivs).drop_front(outerRank));
  llvm::append_range(innerArguments, inner.getOutputs());
  rewriter.mergeBlocks(inner.getBody(), merged.getBody(), innerArguments);
  rewriter.eraseOp(inner);
  rewriter.replaceOp(outer, merged);
  return merged;
}
