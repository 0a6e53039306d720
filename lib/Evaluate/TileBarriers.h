//===- TileBarriers.h - Channels and barriers of a block --------*- C++ -*-===//
//
// Their state and rules. Nothing here waits: a thread asks, and asks again.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_TILEBARRIERS_H
#define FOVEA_LIB_EVALUATE_TILEBARRIERS_H

#include "TileValues.h"

#include "llvm/ADT/SmallBitVector.h"

namespace fovea::tiles {

/// A ring of slots between one producer and the warpgroups of a consumer, each of which takes every slot. Uses are
/// counted from 0 on; use u is that of slot u modulo the depth.
class Channel {
public:
  Channel(std::string label, mlir::cta::ChannelType type, int64_t consumers);

  /// `channel "K"`.
  std::string describe() const { return "channel \"" + label + '"'; }

  /// The producer's next use, if its slot is free.
  std::optional<int64_t> acquire();
  /// Makes a slot full. These return what is wrong, if anything.
  std::string fill(int64_t use);
  std::string release(int64_t use, int64_t consumer);
  /// The consumer's next use, if its slot is full.
  std::optional<int64_t> wait(int64_t consumer);
  /// What is wrong at the end of the kernel.
  std::string checkEnd() const;

  SharedTileRef getTile(int64_t use) const;
  int64_t &scalar(int64_t use) { return slots[use % slots.size()].scalar; }

private:
  struct Slot {
    int64_t use = -1;
    bool isFull = false;
    llvm::SmallBitVector released;
    int64_t scalar = -1;
  };
  std::string describeSlot(int64_t use) const;

  std::string label;
  mlir::cta::TileType type; ///< Null in a channel of scalars.
  std::shared_ptr<SharedBuffer> buffer;
  std::vector<Slot> slots;
  int64_t acquired = 0;
  std::vector<int64_t> waited; ///< By each consumer.
};

/// An mbarrier: a phase is complete when all arrivals have come, and all bytes that they expect.
class Mbarrier {
public:
  Mbarrier(int64_t count = 0) : count(count), pending(count) {}

  /// Whether that completed a phase. `bytes` are expected, if positive, or have arrived.
  bool arrive(int64_t arrivals, int64_t bytes);
  bool isComplete(int64_t parity) const { return (phases & 1) != (parity & 1); }
  int64_t getPhases() const { return phases; }
  /// What is wrong: more arrivals than its count.
  bool isOverrun() const { return pending < 0; }
  bool isIdle() const { return pending == count && bytes == 0; }

private:
  int64_t count, pending, bytes = 0, phases = 0;
};

/// A hardware barrier of so many threads: it completes when they have arrived, waiting or not.
class NamedBarrier {
public:
  /// Of a warpgroup. Returns what is wrong.
  std::string arrive(int64_t warpgroup, int64_t threads);
  /// How often it has completed.
  int64_t getGeneration() const { return generation; }

private:
  int64_t expected = 0, generation = 0;
  llvm::SmallVector<int64_t, 4> arrived; ///< Warpgroups
};

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_TILEBARRIERS_H
