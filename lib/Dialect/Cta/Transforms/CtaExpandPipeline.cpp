//===- CtaExpandPipeline.cpp - the key loop in its scheduled order --------===//
//
//   scf.for %j = 0 to %n { A(j) {stage 0, order 0}; B(j) {stage 1, order 1}; C(j) {stage 0, order 2} }
//     =>  A(0); C(0); scf.for %j = 0 to %n - 1 { A(j + 1); B(j); C(j + 1) }; B(n - 1)
//
// Upstream's scf::pipelineForLoop does it, with three things arranged around it:
//
// * For a dynamic trip count it predicates every op of prologue and epilogue, which no product in flight survives. Here
//   the trip count is proven beforehand (integer ranges) to fill the pipeline, so that every predicate is true: ops are
//   left as they are, and the predicates replaced by true.
// * What comes after the loop and needs nothing of the last products (the sum of a row, its reciprocal, its
//   logarithm) is computed while they run.
// * Accumulators that the expansion leaves behind as iteration arguments without use cost 64 to 128 registers, so
//   what can be folded is folded at once. That includes the rescaling of the accumulators' zeros in the prologue
//   (below).
//
//===----------------------------------------------------------------------===//

#include "LoopFolding.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/TileLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTAEXPANDPIPELINEPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

/// The ops of the body in the order of their places, of which every op has one.
static FailureOr<SmallVector<Operation *>> getOrder(scf::ForOp loop) {
  SmallVector<Operation *> ops;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (!getAt(&op))
      return op.emitOpError("has no cta.at, but others in its loop have");
    ops.push_back(&op);
  }
  llvm::sort(ops, [](Operation *a, Operation *b) {
    int64_t first = getAt(a).getOrder(), second = getAt(b).getOrder();
    return first != second ? first < second : a->isBeforeInBlock(b);
  });
  return ops;
}

/// Every op comes after what it uses, in the steady state and across iterations, and only values of registers cross
/// from one stage to the next: a tile in shared memory would be overwritten, a product in flight read too early (rule
/// 9).
static LogicalResult checkOrder(scf::ForOp loop, ArrayRef<Operation *> order) {
  DenseMap<Operation *, int64_t> cycles; // when an op of iteration 0 is executed, in ops of the steady state
  int64_t length = order.size();
  for (auto [i, op] : llvm::enumerate(order))
    cycles[op] = getAt(op).getStage() * length + i;
  Block *body = loop.getBody();
  auto check = [&](Operation *op, Value value) -> LogicalResult {
    int64_t distance = 0;
    if (auto argument = dyn_cast<BlockArgument>(value); argument && argument.getOwner() == body) {
      if (argument.getArgNumber() == 0)
        return success();
      value = body->getTerminator()->getOperand(argument.getArgNumber() - 1);
      distance = 1;
    }
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != body || (def == op && distance == 0))
      return success();
    AtAttr at = getAt(op), from = getAt(def);
    if (cycles[def] - distance * length >= cycles[op])
      return op->emitOpError("has stage ")
             << at.getStage() << ", order " << at.getOrder() << ", which comes before " << def->getName()
             << " of stage " << from.getStage() << ", order " << from.getOrder() << ", whose result it uses";
    if (isa<TileType, InflightType>(value.getType()) && (distance > 0 || at.getStage() != from.getStage()))
      return op->emitOpError("of stage ") << at.getStage() << " uses a value of type " << value.getType()
                                          << " of stage " << from.getStage() << ", which cannot be carried to it";
    return success();
  };
  for (Operation *op : order) {
    WalkResult result = op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (failed(check(op, operand)))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return success();
}

/// Whether the loop surely makes `trips` iterations.
static LogicalResult proveTrips(scf::ForOp loop, int64_t trips) {
  IntegerRanges ranges(loop->getParentOfType<gpu::GPUFuncOp>());
  auto lower = ranges.get(loop.getLowerBound()), upper = ranges.get(loop.getUpperBound()),
       step = ranges.get(loop.getStep());
  int64_t span, needed;
  if (lower && upper && step && !llvm::SubOverflow(upper->min, lower->max, span) &&
      !llvm::MulOverflow(trips - 1, step->max, needed) && span > needed)
    return success();
  return loop.emitOpError("has ops of ") << trips + 1 << " stages, but is not known to make " << trips
                                         << (trips == 1 ? " iteration" : " iterations")
                                         << ": its upper bound shall be an arith.maxsi";
}

namespace {
/// Nothing to rescale: in the prologue the accumulators are still zero. The factor is exp2 of a difference of maxima,
/// at most 1, or NaN if a score is, in which case the probabilities bring the NaN to the same rows.
struct DropScaledZero final : RewritePattern {
  DropScaledZero(MLIRContext *context, const DenseSet<Operation *> &prologue)
      : RewritePattern(MatchAnyOpTypeTag(), 2, context), prologue(prologue) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<arith::MulFOp, math::FmaOp>(op) || !isa<RankedTensorType>(op->getResult(0).getType()) ||
        !prologue.contains(op))
      return rewriter.notifyMatchFailure(op, "not a product of register tiles in a prologue");
    for (Value factor : op->getOperands().take_front(2)) {
      if (!matchPattern(factor, m_AnyZeroFloat()))
        continue;
      rewriter.replaceOp(op, isa<math::FmaOp>(op) ? op->getOperand(2) : factor);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no factor is zero");
  }

