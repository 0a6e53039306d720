//===- CudaContext.h - The calling thread's current context -----*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_CUDACONTEXT_H
#define FOVEA_RUNTIME_LIB_CUDACONTEXT_H

#include "CudaDriver.h"

#include <optional>

namespace fovea {

/// A context by the driver's number for it: an address may come again after its
/// context has been destroyed, a number does not.
using ContextId = unsigned long long;

struct CudaContext {
  const CudaDriver &driver;
  ContextId id;

  /// None if there is no CUDA or no current context; the last error says so.
  static std::optional<CudaContext> current();

  /// An attribute of its device; false if the driver refused.
  bool getAttribute(CUdevice_attribute attribute, int &value) const;
};

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_CUDACONTEXT_H
