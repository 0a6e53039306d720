//===- ModuleTest.cpp - Modules, kernels and single launches --------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "FakeCuda.h"

#include <thread>

using namespace fovea;

namespace {

class Module : public testing::Test {
protected:
  Module() {
    cuda.kernels["attn"] = {{8, 4},
                            {{CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 384},
                             {CU_FUNC_ATTRIBUTE_NUM_REGS, 168},
                             {CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, 16},
                             {CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, 1024},
                             {CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 48128}}};
  }

  FoveaCudaModule *load(const std::string &bytes) {
    FoveaCudaModule *module = nullptr;
    foveaCudaLoadModule(bytes.data(), bytes.size(), &module);
    return module;
  }
  FoveaCudaKernel *getKernel() {
    FoveaCudaKernel *kernel = nullptr;
    foveaCudaGetKernel(load(fakeCubin("a")), "attn", &kernel);
    return kernel;
  }

  FakeCuda cuda;
};

// The same bytes in the same context are one module, until the last release.
TEST_F(Module, LoadedOncePerContext) {
  FoveaCudaModule *first = load(fakeCubin("a"));
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(load(fakeCubin("a")), first);
  EXPECT_NE(load(fakeCubin("b")), first);
  cuda.enterNewContext();
  EXPECT_NE(load(fakeCubin("a")), first);
  EXPECT_EQ(cuda.loadedModules, 3);
  EXPECT_EQ(foveaCudaReleaseModule(first), 0);
  EXPECT_EQ(cuda.loadedModules, 3);
  EXPECT_EQ(foveaCudaReleaseModule(first), 0);
  EXPECT_EQ(cuda.loadedModules, 2);
}

TEST_F(Module, ConcurrentLoadsShareOne) {
  std::vector<std::thread> threads;
  std::vector<FoveaCudaModule *> modules(8);
  for (FoveaCudaModule *&module : modules)
    threads.emplace_back([&] { module = load(fakeCubin("a")); });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(modules, std::vector<FoveaCudaModule *>(8, modules[0]));
  EXPECT_EQ(cuda.calls("cuModuleLoadData"), 1);
}

// PTX is assembled once; then the kernel cache has its cubin.
TEST_F(Module, PtxIsAssembledOnce) {
  const std::string ptx = ".version 8.7 // PtxIsAssembledOnce\n";
  EXPECT_NE(load(ptx), nullptr);
  EXPECT_EQ(cuda.calls("cuLinkComplete"), 1);
  EXPECT_EQ(cuda.calls("cuLinkDestroy"), 1);
  cuda.enterNewContext();
  EXPECT_NE(load(ptx), nullptr);
  EXPECT_EQ(cuda.calls("cuLinkComplete"), 1);
  EXPECT_EQ(cuda.loadedModules, 2);
}

TEST_F(Module, AssemblersLogIsInTheError) {
  cuda.failures["cuLinkAddData"] = CUDA_ERROR_INVALID_PTX;
  cuda.assemblerLog = "ptxas fovea.ptx, line 3; error: unknown symbol\n";
  EXPECT_EQ(load(".version 8.7\n.bad"), nullptr);
  EXPECT_STREQ(foveaGetLastError(), "cuLinkAddData: CUDA_ERROR_INVALID_PTX (what the driver says)\n"
                                    "ptxas fovea.ptx, line 3; error: unknown symbol");
  EXPECT_EQ(cuda.calls("cuLinkDestroy"), 1);
}

TEST_F(Module, WhatIsNoImage) {
  EXPECT_EQ(load("some text"), nullptr);
  EXPECT_LAST_ERROR("the image of 9 bytes is neither a cubin nor PTX");
  EXPECT_EQ(load(fakeCubin("").substr(0, 40)), nullptr);
  EXPECT_LAST_ERROR("an ELF file of 40 bytes, but no whole cubin");
  std::string cut = fakeCubin("");
  cut[40] = 65; // the section table begins behind the end
  EXPECT_EQ(load(cut), nullptr);
  EXPECT_LAST_ERROR("an ELF file of 64 bytes, but no whole cubin");
  FoveaCudaModule *module;
  EXPECT_EQ(foveaCudaLoadModule("", -1, &module), -1);
  EXPECT_EQ(cuda.calls("cuModuleLoadData"), 0);
}

TEST_F(Module, EveryCallIsChecked) {
  for (const char *function :
       {"cuDriverGetVersion", "cuDeviceGetAttribute", "cuLinkCreate", "cuLinkAddData", "cuLinkComplete",
        "cuLinkDestroy", "cuModuleLoadData", "cuModuleGetFunction", "cuFuncGetAttribute"}) {
    cuda.enterNewContext();
    cuda.failures = {{function, CUDA_ERROR_INVALID_VALUE}};
    FoveaCudaModule *module = load(std::string(".version 8.7 // ") + function);
    FoveaCudaKernel *kernel = nullptr;
    EXPECT_TRUE(!module || foveaCudaGetKernel(module, "attn", &kernel) != 0) << function;
    EXPECT_LAST_ERROR(std::string(function) + ": CUDA_ERROR_INVALID_VALUE");
  }
}

TEST_F(Module, KernelThatIsNotThere) {
  FoveaCudaKernel *kernel;
  EXPECT_EQ(foveaCudaGetKernel(load(fakeCubin("a")), "missing", &kernel), -1);
  EXPECT_LAST_ERROR("cuModuleGetFunction: CUDA_ERROR_NOT_FOUND (what the driver "
                    "says); kernel 'missing'");
}

TEST_F(Module, KernelAttributes) {
  FoveaCudaKernel *kernel = getKernel();
  FoveaCudaKernelAttributes attributes;
  EXPECT_EQ(foveaCudaGetKernelAttributes(kernel, &attributes), 0);
  EXPECT_EQ(attributes.registers, 168);
  EXPECT_EQ(attributes.localBytes, 16);
  EXPECT_EQ(attributes.staticSharedBytes, 1024);
  EXPECT_EQ(attributes.dynamicSharedBytes, 48128);
  EXPECT_EQ(attributes.maxThreadsPerBlock, 384);

  // Up to what the device has beside the static part; never taken back.
  EXPECT_EQ(foveaCudaAllow(kernel, 231424, 16), 0);
  EXPECT_EQ(foveaCudaAllow(kernel, 0, 1), 0);
  EXPECT_EQ(foveaCudaAllow(kernel, 231425, 1), -1);
  EXPECT_LAST_ERROR("kernel 'attn': got 231425 bytes of dynamic shared memory, "
                    "expected 0 to 231424 (232448 of the device less 1024 "
                    "static)");
  EXPECT_EQ(foveaCudaAllow(kernel, 0, 17), -1);
  EXPECT_LAST_ERROR("got clusters of 17 blocks, expected at most 16");
  foveaCudaGetKernelAttributes(kernel, &attributes);
  EXPECT_EQ(attributes.dynamicSharedBytes, 231424);
  auto &set = cuda.kernels["attn"].attributes;
  EXPECT_EQ(set[CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES], 231424);
  EXPECT_EQ(set[CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED], 1);
}

TEST_F(Module, LaunchReachesTheDriverAsGiven) {
  uint64_t pointer = 0x7f0000001000;
  float scale = 0.125f;
  void *arguments[] = {&pointer, &scale};
  FoveaCudaLaunchShape shape = {{132, 2, 3}, {384, 1, 1}, {2, 1, 1}, 1000};
  auto *stream = reinterpret_cast<FoveaCudaStream>(0x5);
  ASSERT_EQ(foveaCudaLaunchKernel(getKernel(), &shape, arguments, stream), 0);
  ASSERT_EQ(cuda.launches.size(), 1u);
  const FakeCuda::Launch &launch = cuda.launches[0];
  EXPECT_EQ(launch.config.gridDimX, 132u);
  EXPECT_EQ(launch.config.gridDimY, 2u);
  EXPECT_EQ(launch.config.gridDimZ, 3u);
  EXPECT_EQ(launch.config.blockDimX, 384u);
  EXPECT_EQ(launch.config.sharedMemBytes, 1000u);
  EXPECT_EQ(launch.config.hStream, stream);
  EXPECT_EQ(launch.cluster[0], 2u);
  EXPECT_EQ(valueOf<uint64_t>(launch.arguments[0]), pointer);
  EXPECT_EQ(valueOf<float>(launch.arguments[1]), scale);
}

TEST_F(Module, EmptyGridLaunchesNothing) {
  FoveaCudaLaunchShape shape = {{132, 0, 1}, {384, 1, 1}, {1, 1, 1}, 0};
  EXPECT_EQ(foveaCudaLaunchKernel(getKernel(), &shape, nullptr, nullptr), 0);
  EXPECT_EQ(cuda.calls("cuLaunchKernelEx"), 0);
}

TEST_F(Module, ShapesBeyondALimit) {
  struct {
    FoveaCudaLaunchShape shape;
    const char *error;
  } cases[] = {
      {{{1, 65536, 1}, {1, 1, 1}, {1, 1, 1}, 0}, "the grid's y is 65536, expected 0 to 65535"},
      {{{1, 1, 65536}, {1, 1, 1}, {1, 1, 1}, 0}, "the grid's z is 65536, expected 0 to 65535"},
      {{{int64_t(1) << 31, 1, 1}, {1, 1, 1}, {1, 1, 1}, 0}, "the grid's x is 2147483648, expected 0 to 2147483647"},
      {{{-1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 0}, "the grid's x is -1"},
      {{{1, 1, 1}, {0, 1, 1}, {1, 1, 1}, 0}, "the block's x is 0, expected 1 to 1024"},
      {{{1, 1, 1}, {1, 1, 65}, {1, 1, 1}, 0}, "the block's z is 65, expected 1 to 64"},
      {{{1, 1, 1}, {385, 1, 1}, {1, 1, 1}, 0},
       "got 385 threads in a block, expected at most 384 (it uses 168 "
       "registers)"},
      {{{3, 1, 1}, {1, 1, 1}, {2, 1, 1}, 0}, "the grid's x is 3, expected a multiple of the cluster's 2"},
      {{{16, 1, 1}, {1, 1, 1}, {16, 1, 1}, 0}, "got clusters of 16 blocks, 8 are allowed"},
      {{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 48129}, "got 48129 bytes of dynamic shared memory, 0 to 48128 are allowed"}};
  for (auto &[shape, error] : cases) {
    EXPECT_EQ(foveaCudaLaunchKernel(getKernel(), &shape, nullptr, nullptr), -1);
    EXPECT_LAST_ERROR(std::string("kernel 'attn': ") + error);
  }
  EXPECT_EQ(cuda.calls("cuLaunchKernelEx"), 0);
}

TEST_F(Module, RefusalOfTheDriverNamesTheLaunch) {
  cuda.failures["cuLaunchKernelEx"] = CUDA_ERROR_INVALID_VALUE;
  FoveaCudaLaunchShape shape = {{132, 1, 1}, {384, 1, 1}, {2, 1, 1}, 1000};
  EXPECT_EQ(foveaCudaLaunchKernel(getKernel(), &shape, nullptr, nullptr), -1);
  EXPECT_STREQ(foveaGetLastError(), "cuLaunchKernelEx: CUDA_ERROR_INVALID_VALUE (what the driver "
                                    "says); kernel 'attn', grid 132x1x1, block 384x1x1, cluster "
                                    "2x1x1, shared memory 1024 static + 1000 dynamic bytes");
}

} // namespace
