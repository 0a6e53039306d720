//===- Cuda.cpp - The C API of the CUDA half ------------------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/cuda.h"

#include "CudaModule.h"
#include "CudaProgram.h"
#include "Error.h"
#include "KernelCache.h"
#include "TensorMapEncoder.h"

#include <new>

using namespace fovea;

/// 0 if `body` returns true, otherwise -1. No exception leaves the runtime, and
/// the standard library throws none here but that memory ran out.
template <typename Body> static int toStatus(Body body) noexcept {
  try {
    return body() ? 0 : -1;
  } catch (const std::bad_alloc &) {
    setLastError("out of memory");
    return -1;
  }
}

/// Like toStatus, for what needs a current context.
template <typename Body> static int inContext(Body body) noexcept {
  return toStatus([&] {
    std::optional<CudaContext> context = CudaContext::current();
    return context && body(*context);
  });
}

static CudaModule *unwrap(FoveaCudaModule *module) { return reinterpret_cast<CudaModule *>(module); }
static CudaKernel *unwrap(FoveaCudaKernel *kernel) { return reinterpret_cast<CudaKernel *>(kernel); }
static const CudaKernel *unwrap(const FoveaCudaKernel *kernel) { return reinterpret_cast<const CudaKernel *>(kernel); }
static const CudaProgram *unwrap(const FoveaCudaProgram *program) {
  return reinterpret_cast<const CudaProgram *>(program);
}
static CUdeviceptr toDevice(const void *address) { return reinterpret_cast<uintptr_t>(address); }
static std::string_view toView(const void *bytes, int64_t size) {
  return {static_cast<const char *>(bytes), static_cast<size_t>(size)};
}
static bool isSize(const char *what, int64_t size) {
  return size >= 0 || fail("%s: got a size of %lld bytes", what, (long long)size);
}

int foveaCudaAvailable() {
  return toStatus([] { return cudaDriver() != nullptr; }) == 0;
}

int foveaCudaSetDevice(int device) {
  return toStatus([&] {
    const CudaDriver *driver = cudaDriver();
    int count = 0;
    if (!driver || !driver->cuDeviceGetCount(&count))
      return false;
    if (device < 0 || device >= count)
      return fail("foveaCudaSetDevice: got device %d, expected 0 to %d", device, count - 1);
    CUdevice handle = 0;
    CUcontext context = nullptr;
    return driver->cuDeviceGet(&handle, device) && driver->cuDevicePrimaryCtxRetain(&context, handle) &&
           driver->cuCtxSetCurrent(context);
  });
}

int foveaCudaGetDevice(FoveaCudaDevice *device) {
  return inContext([&](const CudaContext &context) {
    CUdevice handle = 0;
    int major = 0, minor = 0, shared = 0;
    *device = {};
    if (!context.driver.cuCtxGetDevice(&handle) ||
        !context.driver.cuDeviceGetName(device->name, sizeof device->name, handle) ||
        !context.getAttribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, major) ||
        !context.getAttribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, minor) ||
        !context.getAttribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device->smCount) ||
        !context.getAttribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, shared))
      return false;
    device->computeCapability = 10 * major + minor;
    device->maxSharedBytes = shared;
    return true;
  });
}

int foveaCudaAllocate(int64_t bytes, void **address) {
  return inContext([&](const CudaContext &context) {
    CUdeviceptr allocated = 0;
    if (!isSize("foveaCudaAllocate", bytes))
      return false;
    // The driver has nothing of 0 bytes.
    if (!context.driver.cuMemAlloc(&allocated, bytes == 0 ? 1 : bytes)) {
      appendLastError("; %lld bytes", (long long)bytes);
      return false;
    }
    *address = reinterpret_cast<void *>(allocated);
    return true;
  });
}

int foveaCudaFree(void *address) {
  return inContext([&](const CudaContext &context) { return context.driver.cuMemFree(toDevice(address)); });
}

int foveaCudaCopyToDevice(void *device, const void *host, int64_t bytes) {
  return inContext([&](const CudaContext &context) {
    return isSize("foveaCudaCopyToDevice", bytes) &&
           (bytes == 0 || context.driver.cuMemcpyHtoD(toDevice(device), host, bytes));
  });
}

int foveaCudaCopyToHost(void *host, const void *device, int64_t bytes) {
  return inContext([&](const CudaContext &context) {
    return isSize("foveaCudaCopyToHost", bytes) &&
           (bytes == 0 || context.driver.cuMemcpyDtoH(host, toDevice(device), bytes));
  });
}

int foveaCudaSynchronize(FoveaCudaStream stream) {
  return inContext(
      [&](const CudaContext &context) { return context.driver.cuStreamSynchronize(static_cast<CUstream>(stream)); });
}

int foveaCudaCreateEvent(FoveaCudaEvent *event) {
  return inContext([&](const CudaContext &context) {
    CUevent created = nullptr;
    if (!context.driver.cuEventCreate(&created, 0))
      return false;
    *event = created;
    return true;
  });
}

int foveaCudaDestroyEvent(FoveaCudaEvent event) {
  return inContext(
      [&](const CudaContext &context) { return context.driver.cuEventDestroy(static_cast<CUevent>(event)); });
}

int foveaCudaRecordEvent(FoveaCudaEvent event, FoveaCudaStream stream) {
  return inContext([&](const CudaContext &context) {
    return context.driver.cuEventRecord(static_cast<CUevent>(event), static_cast<CUstream>(stream));
  });
}

