//===- AttnSetExpBase.cpp - keep softmax states in base 2 -----------------===//
//
//   exp(s - m) = exp2(log2e * s - log2e * m)
//
// so the state of an online op can be kept in base 2 if its scores carry a factor of log2(e). Where the score region is
// affine in the score, a * s + b, the factor goes into the scale and into b, and costs nothing per score. Where it is
// not (softcap), or there is no scale (softmax), the state stays in base e: multiplying s itself would cost as much as
// multiplying s - m does in the lowering, and a large s would lose bits that s - m keeps.
//
// The factor is rounded once, into the scale. That moves a score by at most half an ulp of its size, as the scale's own
// rounding does.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/Transforms/IdentityState.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNSETEXPBASEPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

static constexpr double log2e = llvm::numbers::log2e;

static Value constantLike(OpBuilder &builder, Location loc, FloatType type, double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}

namespace {

/// Rewrites a score region from f(s) to log2e * f(s / log2e) where f is affine, by multiplying its additive terms.
class AffineScore {
public:
  AffineScore(OpBuilder &builder, Block &block) : builder(builder), score(block.getArgument(0)) {
    dependents.insert(score);
    for (Operation &op : block)
      if (readsDependent(op))
        dependents.insert(op.result_begin(), op.result_end());
  }

  bool dependsOnScore(Value value) const { return dependents.contains(value); }
  /// `apply` false only asks whether that is possible. Values that the region uses elsewhere are left alone, since only
  /// the path from the score to the yield changes its meaning.
  bool scale(OpOperand &use, bool apply);

private:
  /// Whether `op`, or an op in its regions, reads a value that depends on the score.
  bool readsDependent(Operation &op) const {
    auto reads = [&](Operation *nested) {
      return WalkResult(failure(llvm::any_of(nested->getOperands(), [&](Value v) { return dependsOnScore(v); })));
    };
    return op.walk(reads).wasInterrupted();
  }
  Value multiplied(Location loc, Value term) {
    return arith::MulFOp::create(builder, loc, term,
                                 constantLike(builder, loc, cast<FloatType>(term.getType()), log2e));
  }

  OpBuilder &builder;
  Value score;
  DenseSet<Value> dependents;
};

} // namespace

bool AffineScore::scale(OpOperand &use, bool apply) {
  Value value = use.get();
  if (!dependsOnScore(value)) {
    if (apply) {
      builder.setInsertionPoint(use.getOwner());
      use.set(multiplied(value.getLoc(), value));
    }
    return true;
  }
  if (value == score)
    return true;
  Operation *op = value.getDefiningOp();
  if (!value.hasOneUse())
    return false;
  if (isa<arith::AddFOp, arith::SubFOp>(op))
    return scale(op->getOpOperand(0), apply) && scale(op->getOpOperand(1), apply);
  if (isa<arith::NegFOp>(op))
    return scale(op->getOpOperand(0), apply);
  if (isa<arith::MulFOp>(op)) {
    bool left = dependsOnScore(op->getOperand(0)), right = dependsOnScore(op->getOperand(1));
    return !(left && right) && scale(op->getOpOperand(left ? 0 : 1), apply);
  }
  if (isa<arith::DivFOp>(op))
    return !dependsOnScore(op->getOperand(1)) && scale(op->getOpOperand(0), apply);
  if (isa<arith::SelectOp>(op))
    return !dependsOnScore(op->getOperand(0)) && scale(op->getOpOperand(1), apply) && scale(op->getOpOperand(2), apply);
  return false;
}

/// Whether the state's user is one that can be told the base.
static LogicalResult collectReaders(Value state, SmallVectorImpl<Operation *> &readers) {
  for (Operation *user : state.getUsers()) {
    if (!isa<FinalizeOp, MergeOp>(user))
      return failure();
    if (!llvm::is_contained(readers, user))
      readers.push_back(user);
  }
  return success();
}

/// An attribute is an f32, so f64 problems and scales that are not known get theirs as a value.
static void multiplyScale(RewriterBase &rewriter, OnlineAttentionOp op) {
  rewriter.setInsertionPoint(op);
  FloatType type = op.getComputeType();
  if (std::optional<double> scale = getStaticScale(op); scale && type.isF32()) {
    op.setScaleAttr(rewriter.getF32FloatAttr(float(*scale * log2e)));
    return;
  }
  Value scale = materializeScale(rewriter, op);
  op.getScaleValueMutable().assign(
      arith::MulFOp::create(rewriter, op.getLoc(), scale, constantLike(rewriter, op.getLoc(), type, log2e)));
  op.removeScaleAttr();
}

/// Multiplies the score of `op` by log2(e), or says that it is not affine.
static LogicalResult multiplyScore(RewriterBase &rewriter, OnlineAttentionOp op) {
  if (Region &region = op.getScore(); !region.empty()) {
    AffineScore score(rewriter, region.front());
    OpOperand &result = cast<YieldOp>(region.front().getTerminator()).getValueMutable();
    if (!score.dependsOnScore(result.get()) || !score.scale(result, /*apply=*/false))
      return rewriter.notifyMatchFailure(op, "the score region is not affine in the score");
    score.scale(result, /*apply=*/true);
  }
  multiplyScale(rewriter, op);
  return success();
}

static void setBase(Operation *op) { op->setAttr("base", ExpBaseAttr::get(op->getContext(), ExpBase::Two)); }

LogicalResult attn::setExpBaseTwo(RewriterBase &rewriter, OnlineAttentionOp op) {
  if (op.getBase() == ExpBase::Two)
    return rewriter.notifyMatchFailure(op, "already in base 2");
  SmallVector<Operation *> readers;
  for (Value state : op->getResults())
    if (failed(collectReaders(state, readers)))
      return rewriter.notifyMatchFailure(op, "the state has a user that knows base e only");
  if (!isIdentityState(op.getOutputs()))
    return rewriter.notifyMatchFailure(op, "the incoming state is not known to be the identity");
  for (Operation *reader : readers)
    if (isa<MergeOp>(reader))
      return rewriter.notifyMatchFailure(op, "the state is merged; set the base before the keys are split");

  OpBuilder::InsertionGuard guard(rewriter);
  if (failed(multiplyScore(rewriter, op)))
    return failure();
  setBase(op);
  for (Operation *reader : readers)
    setBase(reader);
  return success();
}

namespace {
struct AttnSetExpBasePass final : attn::impl::AttnSetExpBasePassBase<AttnSetExpBasePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](OnlineAttentionOp op) {
      bool isTwo = succeeded(setExpBaseTwo(rewriter, op)) || op.getBase() == ExpBase::Two;
      remark::RemarkOpts options = remark::RemarkOpts::name("exp-base").category("attn-set-exp-base");
      if (isTwo)
        remark::passed(op.getLoc(), options)
            << "scores carry log2(e): the exponential is exp2 without a multiplication";
      else
        remark::missed(op.getLoc(), options)
            << "base e: the score region is not affine in the score, or the state has other users";
    });
  }
};
} // namespace
