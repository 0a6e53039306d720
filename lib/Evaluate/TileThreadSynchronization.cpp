//===- TileThreadSynchronization.cpp - Channels, barriers, sections -------===//

#include "TileThread.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;

static constexpr int64_t warpsPerWarpgroup = 4;

TileThread::Done TileThread::executeSynchronization(Operation *op) {
  if (isa<cta::ChannelOp, cta::AcquireOp, cta::WaitOp, cta::SlotTileOp, cta::ReleaseOp, cta::SendOp, cta::ReceiveOp>(
          op))
    return executeChannelOp(op);
  if (isa<cta::SectionEnterOp, cta::SectionLeaveOp>(op))
    return executeSection(op);
  return executeBarrierOp(op);
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

TileThread::Done TileThread::executeChannelOp(Operation *op) {
  if (auto make = dyn_cast<cta::ChannelOp>(op)) {
    set(make.getChannel(), block.addChannel(make));
    return true;
  }
  Value channelValue =
      llvm::TypeSwitch<Operation *, Value>(op)
          .Case<cta::AcquireOp, cta::WaitOp, cta::SlotTileOp, cta::ReleaseOp, cta::SendOp, cta::ReceiveOp>(
              [](auto channelOp) { return channelOp.getChannel(); });
  Channel *channel = getAs<Channel *>(channelValue);
  int64_t consumer = ownership.getWarpgroup();
  auto check = [&](const std::string &wrong) -> Done {
    if (!wrong.empty())
      return evaluator::makeError(op, "of " + name + " " + wrong);
    return true;
  };
  return llvm::TypeSwitch<Operation *, Done>(op)
      .Case([&](cta::AcquireOp acquire) -> Done {
        SlotRef slot = {channel, -1};
        if (isOn(acquire.getPredicate())) {
          std::optional<int64_t> use = channel->acquire();
          if (!use)
            return wait(op, "a free slot of " + channel->describe());
          slot.use = *use;
        }
        set(acquire.getSlot(), slot);
        return true;
      })
      .Case([&](cta::WaitOp waiting) -> Done {
        SlotRef slot = {channel, -1};
        if (isOn(waiting.getPredicate())) {
          std::optional<int64_t> use = channel->wait(consumer);
          if (!use)
            return wait(op, "a full slot of " + channel->describe());
          slot.use = *use;
        }
        set(waiting.getSlot(), slot);
        return true;
      })
      .Case([&](cta::SlotTileOp tile) -> Done {
        int64_t use = getAs<SlotRef>(tile.getSlot()).use;
        SharedTileRef ref = channel->getTile(std::max<int64_t>(use, 0));
        if (use < 0) // Of a slot that was not waited for anything may be read.
          ref = {std::make_shared<SharedBuffer>("a slot that was not waited for", ref.getBytes()), 0, ref.type};
        set(tile.getTile(), ref);
        return true;
      })
      .Case([&](cta::ReleaseOp release) -> Done {
        if (!isOn(release.getPredicate()))
          return true;
        return check(channel->release(getAs<SlotRef>(release.getSlot()).use, consumer));
      })
      .Case([&](cta::SendOp send) -> Done {
        std::optional<int64_t> use = channel->acquire();
        if (!use)
          return wait(op, "a free slot of " + channel->describe());
        channel->scalar(*use) = getInteger(send.getValue());
        return check(channel->fill(*use));
      })
      .Case([&](cta::ReceiveOp receive) -> Done {
        std::optional<int64_t> use = channel->wait(consumer);
        if (!use)
          return wait(op, "a full slot of " + channel->describe());
        set(receive.getValue(), Number::of(channel->scalar(*use)));
        return check(channel->release(*use, consumer));
      });
}

//===----------------------------------------------------------------------===//
// Exclusive sections
//===----------------------------------------------------------------------===//

TileThread::Done TileThread::executeSection(Operation *op) {
  if (!parent) // One thread of control: nobody to exclude.
    return true;
  bool enters = isa<cta::SectionEnterOp>(op);
  if (enters == isInSection)
    return evaluator::makeError(op, "of " + name +
                                        (enters ? " enters a section inside of one (rule 10)"
                                                : " leaves a section that it is not in (rule 10)"));
  if (enters && block.sectionTurn != ownership.getWarpgroup())
    return wait(op,
                "its turn in the exclusive section, which is warpgroup " + std::to_string(block.sectionTurn) + "'s");
  isInSection = enters;
  if (!enters)
    block.sectionTurn = (block.sectionTurn + 1) % ownership.getNumWarpgroups();
  return true;
}

//===----------------------------------------------------------------------===//
// Addresses and barriers
//===----------------------------------------------------------------------===//

TileThread::Done TileThread::executeNamedBarrier(cta::NamedBarrierOp op) {
  NamedBarrier &barrier = block.getNamedBarrier(getInteger(op.getId()));
  if (!waitToken) {
    int64_t before = barrier.getGeneration();
    if (std::string wrong = barrier.arrive(ownership.getWarpgroup(), op.getThreads()); !wrong.empty())
      return evaluator::makeError(op, "of " + name + " " + wrong);
    if (op.getArrive())
      return true;
    waitToken = before;
  }
  if (barrier.getGeneration() == *waitToken)
    return wait(op, "the others at named barrier " + std::to_string(getInteger(op.getId())));
  waitToken.reset();
  return true;
}

TileThread::Done TileThread::executeBarrierOp(Operation *op) {
  std::shared_ptr<SharedBuffer> shared = block.getSharedMemory();
  if (!shared && !isa<cta::SyncBlockOp, cta::WarpgroupIndexOp, cta::NamedBarrierOp>(op))
    return evaluator::makeError(op, "is in a kernel without cta.shared_bytes: run cta-allocate-smem first");
  auto checkAddress = [&](int64_t address, int64_t bytes) -> llvm::Error {
    if (address >= 0 && address + bytes <= shared->getBytes())
      return llvm::Error::success();
    return evaluator::makeError(op, "is at " + Twine(address) + ", outside of " + Twine(shared->getBytes()) +
                                        " bytes of shared memory");
  };
  constexpr int64_t scalarBytes = 4;
  return llvm::TypeSwitch<Operation *, Done>(op)
      .Case([&](cta::SharedOp part) -> Done {
        if (!part.getOffset())
          return evaluator::makeError(op, "has no place in shared memory");
        if (llvm::Error error = checkAddress(*part.getOffset(), part.getBytes()))
          return error;
        if (!shared->findRegion(part.getLabel())) {
          if (const auto *other = shared->findOverlap(*part.getOffset(), part.getBytes()))
            return evaluator::makeError(op, "\"" + part.getLabel() + "\" shares memory with \"" + other->label + "\"");
          shared->addRegion(part.getLabel().str(), *part.getOffset(), part.getBytes());
        }
        set(part.getAddress(), Number::of(int64_t(*part.getOffset())));
        return true;
      })
      .Case([&](cta::SmemTileOp tile) -> Done {
        SharedTileRef ref = {shared, getInteger(tile.getAddress()), tile.getTile().getType()};
        if (llvm::Error error = checkAddress(ref.offset, ref.getBytes()))
          return error;
        set(tile.getTile(), ref);
        return true;
      })
      .Case([&](cta::SmemReadOp read) -> Done {
        int64_t address = getInteger(read.getAddress());
        if (llvm::Error error = checkAddress(address, scalarBytes))
          return error;
        set(read.getValue(), Number::of(Scalar::load(ElementType::I32, shared->at(address)).toInt()));
        return true;
      })
      .Case([&](cta::SmemWriteOp write) -> Done {
        int64_t address = getInteger(write.getAddress());
        if (llvm::Error error = checkAddress(address, scalarBytes))
          return error;
        Scalar::ofSigned(getInteger(write.getValue())).store(ElementType::I32, shared->at(address));
        return true;
      })
      .Case([&](cta::MbarrierInitOp init) -> Done {
        block.addMbarrier(getInteger(init.getAddress()), init.getCount(), init.getDepth());
        return true;
      })
      .Case([&](cta::MbarrierWaitOp waiting) -> Done {
        if (!isOn(waiting.getPredicate()))
          return true;
        int64_t address = getInteger(waiting.getAddress());
        llvm::Expected<Mbarrier *> barrier = block.getMbarrier(op, address);
        if (!barrier)
          return barrier.takeError();
        if (!(*barrier)->isComplete(getInteger(waiting.getParity())))
          return wait(op, "barrier " + shared->describe(address));
        return true;
      })
      .Case([&](cta::MbarrierArriveOp arrive) -> Done {
        if (!isOn(arrive.getPredicate()))
          return true;
        int64_t arrivals = parent && role == cta::Role::Consumer ? warpsPerWarpgroup : 1;
        if (llvm::Error error =
                block.arrive(op, getInteger(arrive.getAddress()), arrivals, arrive.getExpect().value_or(0)))
          return error;
        return true;
      })
      .Case([&](cta::NamedBarrierOp barrier) { return executeNamedBarrier(barrier); })
      .Case([&](cta::WarpgroupIndexOp index) -> Done {
        set(index.getIndex(), Number::of(ownership.getWarpgroup()));
        return true;
      })
      // The block's own program has one thread of control.
      .Case([](cta::SyncBlockOp) -> Done { return true; });
}
