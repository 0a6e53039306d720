//===- VerifyChannels.cpp - rules 5 and 10 --------------------------------===//

#include "ScheduleModel.h"
#include "VerifySchedule.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace mlir::cta;

//===----------------------------------------------------------------------===//
// Rule 5
//===----------------------------------------------------------------------===//

/// The products that read the tile in `slot` where `slot` has this name.
static SmallVector<DotAsyncOp> findReaders(Value slot) {
  SmallVector<DotAsyncOp> readers;
  for (Operation *user : slot.getUsers())
    if (auto tile = dyn_cast<SlotTileOp>(user))
      for (Operation *reader : tile->getUsers())
        if (auto product = dyn_cast<DotAsyncOp>(reader))
          readers.push_back(product);
  return readers;
}

static LogicalResult verifyRelease(ReleaseOp release) {
  Block *block = release->getBlock();
  for (DotAsyncOp reader : findReaders(release.getSlot())) {
    Operation *issue = ancestorIn(block, reader);
    if (!issue)
      continue;
    if (release->isBeforeInBlock(issue))
      return reader.emitOpError("rule 5: reads a slot after its release");
    DotWaitOp wait = findWait(reader);
    Operation *complete = wait ? ancestorIn(block, wait) : nullptr;
    if (complete && release->isBeforeInBlock(complete))
      return release.emitOpError("rule 5: releases a slot that a product may still read: its wait follows");
  }
  return success();
}

/// A slot that was waited for is released, or handed on to a later name that is.
static LogicalResult verifyReleased(WaitOp wait) {
  bool released = llvm::any_of(wait.getSlot().getUsers(), [](Operation *user) {
    return isa<ReleaseOp>(user) || user->hasTrait<OpTrait::IsTerminator>() || user->getNumRegions() > 0;
  });
  if (!released)
    return wait.emitOpError("rule 5: waits for a slot that is never released");
  return success();
}

/// Loops over keys read what they load: a tile that they carried would outlive its slot.
static LogicalResult verifyNoCarriedTile(scf::ForOp loop) {
  for (BlockArgument argument : loop.getRegionIterArgs())
    if (isa<TileType>(argument.getType()))
      return loop.emitOpError() << "rule 5: carries a shared tile, " << argument.getType()
                                << ", from one iteration to the next";
  return success();
}

//===----------------------------------------------------------------------===//
// Rule 10
//===----------------------------------------------------------------------===//

namespace {

/// Follows the kernel in the order in which it runs, within or outside of an exclusive section.
class SectionChecker {
public:
  /// `checksInside`: also what the sections contain, which is of interest where they are in order.
  SectionChecker(ArrayRef<ExecutionOrder> orders, bool checksInside) : checksInside(checksInside) {
    for (const ExecutionOrder &order : orders)
      byBlock[&order.block()] = &order;
  }

  /// Whether a section is open at the end of `region` if one is (`open`) at its beginning; fails where it has said why
  /// the sections are not in order.
  FailureOr<bool> run(Region &region, bool open);

private:
  FailureOr<bool> run(Operation *op, bool open);
  LogicalResult checkInside(Operation *op);

  bool checksInside;
  DenseMap<Block *, const ExecutionOrder *> byBlock;
};

} // namespace

FailureOr<bool> SectionChecker::run(Region &region, bool open) {
  for (Block &block : region)
    for (Operation *op : byBlock.at(&block)->ops()) {
      FailureOr<bool> after = run(op, open);
      if (failed(after))
        return failure();
      open = *after;
    }
  return open;
}

