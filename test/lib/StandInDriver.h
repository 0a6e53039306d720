//===- StandInDriver.h - A CUDA driver for tests without a GPU --*- C++ -*-===//
//
// Part of the Fovea project. What every library that a test loads as
// libcuda.so.1 has in common: one device of 132 multiprocessors, one context,
// modules that load. A test adds the functions that it is about.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_LIB_STANDINDRIVER_H
#define FOVEA_TEST_LIB_STANDINDRIVER_H

#include "CudaTypes.h"

#include <cstring>
#include <initializer_list>

namespace fovea::standin {

/// A function of the driver by its name.
struct Entry {
  const char *name;
  void *function;
};

inline CUresult succeed() { return CUDA_SUCCESS; }
inline CUresult getOne(int *value) {
  *value = 1;
  return CUDA_SUCCESS;
}
inline CUresult getVersion(int *value) {
  *value = 13000;
  return CUDA_SUCCESS;
}
inline CUresult getDevice(CUdevice *device) {
  *device = 0;
  return CUDA_SUCCESS;
}
inline CUresult getAttribute(int *value, int attribute, CUdevice) {
  *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR   ? 9
           : attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR ? 0
           : attribute == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT     ? 132
                                                                       : 232448;
  return CUDA_SUCCESS;
}
inline CUresult getContext(CUcontext *context) {
  *context = reinterpret_cast<CUcontext>(1);
  return CUDA_SUCCESS;
}
inline CUresult getContextId(CUcontext, unsigned long long *id) {
  *id = 1;
  return CUDA_SUCCESS;
}
inline CUresult loadModule(CUmodule *module, const void *) {
  *module = reinterpret_cast<CUmodule>(1);
  return CUDA_SUCCESS;
}
inline CUresult getFunctionAttribute(int *value, int attribute, CUfunction) {
  *value = attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024 : 0;
  return CUDA_SUCCESS;
}

/// What cuGetProcAddress answers: one of `own`, else what is above, else a function that succeeds and does nothing.
inline CUresult find(std::initializer_list<Entry> own, const char *name, void **function) {
  static const Entry common[] = {{"cuDriverGetVersion", (void *)getVersion},
                                 {"cuDeviceGetCount", (void *)getOne},
                                 {"cuDeviceGet", (void *)getDevice},
                                 {"cuDeviceGetAttribute", (void *)getAttribute},
                                 {"cuCtxGetCurrent", (void *)getContext},
                                 {"cuCtxGetDevice", (void *)getDevice},
                                 {"cuCtxGetId", (void *)getContextId},
                                 {"cuModuleLoadData", (void *)loadModule},
                                 {"cuFuncGetAttribute", (void *)getFunctionAttribute}};
  if (!std::strcmp(name, "cuFuncGetParamInfo"))
    return CUDA_ERROR_NOT_FOUND;
  *function = (void *)succeed;
  for (const Entry &entry : common)
    if (!std::strcmp(name, entry.name))
      *function = entry.function;
  for (const Entry &entry : own)
    if (!std::strcmp(name, entry.name))
      *function = entry.function;
  return CUDA_SUCCESS;
}

} // namespace fovea::standin

#endif // FOVEA_TEST_LIB_STANDINDRIVER_H
