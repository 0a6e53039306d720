//===- AttnTileParallel.cpp - stage 5: one scf.forall over query tiles ----===//
//
//   %acc, %m, %l = attn.online_attention ...
//   %o = attn.finalize ins(%acc, %m, %l) outs(%e)
// ->
//   %o = scf.forall (%b, %h, %i) = (0, 0, 0) to (%B, %H, %L) step (1, 1, M) {
//     %acc, %m, %l = attn.online_attention at[%b, %h, %i, ...] ... // one tile
//     %o = attn.finalize ...
//   }
//
// The state exists per tile only, so that memory beyond inputs and outputs
// stays O(tile). Where the keys were split (stage 4), the tiles of the parts
// join the loop over the parts.
//
//===----------------------------------------------------------------------===//

#include "FlattenForall.h"
#include "ScheduleConfig.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/CSE.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNTILEPARALLELPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// The dimensions of the rows that a state of `root` has, the query's position (or the last row of a softmax) last.
static SmallVector<unsigned> rowDims(Operation *root) {
  auto op = cast<StructuredOpInterface>(root);
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  if (isa<AttentionOp, OnlineAttentionOp>(root)) {
    FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
    if (failed(dims))
      return {};
    return llvm::to_vector(llvm::concat<unsigned>(dims->batch, dims->rows));
  }
  AffineMap rows;
  if (auto finalize = dyn_cast<FinalizeOp>(root))
    rows = op.getMapOf(finalize.getMaxMutable());
  else if (isa<MergeOp>(root))
    rows = maps.back(); // of the sum
  else
    rows = maps.front().dropResult(cast<ScoreOpInterface>(root).getKeyDim());
  return llvm::map_to_vector(rows.getResults(),
                             [](AffineExpr expr) { return cast<AffineDimExpr>(expr).getPosition(); });
}

/// Tile sizes, 0 for a dimension that stays whole: reductions, the softmax
/// dimension and the value's head dim, which no row has; where the keys are to
/// be the outer loop also the query's position. `tileG` rows of the dimension
/// in front of the query's position stay together.
static SmallVector<OpFoldResult> tileSizes(OpBuilder &builder, TilingInterface root, int64_t tileM, int64_t tileG,
                                           LoopOrder order) {
  auto op = cast<StructuredOpInterface>(root.getOperation());
  SmallVector<Range> domain = root.getIterationDomain(builder);
  SmallVector<OpFoldResult> sizes(domain.size(), builder.getIndexAttr(1));
  for (unsigned d : op.getReductionDims())
    sizes[d] = builder.getIndexAttr(0);
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  if (isa<AttentionOp, OnlineAttentionOp>(root)) {
    if (FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]); succeeded(dims))
      sizes[dims->value] = builder.getIndexAttr(0);
  } else if (auto score = dyn_cast<ScoreOpInterface>(root.getOperation())) {
    sizes[score.getKeyDim()] = builder.getIndexAttr(0);
  } else { // The last map is that of an output per row, unless the accumulator
           // or o is the only one.
    AffineMap rows = isa<FinalizeOp>(root) ? maps[1] : maps.back();
    for (unsigned d = 0, e = sizes.size(); d != e; ++d)
      if (!rows.isFunctionOfDim(d))
        sizes[d] = builder.getIndexAttr(0);
  }
  if (SmallVector<unsigned> rows = rowDims(root); !rows.empty()) {
    unsigned row = rows.back();
    auto merge = dyn_cast<MergeOp>(root.getOperation());
    bool ofSoftmax = isa<SoftmaxOp, OnlineSoftmaxOp, NormalizeOp>(root) || (merge && merge.getStates().size() == 2);
    if (order == LoopOrder::KeyOuter && !ofSoftmax) {
      sizes[row] = builder.getIndexAttr(0);
      return sizes;
    }
    std::optional<int64_t> extent = getConstantIntValue(domain[row].size);
    sizes[row] = builder.getIndexAttr(extent ? std::clamp<int64_t>(*extent, 1, tileM) : tileM);
    if (rows.size() > 1)
      sizes[rows[rows.size() - 2]] = builder.getIndexAttr(tileG);
  }
  return sizes;
}

