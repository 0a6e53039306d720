//===- GpuModel.cpp - what a GPU offers the compiler ----------------------===//
//
// The table of schedules was measured on an H200 (2026-11): forward attention in bf16, 16,384 tokens, 2,048 = heads x
// head dim. What decides: with fewer keys the boundary between tiles weighs more (the next Q in time, tiles that divide
// the length), with more keys the exchange between softmax and products does (three warpgroups, conditional
// rescale), at large head dims the registers of the accumulator. benchmarks/results/h200-schedules.md has what was
// tried.
//
//===----------------------------------------------------------------------===//

#include "fovea/Target/GpuModel.h"

#include <algorithm>

using namespace fovea;

std::optional<GpuModel> GpuModel::find(llvm::StringRef chip) {
  if (chip != "sm_90a")
    return std::nullopt;
  GpuModel model;
  model.chip = "sm_90a";
  model.sharedBytesPerBlock = 227 << 10;
  return model;
}

namespace {
constexpr int64_t any = INT64_MAX;

struct Entry {
  int64_t maxHeadDim;
  bool masked;
  int64_t maxKeys;
  AttentionSchedule schedule;
};

// warpgroups, tile_n, ping-pong, flatten, rescale_log2, output over query, blocks per SM, tiles per section,
// query stages, dynamic, stages of K and V
constexpr Entry table[] = {
    {64, false, 1024, {4, 64, true, false, 0, false, 1, 0, 2, false}},
    {64, false, any, {3, 128, true, false, 0, false, 1, 0, 2}},
    {64, true, 1024, {1, 64, false, false, 0, false, 3, 300, 2}},
    {64, true, any, {3, 128, true, false, 0, false, 1, 900, 2, true, 3}},
    {96, false, 1024, {2, 128, false, true, 0, false, 1, 0, 2}},
    {96, false, any, {3, 112, true, false, 8, false, 1, 0, 2}},
    {96, true, 2048, {2, 128, false, true, 0, false, 1, 300, 2}},
    {96, true, any, {3, 96, true, false, 8, false, 1, 600, 2}},
    {128, false, 1024, {2, 128, true, false, 0, false, 1, 0, 2, false}},
    {128, false, any, {3, 80, true, false, 8, false, 1, 0, 2}},
    {128, true, 4096, {2, 128, true, false, 0, false, 1, 130, 2}},
    {128, true, any, {3, 80, false, false, 8, false, 1, 600, 1}},
    {192, false, 1024, {2, 64, false, true, 8, true, 1, 0, 2}},
    {192, false, 4096, {2, 80, true, false, 8, true, 1, 0, 2}},
    {192, false, any, {2, 80, false, false, 8, true, 1, 0, 1}},
    {192, true, 512, {2, 64, true, false, 8, true, 1, 64, 2}},
    {192, true, 1024, {2, 64, true, false, 8, true, 1, 160, 2}},
    {192, true, any, {2, 80, true, true, 8, true, 1, 250, 2}},
    {256, false, any, {2, 64, false, false, 8, true, 1, 0, 1}},
    {256, true, 512, {2, 64, false, false, 8, true, 1, 64, 1}},
    {256, true, any, {2, 64, false, false, 8, true, 1, 130, 1}},
};

bool fits(const Entry &entry, const AttentionShape &shape) {
  // Score functions and elements of memory need registers beside the tile: two warpgroups, which have the most of them.
  bool needsRegisters = shape.readsElements || (shape.scoreFunction && entry.maxHeadDim > 64);
  if (needsRegisters && entry.schedule.warpgroups != 2)
    return false;
  return shape.headDim <= entry.maxHeadDim && shape.masked == entry.masked;
}
} // namespace

std::optional<AttentionSchedule> fovea::chooseAttentionSchedule(const AttentionShape &shape) {
  const Entry *best = nullptr;
  for (const Entry &entry : table) {
    if (!fits(entry, shape) || (best && best->maxHeadDim != entry.maxHeadDim))
      continue;
    if (!best || best->maxKeys < shape.keys)
      best = &entry;
  }
  if (!best)
    return std::nullopt;
  AttentionSchedule schedule = best->schedule;
  if (shape.readsElements) // what is loaded has registers beside the scores, and bounds and flags beside that
    schedule.tileN = std::min<int64_t>(schedule.tileN, !shape.masked ? 96 : shape.headDim <= 128 ? 80 : 64);
  if (shape.scorePositions && schedule.warpgroups > 2) // and so have positions
    schedule.tileN = std::min<int64_t>(schedule.tileN, 96);
  if (!shape.outputFitsQuery && schedule.outputOverQuery) {
    // The output takes shared memory of its own, which large head dims leave only beside smaller blocks of keys.
    schedule.outputOverQuery = false;
    if (shape.headDim > 128)
      schedule.tileN = std::min<int64_t>(schedule.tileN, 64);
  }
  return schedule;
}

llvm::SmallVector<int64_t> fovea::scheduleChangesAt(const AttentionShape &shape) {
  llvm::SmallVector<int64_t> limits;
  int64_t headDim = 0;
  for (const Entry &entry : table)
    if (fits(entry, shape) && (headDim == 0 || headDim == entry.maxHeadDim)) {
      headDim = entry.maxHeadDim;
      limits.push_back(entry.maxKeys);
    }
  if (!limits.empty())
    limits.pop_back(); // The last entry is for all greater numbers.
  return limits;
}
