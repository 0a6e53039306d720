//===- CpuModel.cpp - what a CPU offers the compiler ----------------------===//
//
// Features from LLVM, cache sizes from the C library.
//
//===----------------------------------------------------------------------===//

#include "fovea/Target/CpuModel.h"
#include "fovea/runtime.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Host.h"

#include <unistd.h>

using namespace fovea;

CpuModel CpuModel::fromFeatures(const llvm::StringMap<bool> &features) {
  auto has = [&](llvm::StringRef name) { return features.lookup(name); };
  CpuModel model;
  model.hasAvx2 = has("avx2") && has("fma") && has("f16c");
  model.hasAvx512 = model.hasAvx2 && has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  model.hasAvx512Bf16 = model.hasAvx512 && has("avx512bf16");
  model.hasAvx512Fp16 = model.hasAvx512 && has("avx512fp16");
  const bool isAmd = has("sse4a"); // which no one else has
  model.hasFastBf16Pairs = model.hasAvx512Bf16 && isAmd;
  if (isAmd)
    model.readStreams = 1, model.prefetchBytes = 0;
  model.hasAmxBf16 = has("amx-tile") && has("amx-bf16");
  model.hasAmxFp16 = has("amx-tile") && has("amx-fp16");
  if (model.hasAvx512)
    model.vectorBytes = 64;
  else if (model.hasAvx2)
    model.vectorBytes = 32;
  if (model.hasAvx512 || has("neon"))
    model.vectorRegisters = 32;

  llvm::SmallVector<std::string> names;
  for (const auto &entry : features)
    names.push_back((entry.second ? "+" : "-") + entry.first().str());
  llvm::sort(names);
  model.features = llvm::join(names, ",");
  return model;
}

/// The size that the C library gives for a cache, or what we had.
static void readCacheSize([[maybe_unused]] int name, int64_t &bytes) {
  if (long size = sysconf(name); size > 0)
    bytes = size;
}

CpuModel CpuModel::host() {
  CpuModel model = fromFeatures(llvm::sys::getHostCPUFeatures());
  // The CPU has it; whether this process may use it is up to the kernel.
  if ((model.hasAmxBf16 || model.hasAmxFp16) && foveaRequestMatrixUnit() != 0)
    model.hasAmxBf16 = model.hasAmxFp16 = false;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  readCacheSize(_SC_LEVEL1_DCACHE_SIZE, model.l1Bytes);
  readCacheSize(_SC_LEVEL2_CACHE_SIZE, model.l2Bytes);
#endif
  return model;
}
