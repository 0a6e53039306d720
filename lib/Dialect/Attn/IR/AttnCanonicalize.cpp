//===- AttnCanonicalize.cpp - canonicalization of score ops ---------------===//
//
// The simplest form of a score op: no region that does nothing, no capture that
// no region reads.
//
//   score { ^bb0(%s: f32, %b: f32): attn.yield %s }   ->   (no score region)
//   mask { attn.yield %true }                         ->   (no mask region, no
//   `partial`) captures(%b) that no region reads                 ->   (no
//   capture, no map)
//
// A mask that is constant false and a row without keys stay as they are: both
// give S3, which the lowerings know.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::attn;

bool AttentionOp::hasSugar() {
  return getCausal() || getAlignment() || getWindowLeft() || getWindowRight() || getSoftcap() || getBias() ||
         getKeep() || getAlibi();
}

/// Whether a region reads the capture `number`.
static bool isRead(ScoreOpInterface op, unsigned number) {
  return (op.hasScore() && !op.getScore().getArgument(number + 1).use_empty()) ||
         (op.hasMask() && !op.getMask().getArgument(number).use_empty());
}

/// Removes the capture `number` with its map and its block arguments.
template <typename OpTy> static void eraseCapture(OpTy op, unsigned number) {
  if (std::optional<ArrayAttr> maps = op.getMaps()) {
    unsigned operand = op.getCapturesMutable()[number].getOperandNumber();
    auto hasOperand = [&](OpOperand *mapped) { return mapped->getOperandNumber() == operand; };
    SmallVector<OpOperand *> mapped = op.getMappedOperands();
    SmallVector<Attribute> left = llvm::to_vector(maps->getValue());
    left.erase(left.begin() + std::distance(mapped.begin(), llvm::find_if(mapped, hasOperand)));
    op.setMapsAttr(ArrayAttr::get(op.getContext(), left));
  }
  if (op.hasScore())
    op.getScore().eraseArgument(number + 1);
  if (op.hasMask())
    op.getMask().eraseArgument(number);
  op.getCapturesMutable().erase(number);
}

template <typename OpTy> static void eraseUnreadCaptures(OpTy op) {
  for (unsigned number = op.getCaptures().size(); number-- > 0;)
    if (!isRead(op, number))
      eraseCapture(op, number);
}

/// Empties `region`. Captures that only it read go with it, for captures
/// without a region are illegal.
template <typename OpTy> static void eraseRegion(PatternRewriter &rewriter, OpTy op, Region &region) {
  rewriter.eraseBlock(&region.front());
  eraseUnreadCaptures(op);
}

namespace {

template <typename OpTy> struct DropIdentityScore final : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!op.hasScore())
      return rewriter.notifyMatchFailure(op, "has no score region");
    Block &block = op.getScore().front();
    if (cast<YieldOp>(block.getTerminator()).getValue() != block.getArgument(0))
      return rewriter.notifyMatchFailure(op, "the score region does not yield its argument");
    rewriter.modifyOpInPlace(op, [&] { eraseRegion(rewriter, op, op.getScore()); });
    return success();
  }
};

template <typename OpTy> struct DropTrueMask final : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    if (!op.hasMask())
      return rewriter.notifyMatchFailure(op, "has no mask region");
    Value keep = cast<YieldOp>(op.getMask().front().getTerminator()).getValue();
    if (!matchPattern(keep, m_One()))
      return rewriter.notifyMatchFailure(op, "the mask region does not yield constant true");
    rewriter.modifyOpInPlace(op, [&] {
      if constexpr (std::is_same_v<OpTy, OnlineAttentionOp>)
        op.getPartialMutable().clear();
      eraseRegion(rewriter, op, op.getMask());
    });
    return success();
  }
};

template <typename OpTy> struct DropUnreadCaptures final : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override {
    auto numbers = llvm::seq<unsigned>(0, op.getCaptures().size());
    if (llvm::all_of(numbers, [&](unsigned number) { return isRead(op, number); }))
      return rewriter.notifyMatchFailure(op, "every capture is read");
    rewriter.modifyOpInPlace(op, [&] { eraseUnreadCaptures(op); });
    return success();
  }
};

} // namespace

#define FOVEA_SCORE_OP(OP)                                                                                             \
  void OP::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {                            \
    patterns.add<DropIdentityScore<OP>, DropTrueMask<OP>, DropUnreadCaptures<OP>>(context);                            \
  }
FOVEA_SCORE_OP(AttentionOp)
FOVEA_SCORE_OP(OnlineAttentionOp)
FOVEA_SCORE_OP(SoftmaxOp)
FOVEA_SCORE_OP(OnlineSoftmaxOp)
FOVEA_SCORE_OP(NormalizeOp)
