//===- failing-libcuda.cpp - A CUDA driver on which every launch fails ----===//
//
// Part of the Fovea project. Says that it has a Hopper device, whose memory is
// host memory.
//
//===----------------------------------------------------------------------===//

#include "CudaTypes.h"

#include <cstdlib>
#include <cstring>

using namespace fovea;

static CUresult succeed() { return CUDA_SUCCESS; }
static CUresult fail() { return static_cast<CUresult>(719); }
static CUresult getErrorText(CUresult, const char **text) {
  *text = "unspecified launch failure";
  return CUDA_SUCCESS;
}
static CUresult getOne(int *value) {
  *value = 1;
  return CUDA_SUCCESS;
}
static CUresult getVersion(int *value) {
  *value = 13000;
  return CUDA_SUCCESS;
}
static CUresult getDevice(CUdevice *device) {
  *device = 0;
  return CUDA_SUCCESS;
}
static CUresult getAttribute(int *value, int attribute, CUdevice) {
  *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR   ? 9
           : attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR ? 0
           : attribute == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT     ? 132
                                                                       : 232448;
  return CUDA_SUCCESS;
}
static CUresult getName(char *name, int length, CUdevice) {
  std::strncpy(name, "Failing", length);
  return CUDA_SUCCESS;
}
static CUresult getContext(CUcontext *context) {
  *context = reinterpret_cast<CUcontext>(1);
  return CUDA_SUCCESS;
}
static CUresult retainContext(CUcontext *context, CUdevice) { return getContext(context); }
static CUresult getContextId(CUcontext, unsigned long long *id) {
  *id = 1;
  return CUDA_SUCCESS;
}
static CUresult loadModule(CUmodule *module, const void *) {
  *module = reinterpret_cast<CUmodule>(1);
  return CUDA_SUCCESS;
}
static CUresult getFunction(CUfunction *function, CUmodule, const char *) {
  *function = reinterpret_cast<CUfunction>(1);
  return CUDA_SUCCESS;
}
static CUresult getFunctionAttribute(int *value, int attribute, CUfunction) {
  *value = attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024 : 0;
  return CUDA_SUCCESS;
}
static CUresult allocate(CUdeviceptr *address, size_t bytes) {
  *address = reinterpret_cast<CUdeviceptr>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  return CUDA_SUCCESS;
}

extern "C" CUresult cuGetProcAddress_v2(const char *name, void **function, int, uint64_t, int *) {
  struct {
    const char *name;
    void *function;
  } const known[] = {{"cuGetErrorName", (void *)getErrorText},
                     {"cuGetErrorString", (void *)getErrorText},
                     {"cuDriverGetVersion", (void *)getVersion},
                     {"cuDeviceGetCount", (void *)getOne},
                     {"cuDeviceGet", (void *)getDevice},
                     {"cuDeviceGetAttribute", (void *)getAttribute},
                     {"cuDeviceGetName", (void *)getName},
                     {"cuDevicePrimaryCtxRetain", (void *)retainContext},
                     {"cuCtxGetCurrent", (void *)getContext},
                     {"cuCtxGetDevice", (void *)getDevice},
                     {"cuCtxGetId", (void *)getContextId},
                     {"cuModuleLoadData", (void *)loadModule},
                     {"cuModuleGetFunction", (void *)getFunction},
                     {"cuFuncGetAttribute", (void *)getFunctionAttribute},
                     {"cuMemAlloc", (void *)allocate},
                     {"cuLaunchKernelEx", (void *)fail}};
  if (!std::strcmp(name, "cuFuncGetParamInfo"))
    return CUDA_ERROR_NOT_FOUND;
  *function = (void *)succeed;
  for (const auto &entry : known)
    if (!std::strcmp(name, entry.name))
      *function = entry.function;
  return CUDA_SUCCESS;
}
