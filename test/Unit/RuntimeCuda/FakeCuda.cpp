//===- FakeCuda.cpp - A driver that keeps a record ------------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include "Error.h"

#include <cstdlib>

using namespace fovea;

/// The one that is in place; the driver's functions have no other state.
static FakeCuda *fake = nullptr;
static uintptr_t currentContext = 0;
static uintptr_t nextContext = 1;

// The two functions of Runtime.cpp that tests read errors with; the rest of the
// runtime is not linked in.
const char *foveaGetLastError() { return lastError(); }
void foveaClearLastError() { clearLastError(); }

CUresult FakeCuda::called(const char *function) {
  ++callCounts[function];
  auto failure = failures.find(function);
  return failure == failures.end() ? CUDA_SUCCESS : failure->second;
}

void FakeCuda::enterNewContext() { currentContext = nextContext++; }
void FakeCuda::leaveContext() { currentContext = 0; }

template <typename Handle> static Handle toHandle(uintptr_t value) { return reinterpret_cast<Handle>(value); }

static FakeCuda::Kernel &kernelOf(CUfunction function) { return *reinterpret_cast<FakeCuda::Kernel *>(function); }

/// Counts the call, and returns from the lambda if it is to fail.
#define CALLED(function)                                                                                               \
  if (CUresult result = fake->called(#function))                                                                       \
  return result

static void fillErrorFunctions(CudaDriver &driver) {
  driver.cuGetErrorName.pointer = [](CUresult result, const char **name) {
    *name = result == CUDA_ERROR_INVALID_VALUE   ? "CUDA_ERROR_INVALID_VALUE"
            : result == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY"
            : result == CUDA_ERROR_NO_DEVICE     ? "CUDA_ERROR_NO_DEVICE"
            : result == CUDA_ERROR_INVALID_PTX   ? "CUDA_ERROR_INVALID_PTX"
            : result == CUDA_ERROR_NOT_FOUND     ? "CUDA_ERROR_NOT_FOUND"
                                                 : nullptr;
    return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  };
  driver.cuGetErrorString.pointer = [](CUresult, const char **text) {
    *text = "what the driver says";
    return CUDA_SUCCESS;
  };
}

static void fillContextFunctions(CudaDriver &driver) {
  driver.cuInit.pointer = [](unsigned) { return fake->called("cuInit"); };
  driver.cuDriverGetVersion.pointer = [](int *version) {
    *version = 13000;
    return fake->called("cuDriverGetVersion");
  };
  driver.cuDeviceGetCount.pointer = [](int *count) {
    *count = fake->deviceCount;
    return fake->called("cuDeviceGetCount");
  };
  driver.cuDeviceGet.pointer = [](CUdevice *device, int ordinal) {
    *device = ordinal;
    return fake->called("cuDeviceGet");
  };
  driver.cuDeviceGetName.pointer = [](char *name, int length, CUdevice) {
    std::strncpy(name, "Fake H200", length);
    return fake->called("cuDeviceGetName");
  };
  driver.cuDeviceGetAttribute.pointer = [](int *value, CUdevice_attribute attribute, CUdevice) {
    *value = attribute == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT       ? 132
             : attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9
             : attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR ? 0
                                                                         : 227 * 1024;
    return fake->called("cuDeviceGetAttribute");
  };
  driver.cuDevicePrimaryCtxRetain.pointer = [](CUcontext *context, CUdevice) {
    *context = toHandle<CUcontext>(nextContext);
    return fake->called("cuDevicePrimaryCtxRetain");
  };
  driver.cuCtxSetCurrent.pointer = [](CUcontext context) {
    currentContext = reinterpret_cast<uintptr_t>(context);
    return fake->called("cuCtxSetCurrent");
  };
  driver.cuCtxGetCurrent.pointer = [](CUcontext *context) {
    *context = toHandle<CUcontext>(currentContext);
    return fake->called("cuCtxGetCurrent");
  };
  driver.cuCtxGetDevice.pointer = [](CUdevice *device) {
    *device = 0;
    return fake->called("cuCtxGetDevice");
  };
  driver.cuCtxGetId.pointer = [](CUcontext context, unsigned long long *id) {
    *id = reinterpret_cast<uintptr_t>(context);
    return fake->called("cuCtxGetId");
  };
}

static void fillModuleFunctions(CudaDriver &driver) {
  driver.cuLinkCreate.pointer = [](unsigned count, CUjit_option *options, void **values, CUlinkState *state) {
    CALLED(cuLinkCreate);
    if (count != 2 || options[0] != CU_JIT_ERROR_LOG_BUFFER)
      return CUDA_ERROR_INVALID_VALUE;
    *state = toHandle<CUlinkState>(reinterpret_cast<uintptr_t>(values[0]));
    return CUDA_SUCCESS;
  };
  driver.cuLinkAddData.pointer = [](CUlinkState log, CUjitInputType, void *data, size_t size, const char *, unsigned,
                                    CUjit_option *, void **) {
    if (static_cast<char *>(data)[size - 1] != '\0')
      return CUDA_ERROR_INVALID_PTX;
    CUresult result = fake->called("cuLinkAddData");
    if (result != CUDA_SUCCESS)
      std::strcpy(reinterpret_cast<char *>(log), fake->assemblerLog.c_str());
    return result;
  };
  driver.cuLinkComplete.pointer = [](CUlinkState, void **cubin, size_t *size) {
    static std::string made;
    made = fakeCubin("assembled");
    *cubin = made.data();
    *size = made.size();
    return fake->called("cuLinkComplete");
  };
  driver.cuLinkDestroy.pointer = [](CUlinkState) { return fake->called("cuLinkDestroy"); };
  driver.cuModuleLoadData.pointer = [](CUmodule *module, const void *image) {
    CALLED(cuModuleLoadData);
    if (std::memcmp(image, "\177ELF", 4) != 0)
      return CUDA_ERROR_INVALID_VALUE;
    *module = toHandle<CUmodule>(++fake->loadedModules);
    return CUDA_SUCCESS;
  };
  driver.cuModuleUnload.pointer = [](CUmodule) {
    --fake->loadedModules;
    return fake->called("cuModuleUnload");
  };
}

static void fillKernelFunctions(CudaDriver &driver) {
  driver.cuModuleGetFunction.pointer = [](CUfunction *function, CUmodule, const char *name) {
    CALLED(cuModuleGetFunction);
    auto found = fake->kernels.find(name);
    if (found == fake->kernels.end())
      return CUDA_ERROR_NOT_FOUND;
    *function = toHandle<CUfunction>(reinterpret_cast<uintptr_t>(&found->second));
    return CUDA_SUCCESS;
  };
  driver.cuFuncGetAttribute.pointer = [](int *value, CUfunction_attribute attribute, CUfunction function) {
    *value = kernelOf(function).attributes[attribute];
    return fake->called("cuFuncGetAttribute");
  };
  driver.cuFuncSetAttribute.pointer = [](CUfunction function, CUfunction_attribute attribute, int value) {
    kernelOf(function).attributes[attribute] = value;
    return fake->called("cuFuncSetAttribute");
  };
  driver.cuFuncGetParamInfo.pointer = [](CUfunction function, size_t index, size_t *offset, size_t *size) {
    const std::vector<size_t> &parameters = kernelOf(function).parameters;
    if (index >= parameters.size())
      return CUDA_ERROR_INVALID_VALUE;
    *offset = 0;
    *size = parameters[index];
    return CUDA_SUCCESS;
  };
  driver.cuLaunchKernelEx.pointer = [](const CUlaunchConfig *config, CUfunction function, void **arguments, void **) {
    CALLED(cuLaunchKernelEx);
    FakeCuda::Launch launch{*config, {1, 1, 1}, "", {}};
    if (config->numAttrs == 1) {
      const auto &cluster = config->attrs[0].value.clusterDim;
      launch.cluster[0] = cluster.x;
      launch.cluster[1] = cluster.y;
      launch.cluster[2] = cluster.z;
    }
    for (auto &[name, kernel] : fake->kernels)
      if (&kernel == &kernelOf(function))
        launch.kernel = name;
    const std::vector<size_t> &parameters = kernelOf(function).parameters;
    for (size_t i = 0; i < parameters.size(); ++i)
      launch.arguments.emplace_back(static_cast<char *>(arguments[i]), parameters[i]);
    fake->order.push_back(launch.kernel);
    fake->launches.push_back(std::move(launch));
    return CUDA_SUCCESS;
  };
}

static void fillMemoryFunctions(CudaDriver &driver) {
  driver.cuTensorMapEncodeTiled.pointer = [](CUtensorMap *map, CUtensorMapDataType type, unsigned rank, void *address,
                                             const uint64_t *sizes, const uint64_t *strides, const uint32_t *box,
                                             const uint32_t *, CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                                             CUtensorMapL2promotion l2Promotion, CUtensorMapFloatOOBfill) {
    CALLED(cuTensorMapEncodeTiled);
    map->opaque[0] = fake->tensorMaps.size(); // found by the launch's test
    fake->tensorMaps.push_back({type,
                                {sizes, sizes + rank},
                                {strides, strides + rank - 1},
                                {box, box + rank},
                                reinterpret_cast<uintptr_t>(address),
                                swizzle,
                                l2Promotion});
    return CUDA_SUCCESS;
  };
  driver.cuMemAlloc.pointer = [](CUdeviceptr *address, size_t bytes) {
    CALLED(cuMemAlloc);
    *address = reinterpret_cast<uintptr_t>(std::malloc(bytes));
    return CUDA_SUCCESS;
  };
  driver.cuMemFree.pointer = [](CUdeviceptr address) {
    std::free(reinterpret_cast<void *>(address));
    return fake->called("cuMemFree");
  };
  driver.cuMemcpyHtoD.pointer = [](CUdeviceptr to, const void *from, size_t bytes) {
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    return fake->called("cuMemcpyHtoD");
  };
  driver.cuMemcpyDtoH.pointer = [](void *to, CUdeviceptr from, size_t bytes) {
    std::memcpy(to, reinterpret_cast<void *>(from), bytes);
    return fake->called("cuMemcpyDtoH");
  };
  driver.cuMemsetD8Async.pointer = [](CUdeviceptr address, unsigned char, size_t bytes, CUstream stream) {
    CALLED(cuMemsetD8Async);
    fake->order.push_back("fill");
    fake->fills.push_back({address, bytes, stream});
    return CUDA_SUCCESS;
  };
  driver.cuStreamSynchronize.pointer = [](CUstream) { return fake->called("cuStreamSynchronize"); };
}

static void fillEventFunctions(CudaDriver &driver) {
  driver.cuEventCreate.pointer = [](CUevent *event, unsigned) {
    CALLED(cuEventCreate);
    *event = toHandle<CUevent>(1 + fake->liveEvents++);
    return CUDA_SUCCESS;
  };
  driver.cuEventDestroy.pointer = [](CUevent) {
    --fake->liveEvents;
    return fake->called("cuEventDestroy");
  };
  driver.cuEventRecord.pointer = [](CUevent, CUstream) { return fake->called("cuEventRecord"); };
  driver.cuEventSynchronize.pointer = [](CUevent) { return fake->called("cuEventSynchronize"); };
  driver.cuEventElapsedTime.pointer = [](float *milliseconds, CUevent, CUevent) {
    *milliseconds = 1.5F;
    return fake->called("cuEventElapsedTime");
  };
}

FakeCuda::FakeCuda() {
  fake = this;
  fillErrorFunctions(driver);
  fillContextFunctions(driver);
  fillModuleFunctions(driver);
  fillKernelFunctions(driver);
  fillMemoryFunctions(driver);
  fillEventFunctions(driver);
  setCudaDriverForTesting(&driver);
  setenv("FOVEA_CACHE_DIR", "off", /*overwrite=*/1);
  enterNewContext();
  clearLastError();
}

FakeCuda::~FakeCuda() {
  leaveContext();
  setCudaDriverForTesting(nullptr);
  fake = nullptr;
}

std::string fovea::fakeCubin(const std::string &name) {
  std::string bytes(64, '\0');
  std::memcpy(bytes.data(), "\177ELF\2", 5);
  bytes[18] = static_cast<char>(190); // the machine is CUDA
  return bytes + name;
}
