//===- Ceilings.cpp - what this machine can do at most --------------------===//

#include "Ceilings.h"
#include "fovea/Execute/Fill.h"
#include "fovea/runtime.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <chrono>

using namespace fovea;

/// Seconds of the fastest of the calls of `body(thread)` on all threads that fit in a few milliseconds; a noisy
/// neighbour makes no machine faster.
static double timeBest(llvm::function_ref<void(int64_t)> body) {
  using Clock = std::chrono::steady_clock;
  constexpr double enough = 10e-3;
  constexpr int maxCalls = 50;
  auto run = [](void *context, int64_t thread) {
    (*static_cast<llvm::function_ref<void(int64_t)> *>(context))(thread);
  };
  double best = std::numeric_limits<double>::infinity(), total = 0;
  for (int call = 0; call < 2 || (total < enough && call < maxCalls); ++call) {
    auto start = Clock::now();
    foveaParallelFor(foveaGetThreadCount(), run, &body);
    double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    total += seconds;
    // The first one starts threads and fills caches.
    if (call > 0)
      best = std::min(best, seconds);
  }
  return best;
}

llvm::Expected<CpuCeilings> CpuCeilings::create() {
  auto kernels = CeilingKernels::compile(CpuModel::host());
  if (!kernels)
    return kernels.takeError();
  return CpuCeilings(std::move(*kernels));
}

std::string CpuCeilings::getUnit(ElementType type) const {
  if (usesAmx(type))
    return "bf16 AMX";
  if (usesPairs(type))
    return "bf16 pairs";
  return type == ElementType::F64 ? "f64 FMA" : "f32 FMA";
}

double CpuCeilings::measureFlops(ElementType type) const {
  constexpr int64_t iterations = 100'000;
  double flops = 0;
  double seconds = 0;
  int threads = foveaGetThreadCount();
  if (usesAmx(type)) {
    flops = double(iterations) * CeilingKernels::amxFlopsPerIteration;
    seconds = timeBest([&](int64_t) {
      // Ordinary numbers: zeros are multiplied faster.
      alignas(64) uint16_t tiles[4 * 16 * 32];
      for (auto [i, element] : llvm::enumerate(tiles))
        element = 0x3d00 + (i * 40503) % 0x100;
      kernels.amxBF16(iterations, tiles);
    });
  } else {
    bool isF64 = type == ElementType::F64, arePairs = usesPairs(type);
    auto *kernel = arePairs ? kernels.pairsBF16 : isF64 ? kernels.fmaF64 : kernels.fmaF32;
    flops = double(iterations) * kernels.getFlopsPerIteration(isF64) * (arePairs ? 2 : 1);
    seconds = timeBest([&](int64_t) {
      alignas(64) char sink[64];
      kernel(iterations, sink);
    });
  }
  return flops * threads / seconds;
}

llvm::Expected<Ceiling> CpuCeilings::measure(ElementType type, int64_t bytes, bool writes) {
  Ceiling ceiling;
  ceiling.peakFlops = measureFlops(type);
  int64_t threads = foveaGetThreadCount();
  auto grow = [&](std::optional<HostTensor> &buffer, int64_t size) -> llvm::Error {
    if (buffer && buffer->getStorageBytes() >= size)
      return llvm::Error::success();
    buffer.reset();
    auto made = HostTensor::contiguous(ElementType::I8, {size});
    if (!made)
      return made.takeError();
    buffer = std::move(*made);
    return llvm::Error::success();
  };
  // A copy is in the caches of both of its halves.
  int64_t part = llvm::alignTo(std::max<int64_t>(bytes / threads, 1), CeilingKernels::blockBytes);
  int64_t half = llvm::alignTo(std::max<int64_t>(bytes / threads / 2, 1), CeilingKernels::blockBytes);
  if (llvm::Error error = grow(from, threads * part))
    return error;
  char *source = static_cast<char *>(from->getStorage());
  alignas(64) static thread_local char sink[64];
  double seconds = timeBest([&](int64_t thread) { kernels.read(source + thread * part, part, sink); });
  ceiling.readBandwidth = double(threads) * part / seconds;
  if (!writes)
    return ceiling;
  if (llvm::Error error = grow(to, threads * half))
    return error;
  char *target = static_cast<char *>(to->getStorage());
  for (auto *copy : {kernels.copy, kernels.copyNonTemporal}) {
    seconds = timeBest([&](int64_t thread) { copy(source + thread * half, target + thread * half, half); });
    ceiling.copyBandwidth = std::max(ceiling.copyBandwidth, 2.0 * threads * half / seconds);
  }
  return ceiling;
}
