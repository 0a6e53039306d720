//===- AttnFold.cpp - what shapes alone say about an op -------------------===//
//
// Outputs without elements are their own results. And casts that lose static extents go into the op:
//
//   %c = tensor.cast %k : tensor<8x64xf32> to tensor<?x64xf32>
//   attn.online_attention ins(%q, %c, ...)        ->        attn.online_attention ins(%q, %k, ...)
//
// Upstream has this for every op in destination style, but its clone of an op with an empty region crashes under a
// listener (22.1.8). This pattern comes first, and leaves upstream's nothing to match.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::attn;

/// Gives the arguments of captures that `region` takes whole the captures' types, and their readers the old ones.
static void castArguments(PatternRewriter &rewriter, ScoreOpInterface op, Region &region, unsigned first) {
  if (region.empty())
    return;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(&region.front());
  for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
    BlockArgument argument = region.getArgument(first + i);
    Type old = argument.getType();
    if (!isa<RankedTensorType>(old) || old == capture.getType())
      continue;
    argument.setType(capture.getType());
    auto cast = tensor::CastOp::create(rewriter, op.getLoc(), old, argument);
    rewriter.replaceAllUsesExcept(argument, cast, cast);
  }
}

namespace {
struct FoldCasts final : OpInterfaceRewritePattern<StructuredOpInterface> {
  explicit FoldCasts(MLIRContext *context) : OpInterfaceRewritePattern(context, /*benefit=*/16) {}

  LogicalResult matchAndRewrite(StructuredOpInterface op, PatternRewriter &rewriter) const override {
    auto isFoldable = [](Value operand) {
      auto cast = operand.getDefiningOp<tensor::CastOp>();
      return cast && tensor::canFoldIntoConsumerOp(cast);
    };
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    SmallVector<OpOperand *> foldable;
    for (OpOperand &operand : op->getOpOperands())
      if (isFoldable(operand.get()))
        foldable.push_back(&operand);
    if (foldable.empty())
      return rewriter.notifyMatchFailure(op, "no operand is a cast that loses static extents");

    SmallVector<Value> operands(op->getOperands());
    SmallVector<Type> results(op->getResultTypes());
    for (OpOperand *operand : foldable) {
      Value source = operand->get().getDefiningOp<tensor::CastOp>().getSource();
      operands[operand->getOperandNumber()] = source;
      if (destination.isDpsInit(operand))
        results[destination.getTiedOpResult(operand).getResultNumber()] = source.getType();
    }
    OperationState state(op.getLoc(), op->getName(), operands, results, llvm::to_vector(op->getDiscardableAttrs()));
    state.propertiesAttr = op->getPropertiesAsAttribute();
    for (unsigned i = 0, e = op->getNumRegions(); i != e; ++i)
      state.addRegion();
    Operation *folded = rewriter.create(state);
    // The maps that shapes imply must not change with the shapes.
    auto attention = dyn_cast<AttentionOp>(folded);
    if (!attention || !attention.hasSugar()) // clauses are defined for the default maps only
      folded->setAttr("maps", rewriter.getAffineMapArrayAttr(op.getMappedOperandMaps()));
    for (auto [from, to] : llvm::zip_equal(op->getRegions(), folded->getRegions()))
      rewriter.inlineRegionBefore(from, to, to.end());
    if (auto scoreOp = dyn_cast<ScoreOpInterface>(folded)) {
      castArguments(rewriter, scoreOp, scoreOp.getScore(), 1);
      castArguments(rewriter, scoreOp, scoreOp.getMask(), 0);
    }
    SmallVector<Value> replacements;
    for (auto [before, after] : llvm::zip_equal(op->getResults(), folded->getResults()))
      replacements.push_back(before.getType() == after.getType()
                                 ? Value(after)
                                 : tensor::CastOp::create(rewriter, op.getLoc(), before.getType(), after));
    rewriter.replaceOp(op, replacements);
    return success();
  }
};

/// Nothing is computed where no output has an element.
struct FoldEmptyOutputs final : OpInterfaceRewritePattern<StructuredOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(StructuredOpInterface op, PatternRewriter &rewriter) const override {
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    if (!destination.hasPureTensorSemantics() || !llvm::all_of(destination.getDpsInits(), [](Value output) {
          return llvm::is_contained(cast<ShapedType>(output.getType()).getShape(), 0);
        }))
      return rewriter.notifyMatchFailure(op, "an output may have elements");
    SmallVector<Value> outputs(destination.getDpsInits());
    rewriter.replaceOp(op, outputs);
    return success();
  }
};
} // namespace

void AttnDialect::getCanonicalizationPatterns(RewritePatternSet &patterns) const {
  patterns.add<FoldCasts, FoldEmptyOutputs>(getContext());
}
