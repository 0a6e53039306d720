//===- AttnFoldLayoutOps.cpp - layouts become indexing maps ---------------===//
//
//   %t = linalg.transpose ins(%k) permutation = [0, 2, 1, 3]
//   attn.attention ins(%q, %t, %v)   maps [..., (b, h, m, n, k) -> (b, h, n,
//   k)]
//
// becomes
//
//   attn.attention ins(%q, %k, %v)   maps [..., (b, h, m, n, k) -> (b, n, h,
//   k)]
//
// and likewise for reshapes that add or remove dimensions of extent 1, for
// broadcasts, and for a transpose of the result. The data is read where it is.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNFOLDLAYOUTOPSPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Ops that only move data
//===----------------------------------------------------------------------===//

/// Whether `op` writes each element of its one input, unchanged, at the
/// positions that its maps give: a transpose, a broadcast, a copy.
static bool isCopy(linalg::LinalgOp op) {
  if (!op || !op.hasPureTensorSemantics() || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops())
    return false;
  Value yielded = op.getBlock()->getTerminator()->getOperand(0);
  return isa<RankedTensorType>(op.getDpsInputs()[0].getType()) && yielded == op.getBlock()->getArgument(0) &&
         op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isProjectedPermutation() &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isPermutation();
}

/// The position on the side `to` of a copy for the position `exprs` on the side
/// `from`, a permutation of the copy's loops.
static SmallVector<AffineExpr> acrossCopy(ArrayRef<AffineExpr> exprs, AffineMap from, AffineMap to) {
  SmallVector<AffineExpr> loops(from.getNumDims());
  for (auto [result, expr] : llvm::enumerate(exprs))
    loops[from.getDimPosition(result)] = expr;
  SmallVector<AffineExpr> position;
  for (unsigned result = 0; result != to.getNumResults(); ++result)
    position.push_back(loops[to.getDimPosition(result)]);
  return position;
}

/// The one dimension of a reassociation group that is not of extent 1, the
/// first if there is none; nothing where there are several.
static std::optional<int64_t> soleDim(RankedTensorType expanded, ArrayRef<int64_t> group) {
  std::optional<int64_t> sole;
  for (int64_t dim : group) {
    if (expanded.getDimSize(dim) == 1)
      continue;
    if (sole)
      return std::nullopt;
    sole = dim;
  }
  return sole ? *sole : group.front();
}

namespace {
/// A tensor and the position at which it is read.
struct Access {
  Value tensor;
  SmallVector<AffineExpr> position;
};
} // namespace

