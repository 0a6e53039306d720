//===- TileBarriers.cpp - Channels and barriers of a block ----------------===//

#include "TileBarriers.h"

using namespace fovea;
using namespace fovea::tiles;

//===----------------------------------------------------------------------===//
// Channel
//===----------------------------------------------------------------------===//

Channel::Channel(std::string label, mlir::cta::ChannelType type, int64_t consumers)
    : label(std::move(label)), type(llvm::dyn_cast<mlir::cta::TileType>(type.getElement())), slots(type.getDepth()),
      waited(consumers, 0) {
  for (Slot &slot : slots)
    slot.released.resize(consumers);
  if (!this->type)
    return;
  SharedTileRef tile = {nullptr, 0, this->type};
  buffer = std::make_shared<SharedBuffer>(this->label, tile.getBytes() * type.getDepth(), type.getDepth());
}

std::string Channel::describeSlot(int64_t use) const {
  return "slot " + std::to_string(use % int64_t(slots.size())) + " of " + describe();
}

SharedTileRef Channel::getTile(int64_t use) const {
  SharedTileRef tile = {buffer, 0, type};
  tile.offset = use % int64_t(slots.size()) * tile.getBytes();
  return tile;
}

std::optional<int64_t> Channel::acquire() {
  Slot &slot = slots[acquired % slots.size()];
  if (slot.use >= 0 && !(slot.isFull && slot.released.all()))
    return std::nullopt;
  slot.use = acquired;
  slot.isFull = false;
  slot.released.reset();
  return acquired++;
}

std::string Channel::fill(int64_t use) {
  Slot &slot = slots[use % slots.size()];
  if (slot.use != use || slot.isFull)
    return "fills " + describeSlot(use) + ", which is full or in use";
  slot.isFull = true;
  return "";
}

std::optional<int64_t> Channel::wait(int64_t consumer) {
  int64_t use = waited[consumer];
  const Slot &slot = slots[use % slots.size()];
  if (slot.use != use || !slot.isFull)
    return std::nullopt;
  ++waited[consumer];
  return use;
}

std::string Channel::release(int64_t use, int64_t consumer) {
  if (use < 0)
    return "releases a slot of " + describe() + " that was not waited for";
  Slot &slot = slots[use % slots.size()];
  if (slot.use != use || !slot.isFull || slot.released.test(consumer) || waited[consumer] <= use)
    return "releases " + describeSlot(use) + ", which it does not hold";
  slot.released.set(consumer);
  if (type && slot.released.all())
    getTile(use).poison();
  return "";
}

std::string Channel::checkEnd() const {
  for (const Slot &slot : slots)
    if (slot.use >= 0 && !(slot.isFull && slot.released.all()))
      return describeSlot(slot.use) + " was acquired, but not released by all at the end of the kernel";
  return "";
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

bool Mbarrier::arrive(int64_t arrivals, int64_t expected) {
  pending -= arrivals;
  bytes += expected;
  if (pending != 0 || bytes != 0)
    return false;
  pending = count;
  ++phases;
  return true;
}

std::string NamedBarrier::arrive(int64_t warpgroup, int64_t threads) {
  if (arrived.empty())
    expected = threads;
  if (threads != expected)
    return "meets " + std::to_string(threads) + " threads where others meet " + std::to_string(expected);
  if (llvm::is_contained(arrived, warpgroup))
    return "arrives a second time before the others have";
  arrived.push_back(warpgroup);
  if (int64_t(arrived.size()) * mlir::cta::warpgroupThreads == expected) {
    arrived.clear();
    ++generation;
  }
  return "";
}
