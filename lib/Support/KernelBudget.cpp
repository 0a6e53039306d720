//===- KernelBudget.cpp - What fits into a multiprocessor of sm_90 --------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/KernelBudget.h"

#include <algorithm>

using namespace fovea;

static constexpr int64_t threadsPerWarpgroup = 128;
static constexpr int64_t leastRegisters = 24; // that setmaxnreg takes
static constexpr int64_t registersBesideBlocks = 28;

static int64_t roundDown(int64_t value, int64_t unit) { return value / unit * unit; }

int64_t fovea::launchRegisters(int64_t warpgroups, int64_t blocksPerSm) {
  return roundDown(registersPerSm / ((warpgroups + 1) * threadsPerWarpgroup * blocksPerSm), 8);
}

RoleRegisters fovea::chooseRoleRegisters(int64_t warpgroups, int64_t blocksPerSm) {
  int64_t launch = launchRegisters(warpgroups, blocksPerSm);
  int64_t pool = (warpgroups + 1) * launch;
  int64_t consumer = roundDown((pool - leastRegisters) / warpgroups, 8);
  consumer = std::clamp(consumer, leastRegisters, maxRegistersPerThread);
  int64_t left = std::min(pool - warpgroups * consumer, launch / 4);
  return {launch, std::max(roundDown(left, 8), leastRegisters), consumer};
}

bool fovea::fitsRegisterPool(int64_t warpgroups, int64_t blocksPerSm, int64_t producer, int64_t consumer) {
  return producer + warpgroups * consumer <= (warpgroups + 1) * launchRegisters(warpgroups, blocksPerSm);
}

int64_t fovea::blockRegisterLimit(int64_t registers) { return std::max<int64_t>(registers - registersBesideBlocks, 0); }

int64_t fovea::registersOfProduct(int64_t columns) {
  constexpr int64_t besideAccumulators = 30; // 94 for 128 columns (C7602)
  return columns / 2 + besideAccumulators;
}

int64_t fovea::sharedBytesLimit(int64_t blocksPerSm) { return sharedBytesPerSm / blocksPerSm - sharedBytesReserved; }
