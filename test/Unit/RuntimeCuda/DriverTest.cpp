//===- DriverTest.cpp - The driver, there or not, and its errors ----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "FakeCuda.h"

using namespace fovea;

namespace {

TEST(Driver, Available) {
  FakeCuda cuda;
  EXPECT_EQ(foveaCudaAvailable(), 1);
  EXPECT_STREQ(foveaGetLastError(), "");
}

TEST(Driver, UnavailableSaysWhy) {
  FakeCuda cuda;
  cuda.deviceCount = 0;
  EXPECT_EQ(foveaCudaAvailable(), 0);
  EXPECT_STREQ(foveaGetLastError(), "CUDA is not available: the driver finds no device");
  cuda.failures["cuInit"] = CUDA_ERROR_NO_DEVICE;
  EXPECT_EQ(foveaCudaAvailable(), 0);
  EXPECT_STREQ(foveaGetLastError(), "CUDA is not available: cuInit: CUDA_ERROR_NO_DEVICE (what the "
                                    "driver says)");
}

// A library that is not there, and one that is no driver.
TEST(Driver, LibraryThatCannotBeUsed) {
  CudaDriver driver;
  EXPECT_FALSE(driver.load("libfovea-no-such-driver.so"));
  EXPECT_LAST_ERROR("CUDA is not available: libfovea-no-such-driver.so");
  EXPECT_FALSE(driver.load("libc.so.6"));
  EXPECT_STREQ(foveaGetLastError(), "CUDA is not available: the driver in "
                                    "libc.so.6 is older than CUDA 12.0");
}

TEST(Driver, ErrorWithoutAName) {
  FakeCuda cuda;
  cuda.failures["cuStreamSynchronize"] = static_cast<CUresult>(9999);
  EXPECT_EQ(foveaCudaSynchronize(nullptr), -1);
  EXPECT_STREQ(foveaGetLastError(), "cuStreamSynchronize: error 9999, which the "
                                    "driver has no name for");
}

TEST(Driver, NoCurrentContext) {
  FakeCuda cuda;
  cuda.leaveContext();
  FoveaCudaDevice device;
  EXPECT_EQ(foveaCudaGetDevice(&device), -1);
  EXPECT_LAST_ERROR("no CUDA context is current on this thread");
  EXPECT_EQ(foveaCudaSetDevice(1), -1);
  EXPECT_STREQ(foveaGetLastError(), "foveaCudaSetDevice: got device 1, expected 0 to 0");
  EXPECT_EQ(foveaCudaSetDevice(0), 0);
  EXPECT_EQ(foveaCudaGetDevice(&device), 0);
  EXPECT_STREQ(device.name, "Fake H200");
  EXPECT_EQ(device.computeCapability, 90);
  EXPECT_EQ(device.smCount, 132);
  EXPECT_EQ(device.maxSharedBytes, 232448);
}

TEST(Driver, MemoryGoesThereAndBack) {
  FakeCuda cuda;
  void *address = nullptr;
  ASSERT_EQ(foveaCudaAllocate(4, &address), 0);
  int sent = 42, received = 0;
  EXPECT_EQ(foveaCudaCopyToDevice(address, &sent, 4), 0);
  EXPECT_EQ(foveaCudaCopyToHost(&received, address, 4), 0);
  EXPECT_EQ(received, 42);
  EXPECT_EQ(foveaCudaCopyToHost(nullptr, nullptr, 0), 0);
  EXPECT_EQ(foveaCudaFree(address), 0);

  EXPECT_EQ(foveaCudaAllocate(-1, &address), -1);
  EXPECT_STREQ(foveaGetLastError(), "foveaCudaAllocate: got a size of -1 bytes");
  cuda.failures["cuMemAlloc"] = CUDA_ERROR_OUT_OF_MEMORY;
  EXPECT_EQ(foveaCudaAllocate(1 << 20, &address), -1);
  EXPECT_STREQ(foveaGetLastError(), "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (what the driver says); "
                                    "1048576 bytes");
}

// Whichever of the functions on the way fails, its error is the one reported.
TEST(Driver, EveryCallIsChecked) {
  for (const char *function :
       {"cuDeviceGetCount", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent", "cuCtxGetCurrent",
        "cuCtxGetId", "cuCtxGetDevice", "cuDeviceGetName", "cuDeviceGetAttribute"}) {
    FakeCuda cuda;
    cuda.failures[function] = CUDA_ERROR_INVALID_VALUE;
    FoveaCudaDevice device;
    EXPECT_TRUE(foveaCudaSetDevice(0) != 0 || foveaCudaGetDevice(&device) != 0) << function;
    EXPECT_LAST_ERROR(std::string(function) + ": CUDA_ERROR_INVALID_VALUE");
  }
}

} // namespace
