//===- CudaDriver.cpp - The CUDA driver, loaded when first asked for ------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "CudaDriver.h"

#include "Error.h"

#include <atomic>
#include <dlfcn.h>
#include <string>

using namespace fovea;

static std::atomic<const CudaDriver *> testDriver{nullptr};

/// The table that is in use, initialised or not: what errors are named with.
static std::atomic<const CudaDriver *> namingDriver{nullptr};

void fovea::setCudaDriverForTesting(const CudaDriver *driver) {
  testDriver = driver;
  namingDriver = driver;
}

bool fovea::checkCuda(const char *function, CUresult result) {
  if (result == CUDA_SUCCESS)
    return true;
  const char *name = nullptr, *text = nullptr;
  if (const CudaDriver *driver = namingDriver) {
    driver->cuGetErrorName.pointer(result, &name);
    driver->cuGetErrorString.pointer(result, &text);
  }
  if (name)
    setLastError("%s: %s (%s)", function, name, text ? text : "no text");
  else
    setLastError("%s: error %d, which the driver has no name for", function, static_cast<int>(result));
  return false;
}

bool CudaDriver::load(const char *library) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return fail("CUDA is not available: %s", dlerror());
  // Only its second version can tell a function that it lacks from one that it
  // has in a newer form.
  using GetProcAddress = CUresult(const char *name, void **function, int version, uint64_t flags, int *status);
  auto *getProcAddress = reinterpret_cast<GetProcAddress *>(dlsym(handle, "cuGetProcAddress_v2"));
  if (!getProcAddress) {
    dlclose(handle);
    return fail("CUDA is not available: the driver in %s is older than CUDA "
                "12.0",
                library);
  }
  auto find = [&](auto &function, int version, bool required) {
    void *address = nullptr;
    CUresult result = getProcAddress(function.name, &address, version, 0, nullptr);
    if ((result != CUDA_SUCCESS || !address) && required) {
      setLastError("CUDA is not available: the driver in %s has no %s of CUDA "
                   "%d.%d",
                   library, function.name, version / 1000, version % 1000 / 10);
      return false;
    }
    function.pointer = reinterpret_cast<decltype(function.pointer)>(result == CUDA_SUCCESS ? address : nullptr);
    return true;
  };
  bool complete = true;
#define FOVEA_CUDA_FUNCTION(name, version, parameters) complete = complete && find(name, version, /*required=*/true);
#define FOVEA_CUDA_OPTIONAL_FUNCTION(name, version, parameters)                                                        \
  complete = complete && find(name, version, /*required=*/false);
#include "CudaDriver.def"
  if (!complete)
    dlclose(handle);
  return complete;
}

/// Whether the driver can be initialised and has a device.
static bool initialize(const CudaDriver &driver) {
  int count = 0;
  if (!driver.cuInit(0) || !driver.cuDeviceGetCount(&count)) {
    std::string reason = lastError();
    setLastError("CUDA is not available: %s", reason.c_str());
    return false;
  }
  if (count < 1)
    return fail("CUDA is not available: the driver finds no device");
  return true;
}

const CudaDriver *fovea::cudaDriver() {
  if (const CudaDriver *driver = testDriver)
    return initialize(*driver) ? driver : nullptr;
  struct Loaded {
    CudaDriver driver;
    bool usable = false;
    std::string reason; ///< Why it is not usable.

    Loaded() {
      if (driver.load("libcuda.so.1")) {
        namingDriver = &driver;
        usable = initialize(driver);
      }
      if (!usable)
        reason = lastError();
    }
  };
  static const Loaded *const loaded = new Loaded; // outlives static destructors
  if (loaded->usable)
    return &loaded->driver;
  setLastError("%s", loaded->reason.c_str());
  return nullptr;
}
