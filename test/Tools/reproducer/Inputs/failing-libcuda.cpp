//===- failing-libcuda.cpp - A CUDA driver on which every launch fails ----===//
//
// Part of the Fovea project. Says that it has a Hopper device, whose memory is
// host memory.
//
//===----------------------------------------------------------------------===//

#include "StandInDriver.h"

#include <cstdlib>

using namespace fovea;

static CUresult fail() { return static_cast<CUresult>(719); }
static CUresult getErrorText(CUresult, const char **text) {
  *text = "unspecified launch failure";
  return CUDA_SUCCESS;
}
static CUresult getName(char *name, int length, CUdevice) {
  std::strncpy(name, "Failing", length);
  return CUDA_SUCCESS;
}
static CUresult retainContext(CUcontext *context, CUdevice) { return standin::getContext(context); }
static CUresult getFunction(CUfunction *function, CUmodule, const char *) {
  *function = reinterpret_cast<CUfunction>(1);
  return CUDA_SUCCESS;
}
static CUresult allocate(CUdeviceptr *address, size_t bytes) {
  *address = reinterpret_cast<CUdeviceptr>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  return CUDA_SUCCESS;
}

extern "C" CUresult cuGetProcAddress_v2(const char *name, void **function, int, uint64_t, int *) {
  return standin::find({{"cuGetErrorName", (void *)getErrorText},
                        {"cuGetErrorString", (void *)getErrorText},
                        {"cuDeviceGetName", (void *)getName},
                        {"cuDevicePrimaryCtxRetain", (void *)retainContext},
                        {"cuModuleGetFunction", (void *)getFunction},
                        {"cuMemAlloc", (void *)allocate},
                        {"cuLaunchKernelEx", (void *)fail}},
                       name, function);
}
