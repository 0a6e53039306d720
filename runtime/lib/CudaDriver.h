//===- CudaDriver.h - The CUDA driver, loaded on demand ---------*- C++ -*-===//
//
// Part of the Fovea project. The library libcuda.so.1 is opened with dlopen, so
// one binary of the runtime serves machines with and without a GPU. A call
// through the table is always checked: it returns whether it succeeded, and if
// not has set the thread's last error.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_CUDADRIVER_H
#define FOVEA_RUNTIME_LIB_CUDADRIVER_H

#include "CudaTypes.h"

namespace fovea {

/// Sets the last error to "<function>: <error's name> (<error's string>)".
/// Returns whether `result` is a success, which sets nothing.
bool checkCuda(const char *function, CUresult result);

/// A function of the driver; `Signature` is that of the function pointer.
template <typename Signature> struct DriverFunction;
template <typename... Parameters> struct DriverFunction<CUresult(Parameters...)> {
  const char *name;
  CUresult (*pointer)(Parameters...);

  [[nodiscard]] bool operator()(Parameters... arguments) const { return checkCuda(name, pointer(arguments...)); }
  explicit operator bool() const { return pointer != nullptr; }
};

struct CudaDriver {
#define FOVEA_CUDA_FUNCTION(name, version, parameters) DriverFunction<CUresult parameters> name{#name, nullptr};
#include "CudaDriver.def"

  /// Fills the table from a library opened with dlopen. Otherwise false, and
  /// the last error says what is missing.
  bool load(const char *library);
};

/// The driver, loaded by the first call of the process and ready to be used
/// (cuInit has succeeded and there is a device). Null if there is none; the
/// last error says why, each time.
const CudaDriver *cudaDriver();

/// Puts a table in the place of the driver; null takes it away again. For
/// tests: the table must stay as it is while it is in place.
void setCudaDriverForTesting(const CudaDriver *driver);

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_CUDADRIVER_H