  const DenseSet<Operation *> &prologue;
};

/// Keeps the set of prologue ops free of ops that are gone.
struct ForgetErased final : RewriterBase::Listener {
  explicit ForgetErased(DenseSet<Operation *> &ops) : ops(ops) {}
  void notifyOperationErased(Operation *op) override { ops.erase(op); }
  DenseSet<Operation *> &ops;
};
} // namespace

/// No predicate may be left around a product: the accumulators would cross a branch.
static LogicalResult checkStraight(gpu::GPUFuncOp kernel) {
  WalkResult result = kernel.walk([&](Operation *op) {
    if (!isa<DotAsyncOp, DotWaitOp>(op) || !isa<scf::IfOp>(op->getParentOp()))
      return WalkResult::advance();
    op->emitOpError("is left under a condition by the expansion of its loop");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// The epilogue's ops that can run beside its last products, with their place in order.
static void advanceIndependent(Block *block, Operation *loop) {
  DotWaitOp wait;
  AtAttr place; // of the op that is issued last before the wait
  for (Operation *op = loop->getNextNode(); op && !wait; op = op->getNextNode()) {
    wait = dyn_cast<DotWaitOp>(op);
    if (AtAttr at = getAt(op); at && !wait)
      place = at;
  }
  if (!wait || !place)
    return;
  DenseSet<Operation *> dependent{wait};
  for (Operation &op : llvm::make_early_inc_range(llvm::make_range(std::next(Block::iterator(wait)), block->end()))) {
    bool isTile = op.getNumResults() == 1 && isa<RankedTensorType>(op.getResult(0).getType());
    bool depends = op.getNumRegions() != 0 || !isMemoryEffectFree(&op) || !isTile || getAt(&op);
    for (Value operand : op.getOperands())
      depends |= operand.getDefiningOp() && dependent.contains(operand.getDefiningOp());
    if (depends) {
      dependent.insert(&op);
      continue;
    }
    op.moveBefore(wait);
    op.setAttr(CtaDialect::getAtAttrName(),
               AtAttr::get(op.getContext(), place.getStage(), place.getOrder(), Role::Consumer));
  }
}

LogicalResult cta::expandPipeline(RewriterBase &rewriter, gpu::GPUFuncOp kernel) {
  SmallVector<scf::ForOp> loops;
  kernel.walk([&](scf::ForOp loop) {
    if (llvm::any_of(loop.getBody()->without_terminator(), [](Operation &op) { return bool(getAt(&op)); }))
      loops.push_back(loop);
  });

  DenseSet<Operation *> prologue;
  for (scf::ForOp loop : loops) {
    FailureOr<SmallVector<Operation *>> order = getOrder(loop);
    if (failed(order) || failed(checkOrder(loop, *order)))
      return failure();
    int64_t lastStage = 0;
    for (Operation *op : *order)
      lastStage = std::max(lastStage, getAt(op).getStage());
    remark::passed(loop.getLoc(), remark::RemarkOpts::name("ExpandPipeline").category("cta-expand-pipeline"))
        << remark::metric("stages", lastStage + 1);
    if (lastStage == 0) {
      for (Operation *op : *order)
        op->moveBefore(loop.getBody()->getTerminator());
      continue;
    }
    if (failed(proveTrips(loop, lastStage)))
      return failure();

    Location loc = loop.getLoc();
    SmallVector<Value> predicates;
    scf::PipeliningOption options;
    options.supportDynamicLoops = true;
    options.getScheduleFn = [&](scf::ForOp, std::vector<std::pair<Operation *, unsigned>> &schedule) {
      for (Operation *op : *order)
        schedule.emplace_back(op, getAt(op).getStage());
    };
    options.predicateFn = [&](RewriterBase &, Operation *op, Value predicate) {
      predicates.push_back(predicate);
      return op;
    };
    options.annotateFn = [&](Operation *op, scf::PipeliningOption::PipelinerPart part, unsigned) {
      if (part == scf::PipeliningOption::PipelinerPart::Prologue)
        op->walk([&](Operation *inner) { prologue.insert(inner); });
    };
    rewriter.setInsertionPoint(loop);
    if (failed(scf::pipelineForLoop(rewriter, loop, options)))
      return emitError(loc,
                       "the loop's schedule could not be expanded: an op is placed before one whose result it uses");
    for (Value predicate : predicates)
      if (Operation *def = predicate.getDefiningOp()) {
        rewriter.setInsertionPoint(def);
        Value yes = arith::ConstantIntOp::create(rewriter, loc, 1, 1);
        rewriter.replaceAllUsesWith(predicate, yes);
      }
  }
  if (loops.empty())
    return success();
  RewritePatternSet patterns(kernel.getContext());
  patterns.add<DropScaledZero>(kernel.getContext(), prologue);
  ForgetErased listener(prologue);
  GreedyRewriteConfig config;
  config.setListener(&listener);
  if (failed(foldLoops(kernel, std::move(patterns), config)))
    return failure();
  for (Block &block : kernel.getBody())
    for (scf::ForOp loop : getKeyLoops(&block))
      advanceIndependent(&block, loop);
  return checkStraight(kernel);
}

namespace {
struct CtaExpandPipelinePass final : cta::impl::CtaExpandPipelinePassBase<CtaExpandPipelinePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    if (failed(expandPipeline(rewriter, getOperation())))
      signalPassFailure();
  }
};
} // namespace