/// The same element, read in front of the op that only moved it.
static std::optional<Access> readThrough(const Access &access) {
  Operation *producer = access.tensor.getDefiningOp();
  ArrayRef<AffineExpr> position = access.position;
  if (auto copy = dyn_cast_or_null<linalg::LinalgOp>(producer)) {
    if (!isCopy(copy))
      return std::nullopt;
    OpOperand *input = copy.getDpsInputOperand(0);
    AffineMap from = copy.getMatchingIndexingMap(copy.getDpsInitOperand(0));
    AffineMap to = copy.getMatchingIndexingMap(input);
    return Access{input->get(), acrossCopy(position, from, to)};
  }
  if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(producer)) {
    Access source = {expand.getSrc(), {}};
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      std::optional<int64_t> dim = soleDim(expand.getResultType(), group);
      if (!dim)
        return std::nullopt;
      source.position.push_back(position[*dim]);
    }
    return source;
  }
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(producer)) {
    RankedTensorType type = collapse.getSrcType();
    AffineExpr zero = getAffineConstantExpr(0, collapse.getContext());
    Access source = {collapse.getSrc(), SmallVector<AffineExpr>(type.getRank(), zero)};
    for (auto [result, group] : llvm::enumerate(collapse.getReassociationIndices())) {
      std::optional<int64_t> dim = soleDim(type, group);
      if (!dim)
        return std::nullopt;
      source.position[*dim] = position[result];
    }
    return source;
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// Whether `maps` still say the extent of every dimension, and leave to each
/// its role.
static bool keepRoles(ScoreOpInterface op, ArrayRef<AffineMap> maps) {
  for (unsigned d = 0; d != op.getNumLoops(); ++d) {
    AffineExpr dim = getAffineDimExpr(d, op.getContext());
    if (llvm::none_of(maps, [&](AffineMap map) { return llvm::is_contained(map.getResults(), dim); }))
      return false;
  }
  if (!isa<AttentionOp, OnlineAttentionOp>(op))
    return true;
  SmallVector<AffineMap> old = op.getMappedOperandMaps();
  auto before = AttentionDims::infer(old[0], old[1], old[2]);
  auto after = AttentionDims::infer(maps[0], maps[1], maps[2]);
  return succeeded(before) && succeeded(after) && before->key == after->key && before->qk == after->qk &&
         before->value == after->value && before->query() == after->query();
}

namespace {

struct FoldOperandLayout final : OpInterfaceRewritePattern<ScoreOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(ScoreOpInterface op, PatternRewriter &rewriter) const override {
    if (auto attention = dyn_cast<AttentionOp>(op.getOperation()); attention && attention.hasSugar())
      return rewriter.notifyMatchFailure(op, "has clauses, which speak of the "
                                             "layout without maps");
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    SmallVector<OpOperand *> operands = op.getMappedOperands();
    SmallVector<AffineMap> maps = op.getMappedOperandMaps();
    // The input of a softmax is read by the identity.
    size_t first = isa<AttentionOp, OnlineAttentionOp>(op) ? 0 : 1;
    SmallVector<std::optional<Access>> sources(operands.size());
    SmallVector<size_t> found;
    for (size_t i = first; i != operands.size(); ++i) {
      if (maps[i].getNumResults() == 0 || destination.isDpsInit(operands[i]))
        continue;
      sources[i] = readThrough({operands[i]->get(), llvm::to_vector(maps[i].getResults())});
      if (sources[i])
        found.push_back(i);
    }
    // Some folds are legal together only: a batch dimension of extent 1 that
    // leaves the keys must leave the values as well.
    SmallVector<SmallVector<size_t>> choices = {found};
    choices.push_back(llvm::filter_to_vector(found, [](size_t i) { return i == 1 || i == 2; }));
    for (size_t i : found)
      choices.push_back({i});
    for (ArrayRef<size_t> choice : choices)
      if (!choice.empty() && succeeded(fold(op, choice, sources, rewriter)))
        return success();
    return rewriter.notifyMatchFailure(op, "no operand has a layout that its "
                                           "map could express");
  }

private:
  static LogicalResult fold(ScoreOpInterface op, ArrayRef<size_t> choice, ArrayRef<std::optional<Access>> sources,
                            PatternRewriter &rewriter) {
    SmallVector<OpOperand *> operands = op.getMappedOperands();
    SmallVector<AffineMap> maps = op.getMappedOperandMaps();
    for (size_t i : choice)
      maps[i] = AffineMap::get(maps[i].getNumDims(), 0, sources[i]->position, op.getContext());
    if (!keepRoles(op, maps))
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      for (size_t i : choice)
        operands[i]->set(sources[i]->tensor);
      op->setAttr("maps", rewriter.getAffineMapArrayAttr(maps));
    });
    return success();
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// A destination in the layout of the copy's result that exists where
/// `attention` stands: the copy's own, or a new one in place of a new one.
static Value destinationFor(linalg::LinalgOp copy, AttentionOp attention, Value init, RewriterBase &rewriter) {
  Value own = copy.getDpsInits()[0];
  Operation *producer = own.getDefiningOp();
  if (!producer || producer->getBlock() != attention->getBlock() || producer->isBeforeInBlock(attention))
    return own;
  auto empty = init.getDefiningOp<tensor::EmptyOp>();
  if (!empty)
    return nullptr;
  AffineMap from = copy.getMatchingIndexingMap(copy.getDpsInputOperand(0));
  AffineMap to = copy.getMatchingIndexingMap(copy.getDpsInitOperand(0));
  SmallVector<OpFoldResult> sizes = empty.getMixedSizes(), loops(sizes.size());
  for (auto [result, size] : llvm::enumerate(sizes))
    loops[from.getDimPosition(result)] = size;
  for (unsigned result = 0; result != sizes.size(); ++result)
    sizes[result] = loops[to.getDimPosition(result)];
  auto type = cast<RankedTensorType>(own.getType());
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  dispatchIndexOpFoldResults(sizes, dynamic, shape);
  if (type.getShape() != ArrayRef(shape))
    return nullptr;
  return tensor::EmptyOp::create(rewriter, attention.getLoc(), type, dynamic);
}

namespace {

struct FoldResultTranspose final : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp copy, PatternRewriter &rewriter) const override {
    if (!isCopy(copy))
      return rewriter.notifyMatchFailure(copy, "does more than move data");
    OpOperand *input = copy.getDpsInputOperand(0);
    AffineMap from = copy.getMatchingIndexingMap(input);
    AffineMap to = copy.getMatchingIndexingMap(copy.getDpsInitOperand(0));
    auto result = dyn_cast<OpResult>(input->get());
    auto op = input->get().getDefiningOp<AttentionOp>();
    if (!op || op.hasSugar() || op->getBlock() != copy->getBlock())
      return rewriter.notifyMatchFailure(copy, "its input is not an attention without clauses beside it");
    if (!result.hasOneUse() || !from.isPermutation())
      return rewriter.notifyMatchFailure(copy, "the attention's result has other uses or is broadcast");

    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    unsigned number = result.getResultNumber();
    Value destination = destinationFor(copy, op, op.getOutputs()[number], rewriter);
    if (!destination)
      return rewriter.notifyMatchFailure(copy, "no destination of its layout exists before the attention");

    SmallVector<AffineMap> maps = op.getMappedOperandMaps();
    AffineMap &map = maps[maps.size() - op.getOutputs().size() + number];
    map = AffineMap::get(map.getNumDims(), 0, acrossCopy(map.getResults(), from, to), rewriter.getContext());
    rewriter.modifyOpInPlace(op, [&] {
      op.getOutputsMutable()[number].set(destination);
      op.getResult(number).setType(destination.getType());
      op.setMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    });
    rewriter.replaceOp(copy, op.getResult(number));
    return success();
  }
};

} // namespace

void mlir::attn::populateFoldLayoutOpsPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldOperandLayout, FoldResultTranspose>(patterns.getContext());
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct AttnFoldLayoutOpsPass final : attn::impl::AttnFoldLayoutOpsPassBase<AttnFoldLayoutOpsPass> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateFoldLayoutOpsPatterns(patterns);
    // Constants stay in the regions of the ops.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    llvm::MapVector<Location, int64_t> before = countMoved();
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    llvm::MapVector<Location, int64_t> after = countMoved();
    for (auto [loc, moved] : before) {
      remark::RemarkOpts options = remark::RemarkOpts::name("FoldLayout").category("attn-fold-layout-ops");
      int64_t left = after.lookup(loc);
      if (left < moved)
        remark::passed(loc, options) << remark::metric("operands", moved - left);
      if (left > 0)
        remark::missed(loc, options) << remark::reason("operands are moved in memory before they are read")
                                     << remark::metric("operands", left);
    }
  }

private:
  /// How many operands of the attentions at a place are results of ops that only move data.
  llvm::MapVector<Location, int64_t> countMoved() {
    llvm::MapVector<Location, int64_t> moved;
    getOperation()->walk([&](AttentionOp op) {
      for (Value input : {op.getQuery(), op.getKey(), op.getValue()}) {
        auto copy = input.getDefiningOp<linalg::LinalgOp>();
        moved[op.getLoc()] += copy && isCopy(copy);
      }
    });
    return moved;
  }
};

} // namespace
