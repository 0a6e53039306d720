//===- TileThread.cpp - A thread of control of a block --------------------===//
//
// Structured control flow with a stack of its own, so that a thread can stop at any op.
//
//===----------------------------------------------------------------------===//

#include "TileThread.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;

TileThread::TileThread(TileBlock &block)
    : block(block), name("the block"), ownership(block.getLaunch().getOwnership(0, 1)) {
  gpu::GPUFuncOp kernel = block.getLaunch().getKernel();
  push(kernel.getBody().front(), llvm::to_vector(block.getLaunch().getArguments()));
}

TileThread::TileThread(TileBlock &block, TileThread &parent, Region &program, cta::Role role, int64_t warpgroup,
                       int64_t numWarpgroups)
    : block(block), parent(&parent), role(role), ownership(block.getLaunch().getOwnership(warpgroup, numWarpgroups)) {
  name = cta::stringifyRole(role).str();
  if (role == cta::Role::Consumer)
    name += " " + std::to_string(warpgroup);
  push(program.front(), {});
}

llvm::Expected<bool> TileThread::run(int64_t budget) {
  bool progressed = false;
  for (; budget > 0 && !isFinished(); --budget) {
    Done done = step();
    if (!done)
      return done.takeError();
    if (!*done)
      break;
    waitingOp = nullptr;
    waitedFor.clear();
    progressed = true;
    // What others may have waited for is where they are most likely to get in between.
    if (hasSignalled && role == cta::Role::Consumer && block.getLaunch().getRandom().below(2))
      budget = 0;
    hasSignalled = false;
  }
  return progressed;
}

TileThread::Done TileThread::wait(Operation *op, std::string what) {
  waitingOp = op;
  waitedFor = std::move(what);
  return false;
}

llvm::Error TileThread::checkEnd() const {
  if (isInSection)
    return evaluator::makeError(block.getLaunch().getKernel(), name + " ends inside of an exclusive section");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

const TileValue &TileThread::get(Value value) {
  auto it = values.find(value.getAsOpaquePointer());
  if (it != values.end())
    return it->second;
  TileValue datum = parent->get(value);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (const auto *tile = std::get_if<RegisterTileRef>(&datum); tile && !ownership.ownsAll()) {
    // The kernel's own program holds all rows. A tile without a layout over the role's warps is refused where it is
    // used.
    llvm::Expected<ArrayRef<int64_t>> rows = ownership.getRows(type);
    if (rows)
      datum = takeRows(**tile, *rows);
    else
      consumeError(rows.takeError());
  }
  return values[value.getAsOpaquePointer()] = std::move(datum);
}

llvm::Expected<ArrayRef<int64_t>> TileThread::getRows(Operation *op, Type type) {
  llvm::Expected<ArrayRef<int64_t>> rows = ownership.getRows(cast<RankedTensorType>(type));
  if (!rows)
    return evaluator::makeError(op, toString(rows.takeError()));
  return rows;
}

TileThread::Values TileThread::getOperands(OperandRange operands) {
  return llvm::map_to_vector(operands, [&](Value operand) { return get(operand); });
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

TileThread::Done TileThread::step() {
  Operation *op = &*stack.back().next;
  if (op->hasTrait<OpTrait::IsTerminator>()) {
    if (llvm::Error error = leave(op))
      return error;
    return true;
  }
  if (isa<scf::ForOp, scf::IfOp, scf::WhileOp>(op)) {
    ++stack.back().next;
    if (llvm::Error error = enter(op))
      return error;
    return true;
  }
  Done done = execute(op);
  if (done && *done)
    ++stack.back().next;
  hasSignalled = isa<cta::ReleaseOp, cta::ReceiveOp, cta::SendOp, cta::MbarrierArriveOp, cta::NamedBarrierOp,
                     cta::SectionLeaveOp, cta::DotAsyncOp>(op);
  return done;
}

void TileThread::push(Block &body, const Values &arguments, Activation loop) {
  loop.block = &body;
  loop.next = body.begin();
  for (auto [argument, datum] : llvm::zip(body.getArguments(), arguments))
    set(argument, datum);
  stack.push_back(loop);
}

/// The induction variable, then what is carried.
static SmallVector<TileValue> getLoopArguments(int64_t index, ArrayRef<TileValue> carried) {
  SmallVector<TileValue> arguments = {Number::of(index)};
  llvm::append_range(arguments, carried);
  return arguments;
}

llvm::Error TileThread::enter(Operation *op) {
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    if (Block *taken = getInteger(branch.getCondition()) ? branch.thenBlock() : branch.elseBlock())
      push(*taken, {});
    return llvm::Error::success();
  }
  if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    push(*loop.getBeforeBody(), getOperands(op->getOperands()));
    return llvm::Error::success();
  }
  auto loop = cast<scf::ForOp>(op);
  Activation activation;
  activation.index = getInteger(loop.getLowerBound());
  activation.upper = getInteger(loop.getUpperBound());
  activation.step = getInteger(loop.getStep());
  if (activation.step <= 0)
    return evaluator::makeError(op, "has the step " + Twine(activation.step) + ", which is not positive");
  Values carried = getOperands(loop.getInits());
  if (activation.index < activation.upper) {
    push(*loop.getBody(), getLoopArguments(activation.index, carried), activation);
    return llvm::Error::success();
  }
  for (auto [result, datum] : llvm::zip_equal(op->getResults(), carried))
    set(result, datum);
  return llvm::Error::success();
}

