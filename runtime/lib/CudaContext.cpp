//===- CudaContext.cpp - The calling thread's current context -------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "CudaContext.h"

#include "Error.h"

using namespace fovea;

std::optional<CudaContext> CudaContext::current() {
  const CudaDriver *driver = cudaDriver();
  CUcontext context = nullptr;
  if (!driver || !driver->cuCtxGetCurrent(&context))
    return std::nullopt;
  if (!context) {
    setLastError("no CUDA context is current on this thread; "
                 "foveaCudaSetDevice makes one so");
    return std::nullopt;
  }
  ContextId id = 0;
  if (!driver->cuCtxGetId(context, &id))
    return std::nullopt;
  return CudaContext{*driver, id};
}

bool CudaContext::getAttribute(CUdevice_attribute attribute, int &value) const {
  CUdevice device = 0;
  return driver.cuCtxGetDevice(&device) && driver.cuDeviceGetAttribute(&value, attribute, device);
}
