//===- CtaRemoveLayoutConversions.cpp - conversions of nothing (stage 9) --===//
//
//   %z = arith.constant dense<0.0> : tensor<128xf32, #a>
//   %c = cta.convert_layout %z : tensor<128xf32, #a> -> tensor<128xf32, #b>
//  ->
//   %c = arith.constant dense<0.0> : tensor<128xf32, #b>
//
// Conversions to the same layout, and there and back, are folded by the op itself.
//
//===----------------------------------------------------------------------===//

#include "Rematerialize.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTAREMOVELAYOUTCONVERSIONSPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

namespace {

/// Makes what is converted in the wanted layout to begin with.
struct RematerializeSource final : OpRewritePattern<ConvertLayoutOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvertLayoutOp op, PatternRewriter &rewriter) const override {
    Operation *source = op.getSource().getDefiningOp();
    if (!source || !isRematerializable(source))
      return rewriter.notifyMatchFailure(op, "its source is no constant, splat or iota");
    rewriter.replaceOp(op, rematerialize(rewriter, source, op.getResult().getType().getEncoding()));
    return success();
  }
};

/// Converts a value once where two conversions to the same layout follow each other in a block.
struct MergeConversions final : OpRewritePattern<ConvertLayoutOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvertLayoutOp op, PatternRewriter &rewriter) const override {
    for (Operation *user : op.getSource().getUsers())
      if (auto other = dyn_cast<ConvertLayoutOp>(user); other && other != op && other.getType() == op.getType() &&
                                                        other->getBlock() == op->getBlock() &&
                                                        other->isBeforeInBlock(op)) {
        rewriter.replaceOp(op, other.getResult());
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no conversion to the same layout precedes it");
  }
};

/// Joins two conversions in a row.
struct JoinConversions final : OpRewritePattern<ConvertLayoutOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvertLayoutOp op, PatternRewriter &rewriter) const override {
    auto before = op.getSource().getDefiningOp<ConvertLayoutOp>();
    if (!before)
      return rewriter.notifyMatchFailure(op, "its source is not converted");
    rewriter.modifyOpInPlace(op, [&] { op.getSourceMutable().assign(before.getSource()); });
    return success();
  }
};

struct CtaRemoveLayoutConversionsPass final
    : cta::impl::CtaRemoveLayoutConversionsPassBase<CtaRemoveLayoutConversionsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateRemoveLayoutConversionsPatterns(patterns);
    int64_t before = countConversions();
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      getOperation().emitError("cta-remove-layout-conversions does not come to an end");
      return signalPassFailure();
    }
    int64_t after = countConversions();
    remark::analysis(getOperation().getLoc(),
                     remark::RemarkOpts::name("LayoutConversions").category("cta-remove-layout-conversions"))
        << remark::metric("removed", before - after) << remark::metric("left", after);
  }

private:
  int64_t countConversions() {
    int64_t count = 0;
    getOperation().walk([&](ConvertLayoutOp) { ++count; });
    return count;
  }
};

} // namespace

void mlir::cta::populateRemoveLayoutConversionsPatterns(RewritePatternSet &patterns) {
  patterns.add<RematerializeSource, MergeConversions, JoinConversions>(patterns.getContext());
}
