//===- FlattenForall.cpp - a perfect nest of scf.forall as one loop -------===//
//
//   scf.forall (%s) shared_outs(%o = ...) {
//     %slice = tensor.extract_slice %o[%s, 0, 0] ...
//     %r = scf.forall (%i) shared_outs(%p = %slice) {
//       ...
//       scf.forall.in_parallel { insert %tile into %p[%i, 0] ... }
//     }
//     scf.forall.in_parallel { insert %r into %o[%s, 0, 0] ... }
//   }
// ->
//   scf.forall (%s, %i) shared_outs(%o = ...) {
//     ...
//     scf.forall.in_parallel { insert %tile into %o[%s, %i, 0] ... }
//   }
//
//===----------------------------------------------------------------------===//

#include "FlattenForall.h"
#include "mlir/Dialect/Affine/ViewLikeInterfaceUtils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

/// Where result `number` of `inner` is inserted by its parent, if that is the
/// slice it was made from.
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

namespace {
struct Slice {
  SmallVector<OpFoldResult> offsets, sizes, strides;
};
} // namespace

/// Where a slice of the slice `whole` lies in the tensor that `whole` was taken
/// from or goes to.
template <typename WholeOp, typename PartOp> static Slice composed(RewriterBase &rewriter, WholeOp whole, PartOp part) {
  Slice slice;
  LogicalResult merged = affine::mergeOffsetsSizesAndStrides(
      rewriter, part.getLoc(), whole.getMixedOffsets(), whole.getMixedSizes(), whole.getMixedStrides(),
      whole.getDroppedDims(), part.getMixedOffsets(), part.getMixedSizes(), part.getMixedStrides(), slice.offsets,
      slice.sizes, slice.strides);
  assert(succeeded(merged) && "unit strides always compose");
  (void)merged;
  return slice;
}

/// Takes the tiles of an output straight from the outer loop's output, so that
/// a tile is seen to go where it came from (bufferization writes it in place
/// then).
static void extractTiles(RewriterBase &rewriter, tensor::ExtractSliceOp whole) {
  for (Operation *user : llvm::make_early_inc_range(whole->getUsers())) {
    auto tile = dyn_cast<tensor::ExtractSliceOp>(user);
    if (!tile)
      continue;
    rewriter.setInsertionPoint(tile);
    Slice slice = composed(rewriter, whole, tile);
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(tile, tile.getType(), whole.getSource(), slice.offsets,
                                                        slice.sizes, slice.strides);
  }
  if (whole->use_empty())
    rewriter.eraseOp(whole);
}

/// Inserts a tile of the inner loop's result at its place in the outer loop's.
static void insertTile(RewriterBase &rewriter, tensor::ParallelInsertSliceOp tile,
                       tensor::ParallelInsertSliceOp whole) {
  rewriter.setInsertionPoint(tile->getParentOp());
  Slice slice = composed(rewriter, whole, tile);
  rewriter.setInsertionPoint(tile);
  rewriter.replaceOpWithNewOp<tensor::ParallelInsertSliceOp>(tile, tile.getSource(), whole.getDest(), slice.offsets,
                                                             slice.sizes, slice.strides);
}

scf::ForallOp mlir::attn::flattenIntoParent(RewriterBase &rewriter, scf::ForallOp inner) {
  auto outer = dyn_cast<scf::ForallOp>(inner->getParentOp());
  if (!outer || !isPerfectNest(outer, inner))
    return inner;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(outer);
  auto merged =
      scf::ForallOp::create(rewriter, outer.getLoc(), joined(outer.getMixedLowerBound(), inner.getMixedLowerBound()),
                            joined(outer.getMixedUpperBound(), inner.getMixedUpperBound()),
                            joined(outer.getMixedStep(), inner.getMixedStep()), outer.getOutputs(),
                            /*mapping=*/std::nullopt);

  // The outer body moves over as it is; then the inner one takes the place of
  // the inner loop.
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
  SmallVector<Value> slices(inner.getOutputs());
  llvm::append_range(innerArguments, slices);
  rewriter.mergeBlocks(inner.getBody(), merged.getBody(), innerArguments);
  rewriter.eraseOp(inner);
  for (Value slice : slices)
    extractTiles(rewriter, slice.getDefiningOp<tensor::ExtractSliceOp>());
  rewriter.replaceOp(outer, merged);
  return merged;
}
