//===- AllocationTest.cpp - A launch asks for no memory -------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "SplitLaunch.h"

#include <cstdlib>
#include <new>

static thread_local int allocations = 0;

void *operator new(size_t bytes) {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void *address) noexcept { std::free(address); }
void operator delete(void *address, size_t) noexcept { std::free(address); }

using namespace fovea;

namespace {

// Through both kernels, a tensor map and a workspace that is filled.
TEST(Allocation, NoneInALaunch) {
  SplitCuda cuda;
  FoveaCudaProgram *program = cuda.prepare(splitLaunch());
  ASSERT_NE(program, nullptr) << foveaGetLastError();
  // What the launch calls, without the record, which takes memory itself.
  static CUcontext context;
  static unsigned long long id;
  ASSERT_TRUE(cuda.driver.cuCtxGetCurrent(&context));
  ASSERT_TRUE(cuda.driver.cuCtxGetId(context, &id));
  static int launches;
  launches = 0;
  cuda.driver.cuInit.pointer = [](unsigned) { return CUDA_SUCCESS; };
  cuda.driver.cuDeviceGetCount.pointer = [](int *count) {
    *count = 1;
    return CUDA_SUCCESS;
  };
  cuda.driver.cuCtxGetCurrent.pointer = [](CUcontext *current) {
    *current = context;
    return CUDA_SUCCESS;
  };
  cuda.driver.cuCtxGetId.pointer = [](CUcontext, unsigned long long *current) {
    *current = id;
    return CUDA_SUCCESS;
  };
  cuda.driver.cuTensorMapEncodeTiled.pointer =
      [](CUtensorMap *, CUtensorMapDataType, unsigned, void *, const uint64_t *, const uint64_t *, const uint32_t *,
         const uint32_t *, CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion,
         CUtensorMapFloatOOBfill) { return CUDA_SUCCESS; };
  cuda.driver.cuMemsetD8Async.pointer = [](CUdeviceptr, unsigned char, size_t, CUstream) { return CUDA_SUCCESS; };
  cuda.driver.cuLaunchKernelEx.pointer = [](const CUlaunchConfig *, CUfunction, void **, void **) {
    ++launches;
    return CUDA_SUCCESS;
  };

  int64_t sizes[] = {64, 64}, strides[] = {64, 1};
  auto *data = reinterpret_cast<void *>(0x10000);
  FoveaCudaArgument arguments[] = {{FOVEA_F16, 2, data, sizes, strides, 0, 0},
                                   {FOVEA_F16, 2, data, sizes, strides, 0, 0},
                                   {FOVEA_F32, 0, nullptr, nullptr, nullptr, 0, 0.125},
                                   {FOVEA_I64, 0, nullptr, nullptr, nullptr, 4, 0}};
  int before = allocations;
  int64_t bytes = 0;
  int status = foveaCudaWorkspaceBytes(program, arguments, 4, &bytes);
  status |= foveaCudaLaunch(program, arguments, 4, data, bytes, nullptr);
  EXPECT_EQ(allocations - before, 0);
  EXPECT_GT(before, 0);
  EXPECT_EQ(status, 0) << foveaGetLastError();
  EXPECT_EQ(launches, 2);
  foveaCudaReleaseProgram(program);
}

} // namespace
