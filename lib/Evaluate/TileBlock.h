//===- TileBlock.h - A thread block -----------------------------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_TILEBLOCK_H
#define FOVEA_LIB_EVALUATE_TILEBLOCK_H

#include "KernelLaunch.h"
#include "TileBarriers.h"

#include <functional>
#include <map>

namespace fovea::tiles {

class TileThread;

/// What the threads of a block share, and the order in which they take turns.
class TileBlock {
public:
  TileBlock(KernelLaunch &launch, int64_t number);
  ~TileBlock();

  /// Whether a block of the kernel computes the tiles whose numbers it takes, instead of one given tile.
  static bool choosesTiles(mlir::gpu::GPUFuncOp kernel);

  /// Gives every thread and the copies under way a turn. False if none could do anything.
  llvm::Expected<bool> advance();
  bool isFinished() const;
  /// Who waits for what.
  llvm::Error makeStuckError() const;
  /// What the block has left behind that a kernel must not.
  llvm::Error checkEnd() const;

  //===--------------------------------------------------------------------===//
  // For its threads
  //===--------------------------------------------------------------------===//

  KernelLaunch &getLaunch() { return launch; }
  int64_t getNumber() const { return number; }
  /// Begins the programs of the roles, which see the values of `parent`.
  void startRoles(mlir::cta::WarpSpecializeOp op, TileThread &parent);
  bool areRolesFinished() const;

  Channel *addChannel(mlir::cta::ChannelOp op);
  /// The memory that addresses are offsets in (stage 13).
  std::shared_ptr<SharedBuffer> getSharedMemory() { return shared; }

  void addMbarrier(int64_t address, int64_t count, int64_t depth);
  /// Null, with an error, where no barrier was initialised.
  llvm::Expected<Mbarrier *> getMbarrier(mlir::Operation *op, int64_t address);
  llvm::Error arrive(mlir::Operation *op, int64_t address, int64_t arrivals, int64_t bytes);
  NamedBarrier &getNamedBarrier(int64_t id) { return namedBarriers[id]; }

  /// A bulk copy that is done at any later time; of a store, by the thread that issued it.
  void addCopy(std::function<llvm::Error()> finish, const TileThread *storedBy = nullptr);
  bool hasStores(const TileThread *thread) const;

  /// Whose turn it is to execute an exclusive section.
  int64_t sectionTurn = 0;

private:
  struct Copy {
    std::function<llvm::Error()> finish;
    const TileThread *storedBy;
    int64_t turnsLeft; ///< Until it may be done.
  };
  int64_t chooseBudget(TileThread &thread);
  /// In random order. Whether one could do anything.
  llvm::Expected<bool> runThreads(llvm::function_ref<int64_t(TileThread &)> getBudget);
  /// One of those that may be done. Whether there was one.
  llvm::Expected<bool> finishCopy(bool whateverIsLeft);

  KernelLaunch &launch;
  int64_t number;
  std::vector<std::unique_ptr<TileThread>> threads; ///< The block's own, then the roles'.
  std::vector<std::unique_ptr<Channel>> channels;
  std::shared_ptr<SharedBuffer> shared;
  std::map<int64_t, Mbarrier> mbarriers;
  std::map<int64_t, NamedBarrier> namedBarriers;
  std::vector<Copy> copies;
};

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_TILEBLOCK_H
