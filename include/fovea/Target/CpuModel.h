//===- CpuModel.h - what a CPU offers the compiler --------------*- C++ -*-===//
//
// Derived from the list of features, never from the CPU's name: hypervisors
// mask the model number, and LLVM then guesses a name of an older chip.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TARGET_CPUMODEL_H
#define FOVEA_TARGET_CPUMODEL_H

#include "llvm/ADT/StringMap.h"

#include <cstdint>
#include <string>

namespace fovea {

struct CpuModel {
  /// What every 64-bit CPU has: 16-byte vectors, sixteen of them. The cache
  /// sizes are the smallest that are common.
  int64_t vectorBytes = 16;
  int64_t vectorRegisters = 16;
  int64_t l1Bytes = 32 << 10;  ///< Of one core, data only.
  int64_t l2Bytes = 512 << 10; ///< Of one core.

  /// How a core reads memory fastest: from how many places in turn, and how far ahead it asks for lines, 0 being not at
  /// all. Measured: with four streams 1 KiB ahead Sapphire Rapids reads at its full rate, since its second-level cache
  /// fetches a few lines ahead in each page that is being read, so that several are faster than one; further ahead
  /// takes the first level's few places for misses. Zen 4 follows one stream best, and is slower for being asked.
  int64_t readStreams = 4;
  int64_t prefetchBytes = 1024;

  bool hasAvx2 = false;   ///< With FMA and the f16 conversions.
  bool hasAvx512 = false; ///< F, BW, DQ and VL.
  bool hasAvx512Bf16 = false;
  /// Whether vdpbf16ps takes as long as a multiply-add of f32, as it does on AMD's Zen 4. Intel's CPUs take four times
  /// as long, so that conversions to f32 are better.
  bool hasFastBf16Pairs = false;
  bool hasAvx512Fp16 = false;
  bool hasAmxBf16 = false;
  bool hasAmxFp16 = false;

  /// For LLVM's target machine: `+avx2,-avx512f,...`, sorted. Empty is the
  /// baseline of the architecture.
  std::string features;

  /// What can be said from features by LLVM's names; the caches stay at their
  /// defaults.
  static CpuModel fromFeatures(const llvm::StringMap<bool> &features);

  /// The machine that this process runs on. AMX counts as there if the kernel lets this process use it.
  static CpuModel host();
};

} // namespace fovea

#endif // FOVEA_TARGET_CPUMODEL_H
