//===- KernelLaunch.h - All blocks of a kernel ------------------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_KERNELLAUNCH_H
#define FOVEA_LIB_EVALUATE_KERNELLAUNCH_H

#include "RowOwnership.h"
#include "TileValues.h"
#include "fovea/Evaluate/TileInterpreter.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

#include <map>
#include <set>

namespace fovea::tiles {

/// The same numbers on every machine (splitmix64).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  /// 0 to `bound` - 1.
  uint64_t below(uint64_t bound);
  template <typename T> void shuffle(llvm::SmallVectorImpl<T> &values) {
    for (size_t i = values.size(); i > 1; --i)
      std::swap(values[i - 1], values[below(i)]);
  }

private:
  uint64_t state;
};

/// What was noticed, each op's once.
class Notes {
public:
  void add(mlir::Operation *op, const llvm::Twine &message);
  std::vector<std::string> take() { return std::move(texts); }

private:
  std::set<std::pair<mlir::Operation *, std::string>> seen;
  std::vector<std::string> texts;
};

/// One launch of a kernel on a machine of a few multiprocessors.
class KernelLaunch {
public:
  /// Fails where the kernel is not one that can be run.
  static llvm::Expected<KernelLaunch> create(mlir::cta::LaunchOp op, const TileInterpreterOptions &options,
                                             Notes &notes);

  /// Runs all blocks. `arguments`: one value per operand of the launch but `tiles`, tensors as HostTensor.
  llvm::Error run(std::vector<TileValue> arguments, llvm::SmallVector<int64_t> tileExtents);

  mlir::gpu::GPUFuncOp getKernel() const { return kernel; }
  llvm::ArrayRef<TileValue> getArguments() const { return arguments; }
  llvm::ArrayRef<int64_t> getTileExtents() const { return tileExtents; }
  int64_t getNumBlocks() const { return numBlocks; }
  Random &getRandom() { return random; }
  Notes &getNotes() { return notes; }
  /// Of one of so many warpgroups; the same for all blocks.
  RowOwnership &getOwnership(int64_t warpgroup, int64_t numWarpgroups) {
    return ownerships.try_emplace({warpgroup, numWarpgroups}, warpgroup, numWarpgroups).first->second;
  }

private:
  KernelLaunch(mlir::gpu::GPUFuncOp kernel, const TileInterpreterOptions &options, Notes &notes)
      : kernel(kernel), options(options), notes(notes), random(options.seed) {}
  llvm::Error addWorkspaces();
  /// What was zero at the launch is zero again, for the next one.
  llvm::Error checkWorkspaces();
  int64_t getResidentBlocks() const;

  mlir::gpu::GPUFuncOp kernel;
  TileInterpreterOptions options;
  Notes &notes;
  Random random;
  std::vector<TileValue> arguments;
  std::vector<std::unique_ptr<HostTensor>> workspaces;
  llvm::SmallVector<int64_t> tileExtents;
  int64_t numBlocks = 0;
  std::map<std::pair<int64_t, int64_t>, RowOwnership> ownerships;
};

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_KERNELLAUNCH_H
