//===- GpuModel.h - what a GPU offers the compiler --------------*- C++ -*-===//
//
// The budgets of a multiprocessor, and the schedules of attention that were measured to be the fastest within them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TARGET_GPUMODEL_H
#define FOVEA_TARGET_GPUMODEL_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace fovea {

struct GpuModel {
  llvm::StringRef chip;            ///< As ptxas spells it.
  int64_t registersPerSm = 65536;  ///< Of 32 bits.
  int64_t sharedBytesPerBlock = 0; ///< The most that one block may have.
  int64_t maxRegistersPerThread = 255;

  /// Nothing for a chip that no kernels are made for.
  static std::optional<GpuModel> find(llvm::StringRef chip);
  static constexpr llvm::StringRef supportedChips = "sm_90a";
};

/// What decides on the schedule of an attention.
struct AttentionShape {
  int64_t headDim = 128; ///< The greater one of Q's and V's.
  int64_t keys = 4096;   ///< Their number, or a guess.
  bool masked = false;   ///< Rows see different numbers of keys.
  bool scoreFunction = false;
  bool scorePositions = false; ///< The score function asks for the positions of query and key.
  bool readsElements = false;  ///< Scores or masks read memory for each pair of query and key.
  /// A tile of the output has the extents and the element type of one of Q, and can take its place.
  bool outputFitsQuery = true;
};

/// A schedule of attention on sm_90a. Registers are left to `cta-schedule`.
struct AttentionSchedule {
  int64_t warpgroups, tileN;
  bool pingPong, flatten;
  int64_t rescaleLog2;
  bool outputOverQuery;
  int64_t blocksPerSm;
  int64_t sectionTiles;  ///< Only where rows differ.
  int64_t queryStages;   ///< 2: the next tile's Q is loaded while this one is in use.
  bool isDynamic = true; ///< Tiles are handed out by a counter.
  int64_t stages = 2;    ///< Of the channels of K and V.

  int64_t tileM() const { return 64 * warpgroups; }
};

/// The fastest measured for shapes like this one; nothing if the head dim is too large for any.
std::optional<AttentionSchedule> chooseAttentionSchedule(const AttentionShape &shape);

/// The numbers of keys at which the choice changes, in ascending order: where lengths are dynamic, one kernel per range
/// is worth having.
llvm::SmallVector<int64_t> scheduleChangesAt(const AttentionShape &shape);

} // namespace fovea

#endif // FOVEA_TARGET_GPUMODEL_H