/// The producers that are computed where they are needed: those that make a
/// state for `root` and for nothing else, and fills, which cost nothing to
/// repeat.
static SetVector<Operation *> fusableProducers(Operation *root) {
  SetVector<Operation *> producers;
  SmallVector<Operation *> worklist = {root};
  while (!worklist.empty())
    for (Value operand : worklist.pop_back_val()->getOperands())
      if (Operation *producer = operand.getDefiningOp();
          isa_and_nonnull<OnlineAttentionOp, OnlineSoftmaxOp, MergeOp, linalg::FillOp>(producer) &&
          producers.insert(producer))
        worklist.push_back(producer);
  auto hasOtherUser = [&](Operation *producer) {
    return !isa<linalg::FillOp>(producer) && llvm::any_of(producer->getUsers(), [&](Operation *user) {
      return user != root && !producers.contains(user);
    });
  };
  while (producers.remove_if(hasOtherUser))
    ;
  return producers;
}

/// An op that writes no element at all, or none of one result, is not worth a
/// loop.
static bool writesNothing(Operation *root) {
  return llvm::any_of(root->getResultTypes(),
                      [](Type type) { return llvm::is_contained(cast<RankedTensorType>(type).getShape(), 0); });
}

namespace {
/// Notices what a rewriter erases.
class Erasures final : public RewriterBase::ForwardingListener {
public:
  explicit Erasures(RewriterBase &rewriter)
      : ForwardingListener(rewriter.getListener()), rewriter(rewriter), before(rewriter.getListener()) {
    rewriter.setListener(this);
  }
  ~Erasures() override { rewriter.setListener(before); }

  bool contain(Operation *op) const { return erased.contains(op); }
  void notifyOperationErased(Operation *op) override {
    erased.insert(op);
    ForwardingListener::notifyOperationErased(op);
  }

private:
  RewriterBase &rewriter;
  OpBuilder::Listener *before;
  DenseSet<Operation *> erased;
};
} // namespace

FailureOr<scf::ForallOp> mlir::attn::tileParallel(RewriterBase &rewriter, TilingInterface root, int64_t tileM,
                                                  LoopOrder order, int64_t tileG) {
  if (tileM < 1)
    return root.emitOpError() << "needs a tile of at least 1 row, got " << tileM;
  if (!cast<DestinationStyleOpInterface>(root.getOperation()).hasPureTensorSemantics())
    return root.emitOpError("can be tiled on tensors only");
  if (writesNothing(root))
    return scf::ForallOp();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(root);
  SetVector<Operation *> producers = fusableProducers(root);

  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp)
      .setTileSizes(tileSizes(rewriter, root, tileM, tileG, order));
  options.setFusionControlFn([&](tensor::ExtractSliceOp slice, OpResult producer, bool) {
    // Upstream's ops take a tile of size 0 for a dimension that is not tiled, and look for its size where there is
    // none.
    bool isEmpty = llvm::is_contained(slice.getStaticSizes(), 0);
    return producers.contains(producer.getOwner()) && !isEmpty
               ? std::optional<scf::SCFTileAndFuseOptions::ControlFnResult>(std::in_place)
               : std::nullopt;
  });
  // The state's tensors shrink to the tile.
  RewritePatternSet patterns(rewriter.getContext());
  tensor::populateFoldTensorEmptyPatterns(patterns);
  options.cleanupPatterns = FrozenRewritePatternSet(std::move(patterns));

  FailureOr<scf::SCFTileAndFuseResult> tiled = scf::tileConsumerAndFuseProducersUsingSCF(rewriter, root, options);
  if (failed(tiled))
    return failure();
  if (tiled->loops.empty())
    return scf::ForallOp();
  auto forall = cast<scf::ForallOp>(tiled->loops.front().getOperation());
  for (OpResult result : root->getResults())
    rewriter.replaceAllUsesWith(result, tiled->replacements.lookup(result));
  rewriter.eraseOp(root);
  // The three results of a state were fused one by one: three equal ops, of
  // which one remains. Within the parts of a split it also shows that a tile
  // comes from where it goes.
  Operation *scope = isa<scf::ForallOp>(forall->getParentOp()) ? forall->getParentOp() : forall.getOperation();
  DominanceInfo dominance(scope);
  Erasures erasures(rewriter);
  eliminateCommonSubExpressions(rewriter, dominance, scope);
  // What was fused is read by nobody any more, now that the slices of its results are gone.
  producers.remove_if([&](Operation *producer) { return erasures.contain(producer); });
  while (true) {
    auto *dead = llvm::find_if(producers, [](Operation *producer) { return producer->use_empty(); });
    if (dead == producers.end())
      break;
    Operation *producer = *dead;
    producers.remove(producer);
    rewriter.eraseOp(producer);
  }
  // The loop may be gone, too: one that nobody reads, or that is equal to another.
  return erasures.contain(forall) ? scf::ForallOp() : flattenIntoParent(rewriter, forall);
}

