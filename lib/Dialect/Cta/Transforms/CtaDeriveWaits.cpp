//===- CtaDeriveWaits.cpp - stage 13: how many products may still run -----===//
//
//   %f = cta.dot_async %q, %k                 %f = cta.dot_async %q, %k
//   %g = cta.dot_async %pa, %v, %acc          %g = cta.dot_async %pa, %v, %acc
//   %s = cta.dot_wait %f                      %s = cta.dot_wait %f pending(1)
//   %p = math.exp2 ... %s               ->    %p = math.exp2 ... %s
//   %o = cta.dot_wait %g                      %o, %r = cta.dot_wait %g tied(%p) pending(0)
//   %b = arith.truncf %p                      %b = arith.truncf %r
//   %a = cta.convert_layout %b                %a = cta.convert_layout %b
//
// Products complete in the order in which they are issued, so a product is done when at most as many run as were
// issued after it. What becomes an operand a behind a wait is computed from results of that wait: then nothing can
// move the conversion above it, into the time of a running product (rule 2).
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Roles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTADERIVEWAITSPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

//===----------------------------------------------------------------------===//
// pending
//===----------------------------------------------------------------------===//

static bool issuesProducts(Operation *op) {
  return op->walk([](DotAsyncOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

/// How many products executing `op` issues; nothing if that depends on the path.
static std::optional<int64_t> countProducts(Operation *op);

static std::optional<int64_t> countProducts(Block &block) {
  int64_t count = 0;
  for (Operation &op : block) {
    std::optional<int64_t> nested = countProducts(&op);
    if (!nested)
      return std::nullopt;
    count += *nested;
  }
  return count;
}

static std::optional<int64_t> countProducts(Operation *op) {
  if (isa<DotAsyncOp>(op))
    return 1;
  if (!issuesProducts(op))
    return 0;
  auto branch = dyn_cast<scf::IfOp>(op);
  if (!branch || !branch.elseBlock())
    return std::nullopt;
  std::optional<int64_t> then = countProducts(*branch.thenBlock()), otherwise = countProducts(*branch.elseBlock());
  return then == otherwise ? then : std::nullopt;
}

/// Counts the products issued after `dot` on the way to `wait`, from the block of the wait outwards.
static FailureOr<int64_t> countPending(DotWaitOp wait, DotAsyncOp dot) {
  int64_t pending = 0;
  Operation *end = wait;
  auto ambiguous = [&](Operation *at) {
    InFlightDiagnostic error =
        wait.emitOpError("cannot be given a number of products that may still run: how many are issued after the one "
                         "it waits for depends on the path (rule 1)");
    error.attachNote(at->getLoc()) << "here";
    error.attachNote(dot.getLoc()) << "the product";
    return error;
  };
  while (true) {
    bool outermost = end->getBlock() == dot->getBlock();
    for (Operation *op = end->getPrevNode(); op && op != dot; op = op->getPrevNode()) {
      std::optional<int64_t> count = countProducts(op);
      if (!count)
        return ambiguous(op), failure();
      pending += *count;
    }
    if (outermost)
      return pending;
    Operation *parent = end->getParentOp();
    // The product is issued once, the wait comes in every iteration.
    if (!isa<scf::IfOp>(parent) && issuesProducts(parent))
      return ambiguous(parent), failure();
    end = parent;
  }
}

static LogicalResult derivePending(DotWaitOp wait) {
  auto dot = wait.getInflight().getDefiningOp<DotAsyncOp>();
  if (!dot) {
    bool carried = isa<BlockArgument>(wait.getInflight()) || !isa<scf::IfOp>(wait.getInflight().getDefiningOp());
    if (carried)
      return wait.emitOpError("waits for a product that is in flight over a loop's back edge (rule 9)");
    return wait.emitOpError("waits for one of two products, by a condition (rule 1)");
  }
  FailureOr<int64_t> pending = countPending(wait, dot);
  if (failed(pending))
    return failure();
  wait.setPending(*pending);
  return success();
}

static LogicalResult checkWaited(DotAsyncOp dot) {
  SmallVector<Operation *> waits;
  for (Operation *user : dot.getResult().getUsers()) {
    if (isa<scf::ForOp, scf::WhileOp, scf::ConditionOp>(user) ||
        (isa<scf::YieldOp>(user) && !isa<scf::IfOp>(user->getParentOp())))
      return user->emitOpError("carries a product in flight over a loop's back edge (rule 9)");
    waits.push_back(user);
  }
  if (waits.size() == 1)
    return success();
  return dot.emitOpError() << "is waited for " << waits.size() << " times, expected 1 (rule 1)";
}

//===----------------------------------------------------------------------===//
// tied
//===----------------------------------------------------------------------===//

static bool isOperandA(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa_and_nonnull<OperandAAttr>(type.getEncoding());
}

/// The op behind `wait`, in its block and without regions, that computes `value`; null if there is none.
static Operation *getOpBehind(Value value, DotWaitOp wait) {
  Operation *op = value.getDefiningOp();
  bool behind = op && op->getBlock() == wait->getBlock() && wait->isBeforeInBlock(op);
  return behind && op->getNumRegions() == 0 && isMemoryEffectFree(op) ? op : nullptr;
}

/// What was computed before a wait and is used to compute `value` behind it. `dependent` becomes true where results of
/// the wait are used too, so that nothing needs tying.
static void collectLeaves(Value value, DotWaitOp wait, llvm::SetVector<Value> &leaves, llvm::SmallDenseSet<Value> &seen,
                          bool &dependent) {
  if (!isa<RankedTensorType>(value.getType()) || !seen.insert(value).second)
    return;
  if (Operation *op = getOpBehind(value, wait)) {
    for (Value operand : op->getOperands())
      collectLeaves(operand, wait, leaves, seen, dependent);
    return;
  }
  Operation *op = value.getDefiningOp();
  Operation *inBlock = op ? wait->getBlock()->findAncestorOpInBlock(*op) : nullptr;
  if (inBlock && !inBlock->isBeforeInBlock(wait)) // The wait, or something behind it that stays where it is.
    dependent = true;
  else if (!op || !op->hasTrait<OpTrait::ConstantLike>())
    leaves.insert(value);
}

/// The last wait before `conversion` in its block or, where that has none, one around it.
static DotWaitOp findWaitBefore(Operation *conversion) {
  for (Operation *at = conversion; at && !isa<scf::ForOp, scf::WhileOp, WarpSpecializeOp, gpu::GPUFuncOp>(at);
       at = at->getParentOp())
    for (Operation *op = at->getPrevNode(); op; op = op->getPrevNode()) {
      if (auto wait = dyn_cast<DotWaitOp>(op))
        return wait;
      if (op->getNumRegions() != 0 && issuesProducts(op)) // Its waits are behind us, all of them.
        return {};
    }
  return {};
}

static void tie(DotWaitOp wait, ArrayRef<Value> values) {
  OpBuilder builder(wait);
  auto tied = DotWaitOp::create(builder, wait.getLoc(), wait.getResult().getType(), ValueRange(values).getTypes(),
                                wait.getInflight(), values, wait.getPendingAttr());
  tied->setDiscardableAttrs(wait->getDiscardableAttrDictionary());
  Block *block = wait->getBlock();
  for (auto [i, result] : llvm::enumerate(tied.getTiedResults()))
    Value(values[i]).replaceUsesWithIf(result, [&](OpOperand &use) {
      Operation *user = block->findAncestorOpInBlock(*use.getOwner());
      return user && wait->isBeforeInBlock(user);
    });
  wait.getResult().replaceAllUsesWith(tied.getResult());
  wait.erase();
}

static void tieOperandsA(gpu::GPUFuncOp kernel) {
  llvm::MapVector<Operation *, llvm::SetVector<Value>> tied;
  kernel.walk([&](ConvertLayoutOp conversion) {
    if (!isOperandA(conversion.getResult()))
      return;
    DotWaitOp wait = findWaitBefore(conversion);
    if (!wait)
      return;
    llvm::SetVector<Value> leaves;
    llvm::SmallDenseSet<Value> seen;
    bool dependent = false;
    collectLeaves(conversion.getResult(), wait, leaves, seen, dependent);
    if (!dependent)
      tied[wait].insert_range(leaves);
  });
  for (auto &[wait, values] : tied)
    if (!values.empty())
      tie(cast<DotWaitOp>(wait), values.getArrayRef());
}

LogicalResult mlir::cta::deriveWaits(gpu::GPUFuncOp kernel) {
  WalkResult result = kernel.walk([](Operation *op) {
    auto wait = dyn_cast<DotWaitOp>(op);
    if (wait && (wait.getPending() || !wait.getTied().empty()))
      return wait.emitOpError("has what cta-derive-waits gives already"), WalkResult::interrupt();
    auto dot = dyn_cast<DotAsyncOp>(op);
    if ((dot && failed(checkWaited(dot))) || (wait && failed(derivePending(wait))))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  tieOperandsA(kernel);
  int64_t waits = 0, most = 0;
  kernel.walk([&](DotWaitOp wait) {
    ++waits;
    most = std::max<int64_t>(most, wait.getPending().value_or(0));
  });
  remark::analysis(kernel.getLoc(), remark::RemarkOpts::name("Waits").category("cta-derive-waits"))
      << remark::metric("waits", waits) << remark::metric("most_pending", most);
  return success();
}

namespace {
struct CtaDeriveWaitsPass final : cta::impl::CtaDeriveWaitsPassBase<CtaDeriveWaitsPass> {
  void runOnOperation() override {
    if (failed(deriveWaits(getOperation())))
      signalPassFailure();
  }
};
} // namespace