void TileThread::finishParent(const Values &results) {
  Operation *op = stack.back().block->getParentOp();
  stack.pop_back();
  for (auto [result, datum] : llvm::zip_equal(op->getResults(), results))
    set(result, datum);
}

llvm::Error TileThread::leave(Operation *terminator) {
  if (!isa<scf::YieldOp, scf::ConditionOp>(terminator)) { // The program ends.
    if (block.hasStores(this))
      return evaluator::makeError(terminator,
                                  "ends the program of " + name + ", whose stores still read shared memory");
    stack.pop_back();
    return llvm::Error::success();
  }
  Activation activation = stack.back();
  Operation *op = terminator->getParentOp();
  Values passed = getOperands(terminator->getOperands());
  if (auto condition = dyn_cast<scf::ConditionOp>(terminator)) {
    passed.erase(passed.begin());
    if (!getInteger(condition.getCondition())) {
      finishParent(passed);
      return llvm::Error::success();
    }
    stack.pop_back();
    push(*cast<scf::WhileOp>(op).getAfterBody(), passed);
    return llvm::Error::success();
  }
  if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    stack.pop_back();
    push(*loop.getBeforeBody(), passed);
    return llvm::Error::success();
  }
  activation.index += activation.step;
  if (isa<scf::IfOp>(op) || activation.index >= activation.upper) {
    finishParent(passed);
    return llvm::Error::success();
  }
  stack.pop_back();
  push(*cast<scf::ForOp>(op).getBody(), getLoopArguments(activation.index, passed), activation);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

TileThread::Done TileThread::execute(Operation *op) {
  if (llvm::Error error = checkTouched(op))
    return error;
  if (auto roles = dyn_cast<cta::WarpSpecializeOp>(op)) {
    if (!waitToken) {
      block.startRoles(roles, *this);
      waitToken = 0;
    }
    if (!block.areRolesFinished())
      return wait(op, "the roles");
    waitToken.reset();
    return true;
  }
  if (isa<cta::DotOp, cta::DotAsyncOp, cta::DotWaitOp>(op)) {
    llvm::Error error = isa<cta::DotOp>(op)        ? executeDot(cast<cta::DotOp>(op))
                        : isa<cta::DotAsyncOp>(op) ? executeDotAsync(cast<cta::DotAsyncOp>(op))
                                                   : executeDotWait(cast<cta::DotWaitOp>(op));
    if (error)
      return error;
    return true;
  }
  if (isa<cta::LoadOp, cta::TmaLoadOp, cta::ReadOp, cta::GatherOp, cta::WriteOp, cta::StoreOp, cta::StoreWaitOp,
          cta::AllocTileOp, cta::TileIndexOp, cta::FirstTileOp, cta::NextTileOp, cta::ResetCounterOp, memref::LoadOp,
          memref::DimOp, memref::CastOp>(op))
    return executeMemoryOp(op);
  if (isa<cta::ChannelOp, cta::AcquireOp, cta::WaitOp, cta::SlotTileOp, cta::ReleaseOp, cta::SendOp, cta::ReceiveOp,
          cta::SectionEnterOp, cta::SectionLeaveOp, cta::SharedOp, cta::SmemTileOp, cta::SmemReadOp, cta::SmemWriteOp,
          cta::MbarrierInitOp, cta::SyncBlockOp, cta::MbarrierWaitOp, cta::MbarrierArriveOp, cta::NamedBarrierOp,
          cta::WarpgroupIndexOp>(op))
    return executeSynchronization(op);
  if (llvm::Error error = executeRegisterOp(op))
    return error;
  return true;
}
