//===- Ceilings.h - what this machine can do at most ------------*- C++ -*-===//

#ifndef FOVEA_LIB_BENCH_CEILINGS_H
#define FOVEA_LIB_BENCH_CEILINGS_H

#include "CeilingKernels.h"
#include "fovea/Execute/ElementType.h"
#include "fovea/Execute/HostTensor.h"

#include <string>

namespace fovea {

/// What was measured just now, for work of one kind; 0 is not known.
struct Ceiling {
  double peakFlops = 0;     ///< Per second.
  double readBandwidth = 0; ///< Bytes per second.
  double copyBandwidth = 0; ///< Bytes per second, read and written ones.
};

/// Measures on all threads of the runtime.
class CpuCeilings {
public:
  static llvm::Expected<CpuCeilings> create();

  /// What multiplies operands of a type: `f32 FMA`, `bf16 AMX`, `bf16 pairs`.
  std::string getUnit(ElementType type) const;

  /// For operands of `type` that lie in so many bytes, of which some are written. Takes some ten milliseconds.
  llvm::Expected<Ceiling> measure(ElementType type, int64_t bytes, bool writes);

private:
  explicit CpuCeilings(CeilingKernels kernels) : kernels(std::move(kernels)) {}
  bool usesAmx(ElementType type) const { return kernels.amxBF16 && type == ElementType::BF16; }
  bool usesPairs(ElementType type) const { return kernels.pairsBF16 && type == ElementType::BF16 && !usesAmx(type); }
  double measureFlops(ElementType type) const;

  CeilingKernels kernels;
  std::optional<HostTensor> from, to; ///< Grow with what is asked for.
};

} // namespace fovea

#endif // FOVEA_LIB_BENCH_CEILINGS_H
