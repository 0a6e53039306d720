//===- LoopFolding.cpp - what every step of stage 11 ends with ------------===//

#include "LoopFolding.h"

#include "mlir/Analysis/DataFlow/IntegerRangeAnalysis.h"
#include "mlir/Analysis/DataFlow/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::cta;

namespace {
/// x - (x + c) and x - (x - c): block numbers counted from the end of a loop that ran to the end.
struct FoldDifference final : OpRewritePattern<arith::SubIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SubIOp op, PatternRewriter &rewriter) const override {
    Operation *inner = op.getRhs().getDefiningOp();
    APInt constant;
    if (!isa_and_nonnull<arith::AddIOp, arith::SubIOp>(inner) || inner->getOperand(0) != op.getLhs() ||
        !matchPattern(inner->getOperand(1), m_ConstantInt(&constant)) || !op.getType().isSignlessIntOrIndex())
      return rewriter.notifyMatchFailure(op, "not the difference of a value and itself plus a constant");
    if (isa<arith::AddIOp>(inner))
      constant.negate();
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, rewriter.getIntegerAttr(op.getType(), constant));
    return success();
  }
};
} // namespace

static void populateCanonicalization(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  StringRef dialects[] = {arith::ArithDialect::getDialectNamespace(), math::MathDialect::getDialectNamespace(),
                          scf::SCFDialect::getDialectNamespace()};
  // Not getRegisteredOperationsByDialect: that of 22.1 misses some.
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (llvm::is_contained(dialects, op.getDialectNamespace()))
      op.getCanonicalizationPatterns(patterns, context);
  for (StringRef name : dialects)
    if (Dialect *dialect = context->getLoadedDialect(name))
      dialect->getCanonicalizationPatterns(patterns);
}

/// max(x, y) and min(x, y), where the ranges of x and y say which it is.
static bool dropDecidedBounds(gpu::GPUFuncOp kernel) {
  IntegerRanges ranges(kernel);
  SmallVector<std::pair<Operation *, Value>> decided;
  kernel.walk([&](Operation *op) {
    if (!isa<arith::MaxSIOp, arith::MinSIOp>(op))
      return;
    Value lhs = op->getOperand(0), rhs = op->getOperand(1);
    auto left = ranges.get(lhs), right = ranges.get(rhs);
    if (!left || !right)
      return;
    bool maximum = isa<arith::MaxSIOp>(op);
    if (left->min >= right->max)
      decided.emplace_back(op, maximum ? lhs : rhs);
    else if (right->min >= left->max)
      decided.emplace_back(op, maximum ? rhs : lhs);
  });
  // A bound may be one of the values before it.
  for (auto [op, value] : llvm::reverse(decided)) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }
  return !decided.empty();
}

LogicalResult cta::foldLoops(gpu::GPUFuncOp kernel, RewritePatternSet &&patterns, GreedyRewriteConfig config) {
  populateCanonicalization(patterns);
  patterns.add<FoldDifference>(kernel.getContext());
  FrozenRewritePatternSet frozen(std::move(patterns));
  do
    if (failed(applyPatternsGreedily(kernel, frozen, config)))
      return kernel.emitOpError("folding did not come to an end");
  while (dropDecidedBounds(kernel));
  return success();
}

IntegerRanges::IntegerRanges(gpu::GPUFuncOp kernel) {
  dataflow::loadBaselineAnalyses(solver);
  solver.load<dataflow::IntegerRangeAnalysis>();
  // It fails only where an analysis does; then no value has a range.
  (void)solver.initializeAndRun(kernel);
}

std::optional<IntegerRanges::Range> IntegerRanges::get(Value value) const {
  const auto *lattice = solver.lookupState<dataflow::IntegerValueRangeLattice>(value);
  if (!lattice || lattice->getValue().isUninitialized())
    return std::nullopt;
  ConstantIntRanges range = lattice->getValue().getValue();
  if (range.smin().getBitWidth() == 0 || range.smin().getBitWidth() > 64)
    return std::nullopt;
  return Range{range.smin().getSExtValue(), range.smax().getSExtValue()};
}