FailureOr<bool> SectionChecker::run(Operation *op, bool open) {
  if (isa<SectionEnterOp>(op)) {
    if (open)
      return LogicalResult(op->emitOpError("rule 10: enters an exclusive section within one"));
    return true;
  }
  if (isa<SectionLeaveOp>(op)) {
    if (!open)
      return LogicalResult(op->emitOpError("rule 10: leaves an exclusive section that was not entered"));
    return false;
  }
  if (open && checksInside && failed(checkInside(op)))
    return failure();
  if (isa<scf::WhileOp>(op)) { // the first part runs once more than the second
    FailureOr<bool> before = run(op->getRegion(0), open);
    FailureOr<bool> after = failed(before) ? before : run(op->getRegion(1), *before);
    if (failed(after))
      return failure();
    if (*after != open)
      return LogicalResult(
          op->emitOpError("rule 10: an iteration does not leave the exclusive section as it found it"));
    return before;
  }
  bool isLoop = isa<scf::ForOp>(op);
  std::optional<bool> result;
  for (Region &region : op->getRegions()) {
    FailureOr<bool> after = run(region, open);
    if (failed(after))
      return failure();
    if (isLoop && *after != open)
      return LogicalResult(
          op->emitOpError("rule 10: an iteration does not leave the exclusive section as it found it"));
    if (result && *result != *after)
      return LogicalResult(op->emitOpError("rule 10: its regions do not leave the exclusive section alike"));
    result = *after;
  }
  if (auto branch = dyn_cast<scf::IfOp>(op); branch && branch.getElseRegion().empty() && result && *result != open)
    return LogicalResult(op->emitOpError("rule 10: its regions do not leave the exclusive section alike"));
  return result.value_or(open);
}

/// Products, waits for what they read, and scalars.
static bool isBrief(Operation *op) {
  if (isa<DotAsyncOp, DotWaitOp, WaitOp, SlotTileOp, ReleaseOp, LoadOp, MbarrierWaitOp, MbarrierArriveOp, SmemTileOp,
          SectionEnterOp, SectionLeaveOp>(op) ||
      op->hasTrait<OpTrait::ConstantLike>() || op->hasTrait<OpTrait::IsTerminator>() || op->getNumRegions() > 0)
    return true;
  if (auto convert = dyn_cast<ConvertLayoutOp>(op)) {
    auto from = getRegisterLayout(cast<RankedTensorType>(convert.getSource().getType()));
    auto to = getRegisterLayout(cast<RankedTensorType>(convert.getResult().getType()));
    return from && to && fovea::classifyConversion(*from, *to) == fovea::ConversionKind::RegistersOnly;
  }
  auto isTile = [](Type type) { return isa<RankedTensorType>(type); };
  return isMemoryEffectFree(op) && llvm::none_of(op->getOperandTypes(), isTile) &&
         llvm::none_of(op->getResultTypes(), isTile);
}

LogicalResult SectionChecker::checkInside(Operation *op) {
  // Loops may span sections, and are looked into; a branch is one op.
  if (isa<LoopLikeOpInterface>(op) || !op->walk([](Operation *nested) {
                                           return isBrief(nested) ? WalkResult::advance() : WalkResult::interrupt();
                                         }).wasInterrupted())
    return success();
  return op->emitOpError("rule 10: keeps the other warpgroups out of the exclusive section, where only products are "
                         "issued");
}

LogicalResult mlir::cta::verifyChannels(gpu::GPUFuncOp kernel, ArrayRef<ExecutionOrder> orders) {
  bool legal = true;
  kernel.walk([&](Operation *op) {
    if (auto release = dyn_cast<ReleaseOp>(op))
      legal &= succeeded(verifyRelease(release));
    else if (auto wait = dyn_cast<WaitOp>(op))
      legal &= succeeded(verifyReleased(wait));
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      legal &= succeeded(verifyNoCarriedTile(loop));
  });
  FailureOr<bool> open = SectionChecker(orders, /*checksInside=*/false).run(kernel.getBody(), false);
  if (failed(open))
    return failure();
  if (*open)
    return kernel.emitOpError("rule 10: ends within an exclusive section");
  return success(legal & succeeded(SectionChecker(orders, /*checksInside=*/true).run(kernel.getBody(), false)));
}
