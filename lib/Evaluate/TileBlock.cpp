//===- TileBlock.cpp - A thread block -------------------------------------===//

#include "TileBlock.h"
#include "TileThread.h"

#include <limits>

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;

bool TileBlock::choosesTiles(gpu::GPUFuncOp kernel) {
  return !kernel.walk([](cta::TileIndexOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

TileBlock::TileBlock(KernelLaunch &launch, int64_t number) : launch(launch), number(number) {
  gpu::GPUFuncOp kernel = launch.getKernel();
  if (auto bytes = kernel->getAttrOfType<IntegerAttr>(cta::CtaDialect::getSharedBytesAttrName()))
    shared = std::make_shared<SharedBuffer>("shared memory", bytes.getInt());
  threads.push_back(std::make_unique<TileThread>(*this));
}

TileBlock::~TileBlock() = default;

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

bool TileBlock::isFinished() const {
  return copies.empty() && llvm::all_of(threads, [](const auto &thread) { return thread->isFinished(); });
}

/// A pace is kept for a while, so that a thread falls far behind the others or runs far ahead of them.
int64_t TileBlock::chooseBudget(TileThread &thread) {
  Random &random = launch.getRandom();
  if (random.below(16) == 0)
    thread.pace = TileThread::Pace(random.below(3));
  switch (thread.pace) {
  case TileThread::Pace::Stalled:
    return 0;
  case TileThread::Pace::Slow:
    return int64_t(1) << random.below(4);
  case TileThread::Pace::Fast:
    break;
  }
  return int64_t(1) << (4 + random.below(7));
}

void TileBlock::addCopy(std::function<llvm::Error()> finish, const TileThread *storedBy) {
  // Soon, later, or not before all threads wait.
  Random &random = launch.getRandom();
  int64_t turnsLeft = random.below(8) ? random.below(1 << random.below(6)) : std::numeric_limits<int64_t>::max();
  copies.push_back({std::move(finish), storedBy, turnsLeft});
}

llvm::Expected<bool> TileBlock::finishCopy(bool whateverIsLeft) {
  SmallVector<size_t> due;
  for (auto [number, copy] : llvm::enumerate(copies))
    if (--copy.turnsLeft <= 0 || whateverIsLeft)
      due.push_back(number);
  if (due.empty())
    return false;
  size_t number = due[launch.getRandom().below(due.size())];
  std::function<llvm::Error()> finish = std::move(copies[number].finish);
  copies.erase(copies.begin() + number);
  if (llvm::Error error = finish())
    return error;
  return true;
}

llvm::Expected<bool> TileBlock::runThreads(function_ref<int64_t(TileThread &)> getBudget) {
  SmallVector<TileThread *> order = llvm::map_to_vector(threads, [](const auto &thread) { return thread.get(); });
  launch.getRandom().shuffle(order);
  bool progressed = false;
  for (TileThread *thread : order) {
    llvm::Expected<bool> ran = thread->run(getBudget(*thread));
    if (!ran)
      return ran.takeError();
    progressed |= *ran;
  }
  return progressed || threads.size() != order.size(); // or roles have begun
}

llvm::Expected<bool> TileBlock::advance() {
  llvm::Expected<bool> ran = runThreads([&](TileThread &thread) { return chooseBudget(thread); });
  if (!ran)
    return ran.takeError();
  llvm::Expected<bool> finished = finishCopy(/*whateverIsLeft=*/false);
  if (!finished || *ran || *finished)
    return finished ? llvm::Expected<bool>(true) : std::move(finished);
  // Nobody stays stalled for whom the others wait.
  ran = runThreads([](TileThread &) { return 1; });
  if (!ran || *ran)
    return ran;
  return finishCopy(/*whateverIsLeft=*/true);
}

static std::string getPlace(Operation *op) {
  std::string text;
  if (auto file = op->getLoc()->findInstanceOf<FileLineColLoc>())
    text = (" (" + Twine(file.getLine()) + ":" + Twine(file.getColumn()) + ")").str();
  return ("'" + op->getName().getStringRef() + "'" + text).str();
}

llvm::Error TileBlock::makeStuckError() const {
  std::string text;
  Operation *first = nullptr;
  for (const std::unique_ptr<TileThread> &thread : threads) {
    Operation *op = thread->getWaitingOp();
    if (!op || isa<cta::WarpSpecializeOp>(op))
      continue;
    first = first ? first : op;
    text += (text.empty() ? ": " : "; ") + thread->getName() + " waits for " + thread->getWaitedFor() + " on " +
            getPlace(op);
  }
  if (!first)
    return evaluator::makeError(launch.getKernel(), "cannot proceed");
  return evaluator::makeError(first, "waits forever, as no thread of block " + Twine(number) + " can proceed" + text);
}

llvm::Error TileBlock::checkEnd() const {
  for (const std::unique_ptr<TileThread> &thread : threads)
    if (llvm::Error error = thread->checkEnd())
      return error;
  for (const std::unique_ptr<Channel> &channel : channels)
    if (std::string wrong = channel->checkEnd(); !wrong.empty())
      return evaluator::makeError(launch.getKernel(), wrong);
  for (const auto &[address, barrier] : mbarriers) {
    if (!barrier.isIdle())
      return evaluator::makeError(launch.getKernel(),
                                  "ends while barrier " + shared->describe(address) + " is in the middle of a phase");
    const SharedBuffer::Region *region = shared->findRegion(address);
    StringRef label = region->label;
    if (!label.consume_back(" full"))
      continue;
    const SharedBuffer::Region *empty = shared->findRegion((label + " empty").str());
    auto released = empty ? mbarriers.find(empty->begin + address - region->begin) : mbarriers.end();
    if (released != mbarriers.end() && released->second.getPhases() != barrier.getPhases())
      return evaluator::makeError(launch.getKernel(), shared->describe(address) + " was completed " +
                                                          Twine(barrier.getPhases()) + " times, " +
                                                          shared->describe(released->first) + " " +
                                                          Twine(released->second.getPhases()) + " times");
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

void TileBlock::startRoles(cta::WarpSpecializeOp op, TileThread &parent) {
  constexpr int64_t warpsPerWarpgroup = 4;
  for (auto [i, program] : llvm::enumerate(op.getPrograms())) {
    cta::Role role = op.getRole(i);
    // One thread of a producer executes its program.
    int64_t warpgroups = role == cta::Role::Producer ? 1 : op.getWarps(role) / warpsPerWarpgroup;
    for (int64_t w = 0; w != warpgroups; ++w)
      threads.push_back(std::make_unique<TileThread>(*this, parent, program, role, w, warpgroups));
  }
}

bool TileBlock::areRolesFinished() const {
  return llvm::all_of(llvm::drop_begin(threads), [](const auto &thread) { return thread->isFinished(); });
}

//===----------------------------------------------------------------------===//
// Channels, barriers, stores
//===----------------------------------------------------------------------===//

Channel *TileBlock::addChannel(cta::ChannelOp op) {
  int64_t consumers = 1;
  launch.getKernel().walk([&](cta::WarpSpecializeOp roles) { consumers = roles.getWarps(cta::Role::Consumer) / 4; });
  channels.push_back(std::make_unique<Channel>(op.getLabel().str(), op.getChannel().getType(), consumers));
  return channels.back().get();
}

void TileBlock::addMbarrier(int64_t address, int64_t count, int64_t depth) {
  constexpr int64_t barrierBytes = 8;
  for (int64_t i = 0; i != depth; ++i)
    mbarriers.insert_or_assign(address + i * barrierBytes, Mbarrier(count));
  const SharedBuffer::Region *region = shared->findRegion(address);
  if (!region)
    return;
  std::string label = region->label;
  shared->setDepth(label, depth);
  if (StringRef slots = label; slots.consume_back(" full"))
    shared->setDepth(slots, depth);
}

llvm::Expected<Mbarrier *> TileBlock::getMbarrier(Operation *op, int64_t address) {
  auto it = mbarriers.find(address);
  if (it == mbarriers.end())
    return evaluator::makeError(op, "names a barrier that was not initialised, at " + Twine(address));
  return &it->second;
}

llvm::Error TileBlock::arrive(Operation *op, int64_t address, int64_t arrivals, int64_t bytes) {
  llvm::Expected<Mbarrier *> barrier = getMbarrier(op, address);
  if (!barrier)
    return barrier.takeError();
  bool isComplete = (*barrier)->arrive(arrivals, bytes);
  if ((*barrier)->isOverrun())
    return evaluator::makeError(op, "arrives at " + shared->describe(address) + " more often than it counts");
  if (!isComplete)
    return llvm::Error::success();
  // What a slot held is gone when all have released it.
  const SharedBuffer::Region *region = shared->findRegion(address);
  StringRef label = region ? StringRef(region->label) : StringRef();
  const SharedBuffer::Region *slots = label.consume_back(" empty") ? shared->findRegion(label) : nullptr;
  if (slots) {
    int64_t slotBytes = slots->bytes / region->depth;
    int64_t slot = (address - region->begin) * region->depth / region->bytes;
    shared->poison(slots->begin + slot * slotBytes, slotBytes);
  }
  return llvm::Error::success();
}

bool TileBlock::hasStores(const TileThread *thread) const {
  return llvm::any_of(copies, [&](const Copy &copy) { return copy.storedBy == thread; });
}
