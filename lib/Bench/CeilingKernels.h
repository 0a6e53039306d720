//===- CeilingKernels.h - code that does one thing as fast as it goes -----===//
//
// Small functions of LLVM IR, compiled for a CPU in this process: chains of
// multiply-adds in registers, reads of memory, copies.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_BENCH_CEILINGKERNELS_H
#define FOVEA_LIB_BENCH_CEILINGKERNELS_H

#include "fovea/Target/CpuModel.h"

#include "llvm/Support/Error.h"

#include <memory>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace fovea {

class CeilingKernels {
public:
  static llvm::Expected<CeilingKernels> compile(const CpuModel &cpu);
  CeilingKernels(CeilingKernels &&) noexcept;
  CeilingKernels &operator=(CeilingKernels &&) noexcept;
  ~CeilingKernels();

  /// Multiply-adds, counted as two operations each, of one iteration of a kernel.
  int64_t getFlopsPerIteration(bool f64) const { return 2 * fmaChains * vectorBytes / (f64 ? 8 : 4); }
  void (*fmaF32)(int64_t iterations, void *sink) = nullptr;
  void (*fmaF64)(int64_t iterations, void *sink) = nullptr;

  /// Products of pairs of bf16, twice the operations of f32; null where the CPU has none that are as fast.
  void (*pairsBF16)(int64_t iterations, void *sink) = nullptr;

  /// Products of bf16 tiles of AMX; null where the CPU has none, or the system does not let us use them. `tiles` is 4
  /// KiB of numbers, which decide on the speed.
  static constexpr int64_t amxFlopsPerIteration = 4 * 2 * 16 * 16 * 32;
  void (*amxBF16)(int64_t iterations, void *tiles) = nullptr;

  /// Bytes are multiples of blockBytes.
  static constexpr int64_t blockBytes = 4096;
  void (*read)(const void *from, int64_t bytes, void *sink) = nullptr;
  void (*copy)(const void *from, void *to, int64_t bytes) = nullptr;
  /// The same past the caches.
  void (*copyNonTemporal)(const void *from, void *to, int64_t bytes) = nullptr;

private:
  CeilingKernels();

  int64_t vectorBytes = 16;
  int64_t fmaChains = 12; ///< As many as registers hold, and more than a multiply-add takes.
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace fovea

#endif // FOVEA_LIB_BENCH_CEILINGKERNELS_H