int foveaCudaElapsedSeconds(FoveaCudaEvent start, FoveaCudaEvent end, double *seconds) {
  return inContext([&](const CudaContext &context) {
    float milliseconds = 0;
    if (!context.driver.cuEventSynchronize(static_cast<CUevent>(end)) ||
        !context.driver.cuEventElapsedTime(&milliseconds, static_cast<CUevent>(start), static_cast<CUevent>(end)))
      return false;
    *seconds = 1e-3 * double(milliseconds);
    return true;
  });
}

int foveaCudaLoadModule(const void *bytes, int64_t size, FoveaCudaModule **module) {
  return toStatus([&] {
    if (!isSize("foveaCudaLoadModule", size))
      return false;
    CudaModule *loaded = CudaModule::load(toView(bytes, size));
    *module = reinterpret_cast<FoveaCudaModule *>(loaded);
    return loaded != nullptr;
  });
}

int foveaCudaReleaseModule(FoveaCudaModule *module) {
  return toStatus([&] { return unwrap(module)->release(); });
}

int foveaCudaGetKernel(FoveaCudaModule *module, const char *name, FoveaCudaKernel **kernel) {
  return toStatus([&] {
    CudaKernel *found = unwrap(module)->getKernel(name);
    *kernel = reinterpret_cast<FoveaCudaKernel *>(found);
    return found != nullptr;
  });
}

int foveaCudaAllow(FoveaCudaKernel *kernel, int64_t dynamicSharedBytes, int clusterBlocks) {
  return toStatus([&] { return unwrap(kernel)->allow(dynamicSharedBytes, clusterBlocks); });
}

int foveaCudaGetKernelAttributes(const FoveaCudaKernel *kernel, FoveaCudaKernelAttributes *attributes) {
  *attributes = unwrap(kernel)->getAttributes();
  return 0;
}

int foveaCudaLaunchKernel(const FoveaCudaKernel *kernel, const FoveaCudaLaunchShape *shape, void **arguments,
                          FoveaCudaStream stream) {
  return toStatus([&] {
    return unwrap(kernel)->checkShape(*shape) &&
           unwrap(kernel)->launch(*shape, arguments, static_cast<CUstream>(stream));
  });
}

int foveaCudaEncodeTensorMap(void *address, const FoveaTensorMapShape *shape, FoveaTensorMap *map) {
  return toStatus([&] {
    const CudaDriver *driver = cudaDriver();
    return driver && encodeTensorMap(*driver, toDevice(address), *shape, reinterpret_cast<CUtensorMap &>(*map));
  });
}

int foveaCudaPrepare(const void *descriptor, int64_t size, const FoveaCudaImage *images, int64_t imageCount,
                     FoveaCudaProgram **program) {
  return toStatus([&] {
    if (!isSize("foveaCudaPrepare", size))
      return false;
    std::unique_ptr<CudaProgram> prepared = CudaProgram::prepare(descriptor, size, images, imageCount);
    *program = reinterpret_cast<FoveaCudaProgram *>(prepared.release());
    return *program != nullptr;
  });
}

int foveaCudaPrepareProgram(const void *bytes, int64_t size, FoveaCudaProgram **program) {
  return toStatus([&] {
    if (!isSize("foveaCudaPrepareProgram", size))
      return false;
    std::unique_ptr<CudaProgram> prepared = CudaProgram::prepare(bytes, size);
    *program = reinterpret_cast<FoveaCudaProgram *>(prepared.release());
    return *program != nullptr;
  });
}

int foveaCudaReleaseProgram(FoveaCudaProgram *program) {
  return toStatus([&] {
    std::unique_ptr<CudaProgram> owned(reinterpret_cast<CudaProgram *>(program));
    return owned->releaseModules();
  });
}

int foveaCudaGetResult(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments, int64_t count,
                       int64_t result, int64_t *argument, int64_t *sizes) {
  return toStatus([&] { return unwrap(program)->getResult(arguments, count, result, *argument, sizes); });
}

int foveaCudaPlan(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments, int64_t count,
                  FoveaCudaPlannedKernel *kernels, int64_t capacity, int64_t *kernelCount) {
  return toStatus([&] { return unwrap(program)->plan(arguments, count, kernels, capacity, *kernelCount); });
}

int foveaCudaWorkspaceBytes(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments, int64_t count,
                            int64_t *bytes) {
  return toStatus([&] { return unwrap(program)->getWorkspaceBytes(arguments, count, *bytes); });
}

int foveaCudaLaunch(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments, int64_t count, void *workspace,
                    int64_t workspaceBytes, FoveaCudaStream stream) {
  return toStatus([&] {
    return unwrap(program)->launch(arguments, count, toDevice(workspace), workspaceBytes, /*isFresh=*/true,
                                   static_cast<CUstream>(stream));
  });
}

int foveaCudaRelaunch(const FoveaCudaProgram *program, const FoveaCudaArgument *arguments, int64_t count,
                      void *workspace, int64_t workspaceBytes, FoveaCudaStream stream) {
  return toStatus([&] {
    return unwrap(program)->launch(arguments, count, toDevice(workspace), workspaceBytes, /*isFresh=*/false,
                                   static_cast<CUstream>(stream));
  });
}

int foveaCacheFind(const void *key, int64_t keySize, const void **data, int64_t *size) {
  return toStatus([&] {
           const std::string *found =
               isSize("foveaCacheFind", keySize) ? KernelCache::get().find(toView(key, keySize)) : nullptr;
           if (!found)
             return false;
           *data = found->data();
           *size = found->size();
           return true;
         }) == 0;
}

int foveaCacheStore(const void *key, int64_t keySize, const void *data, int64_t size) {
  return toStatus([&] {
    if (!isSize("foveaCacheStore", keySize) || !isSize("foveaCacheStore", size))
      return false;
    KernelCache::get().store(toView(key, keySize), toView(data, size));
    return true;
  });
}
