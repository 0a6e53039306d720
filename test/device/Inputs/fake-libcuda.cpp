//===- fake-libcuda.cpp - A CUDA driver whose device is this CPU ----------===//
//
// Part of the Fovea project. What binding.test loads as libcuda.so.1: device
// memory is host memory, every kernel computes out[i] = factor * in[i * step]
// (pointers, i64 count, i64 step, f32 factor, and a workspace whose first word
// must be zero and becomes the grid), and each launch is printed.
//
//===----------------------------------------------------------------------===//

#include "StandInDriver.h"

#include <cstdio>
#include <string>

using namespace fovea;

template <typename Value> static Value load(void *pointer) {
  Value value;
  std::memcpy(&value, pointer, sizeof value);
  return value;
}

static CUresult getErrorText(CUresult, const char **text) {
  *text = "fake";
  return CUDA_SUCCESS;
}
static CUresult getFunction(CUfunction *function, CUmodule, const char *name) {
  *function = reinterpret_cast<CUfunction>(new std::string(name));
  return CUDA_SUCCESS;
}
static CUresult fill(CUdeviceptr address, unsigned char value, size_t bytes, CUstream) {
  std::memset(reinterpret_cast<void *>(address), value, bytes);
  return CUDA_SUCCESS;
}
static CUresult launch(const CUlaunchConfig *config, CUfunction function, void **arguments, void **) {
  auto *in = load<const float *>(arguments[0]);
  auto *out = load<float *>(arguments[1]);
  auto count = load<int64_t>(arguments[2]), step = load<int64_t>(arguments[3]);
  auto factor = load<float>(arguments[4]);
  auto *workspace = load<unsigned *>(arguments[5]);
  std::printf("%s<<<%u, %u, %u, stream %zu>>> count %lld step %lld factor %g workspace %s\n",
              reinterpret_cast<std::string *>(function)->c_str(), config->gridDimX, config->blockDimX,
              config->sharedMemBytes, reinterpret_cast<size_t>(config->hStream), (long long)count, (long long)step,
              factor, *workspace == 0 ? "zero" : "dirty");
  std::fflush(stdout);
  *workspace = config->gridDimX;
  for (int64_t i = 0; i < count; ++i)
    out[i] = factor * in[i * step];
  return CUDA_SUCCESS;
}

extern "C" CUresult cuGetProcAddress_v2(const char *name, void **function, int, uint64_t, int *) {
  return standin::find({{"cuGetErrorName", (void *)getErrorText},
                        {"cuGetErrorString", (void *)getErrorText},
                        {"cuModuleGetFunction", (void *)getFunction},
                        {"cuLaunchKernelEx", (void *)launch},
                        {"cuMemsetD8Async", (void *)fill}},
                       name, function);
}
