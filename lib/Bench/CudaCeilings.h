//===- CudaCeilings.h - what a GPU can do at most ---------------*- C++ -*-===//

#ifndef FOVEA_LIB_BENCH_CUDACEILINGS_H
#define FOVEA_LIB_BENCH_CUDACEILINGS_H

#include "Ceilings.h"
#include "fovea/cuda.h"

#include <memory>

namespace fovea {

/// Measures on the device of the thread's current CUDA context, for sm_90a.
class CudaCeilings {
public:
  static llvm::Expected<std::unique_ptr<CudaCeilings>> create();
  CudaCeilings(const CudaCeilings &) = delete;
  CudaCeilings &operator=(const CudaCeilings &) = delete;
  ~CudaCeilings();

  /// What multiplies operands of a type; empty where nothing is measured for it.
  std::string getUnit(ElementType type) const;

  /// As CpuCeilings::measure; takes some milliseconds.
  llvm::Expected<Ceiling> measure(ElementType type, int64_t bytes, bool writes);

private:
  CudaCeilings() = default;
  llvm::Error reserve(int64_t bytes);
  llvm::Expected<double> timeBest(FoveaCudaKernel *kernel, int64_t blocks, int64_t threads,
                                  llvm::ArrayRef<void *> arguments);

  FoveaCudaModule *module = nullptr;
  FoveaCudaKernel *productsBF16 = nullptr, *productsF16 = nullptr, *read = nullptr, *copy = nullptr;
  FoveaCudaEvent start = nullptr, end = nullptr;
  void *buffer = nullptr; ///< On the device; grows with what is asked for.
  int64_t bufferBytes = 0;
  int64_t multiprocessors = 0;
};

} // namespace fovea

#endif // FOVEA_LIB_BENCH_CUDACEILINGS_H