namespace {
struct AttnTileParallelPass final : attn::impl::AttnTileParallelPassBase<AttnTileParallelPass> {
  using Base::Base;

  /// Remembers what fusion has consumed.
  struct ErasedOps final : RewriterBase::Listener {
    void notifyOperationErased(Operation *op) override { erased.insert(op); }
    DenseSet<Operation *> erased;
  };

  /// Which states are made for all rows at once, and why.
  void explainProducers(Operation *root) {
    SetVector<Operation *> fused = fusableProducers(root);
    for (Value operand : root->getOperands())
      if (Operation *producer = operand.getDefiningOp();
          isa_and_nonnull<OnlineAttentionOp, OnlineSoftmaxOp, MergeOp>(producer) && !fused.contains(producer))
        remark::missed(producer->getLoc(), remark::RemarkOpts::name("FuseProducer").category("attn-tile-parallel"))
            << remark::reason("its state has another reader than the '{0}' that is tiled", root->getName());
  }

  void runOnOperation() override {
    SmallVector<TilingInterface> roots;
    getOperation()->walk([&](TilingInterface op) {
      if (isa<FinalizeOp, NormalizeOp, MergeOp, OnlineAttentionOp, OnlineSoftmaxOp, AttentionOp, SoftmaxOp>(op))
        roots.push_back(op);
    });
    ErasedOps listener;
    IRRewriter rewriter(&getContext(), &listener);
    // Readers come before what they read, so that producers are fused rather
    // than tiled alone.
    for (TilingInterface root : llvm::reverse(roots)) {
      if (listener.erased.contains(root))
        continue;
      int64_t size = tileM, group = 1;
      if (ConfigAttr config = findConfig(root)) {
        size = size == 0 ? config.getTileM() : size;
        group = config.getTileG();
      }
      if (size == 0) {
        remark::missed(root.getLoc(), remark::RemarkOpts::name("TileParallel").category("attn"))
            << remark::reason("no attn.config gives the tile size");
        continue;
      }
      Location loc = root.getLoc();
      StringRef name = root->getName().getStringRef();
      explainProducers(root);
      FailureOr<scf::ForallOp> loop = tileParallel(rewriter, root, size, loopOrder, group);
      if (failed(loop))
        return signalPassFailure();
      if (*loop)
        remark::passed(loc, remark::RemarkOpts::name("TileParallel").category("attn-tile-parallel"))
            << remark::metric("op", name) << remark::metric("tile_m", size)
            << remark::metric("dims", static_cast<int64_t>(loop->getRank()));
    }
  }
};
} // namespace
