//===- PrepareTest.cpp - What is found out before any launch --------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "SplitLaunch.h"

#include <functional>

using namespace fovea;
using namespace fovea::launch;

namespace {

TEST(Prepare, AllowsWhatLaunchesWillAskFor) {
  SplitCuda cuda;
  FoveaCudaProgram *program = cuda.prepare(splitLaunch());
  ASSERT_NE(program, nullptr) << foveaGetLastError();
  // Its shared memory depends on the head dim, so all that there is.
  auto limit = [&](const char *kernel) {
    return cuda.kernels[kernel].attributes[CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES];
  };
  EXPECT_EQ(limit("split"), 232448);
  EXPECT_EQ(limit("merge"), 49152);
  EXPECT_EQ(cuda.loadedModules, 1);
  EXPECT_EQ(foveaCudaReleaseProgram(program), 0);
  EXPECT_EQ(cuda.loadedModules, 0);
}

// Mistakes in a well-formed descriptor that show without arguments.
TEST(Prepare, MistakesAreNamed) {
  struct {
    std::function<void(LaunchDescriptor &)> mistake;
    const char *error;
  } cases[] = {{[](auto &d) { d.variants[0].launches[1].kernel = "missing"; }, "kernel 'missing'; launch 'decode'"},
               {[](auto &d) { d.variants[0].launches[1].arguments.pop_back(); },
                "kernel 'merge': the launch passes 2 arguments, the kernel has more; "
                "variant 'tma'; launch 'decode'"},
               {[](auto &d) {
                  auto &arguments = d.variants[0].launches[1].arguments;
                  arguments.push_back(arguments.back());
                },
                "kernel 'merge': the launch passes 4 arguments, the kernel has fewer"},
               {[](auto &d) { d.variants[0].launches[1].arguments[2].kind = KernelArgument::Kind::F32; },
                "kernel 'merge': argument 2 has 4 bytes, the kernel's parameter 8"},
               {[](auto &d) {
                  ExpressionBuilder builder(d);
                  d.variants[1].launches[0].block[0] = builder.constant(2048);
                },
                "kernel 'merge': the block's x is 2048, expected 1 to 1024"},
               {[](auto &d) {
                  ExpressionBuilder builder(d);
                  d.variants[0].launches[0].dynamicSharedBytes = builder.constant(300000);
                },
                "kernel 'split': got 300000 bytes of dynamic shared memory"},
               {[](auto &d) {
                  ExpressionBuilder builder(d);
                  d.variants[0].launches[0].cluster[0] = builder.constant(17);
                },
                "kernel 'split': the cluster's x is 17, expected 1 to 16"},
               {[](auto &d) { d.numImages = 2; }, "got 1 images, expected 2"}};
  for (auto &[mistake, error] : cases) {
    SplitCuda cuda;
    LaunchDescriptor descriptor = splitLaunch();
    mistake(descriptor);
    EXPECT_EQ(cuda.prepare(descriptor), nullptr) << error;
    EXPECT_LAST_ERROR(error);
    EXPECT_EQ(cuda.loadedModules, 0);
  }
}

// Without cuFuncGetParamInfo, which came with CUDA 12.4.
TEST(Prepare, OlderDriverCannotCheckParameters) {
  SplitCuda cuda;
  cuda.driver.cuFuncGetParamInfo.pointer = nullptr;
  LaunchDescriptor descriptor = splitLaunch();
  descriptor.variants[0].launches[1].arguments.pop_back();
  FoveaCudaProgram *program = cuda.prepare(descriptor);
  ASSERT_NE(program, nullptr) << foveaGetLastError();
  foveaCudaReleaseProgram(program);
}

TEST(Prepare, ImageThatCannotBeLoaded) {
  SplitCuda cuda;
  std::vector<uint8_t> bytes = write(splitLaunch());
  FoveaCudaImage image{"text", 4};
  FoveaCudaProgram *program = nullptr;
  EXPECT_EQ(foveaCudaPrepare(bytes.data(), bytes.size(), &image, 1, &program), -1);
  EXPECT_LAST_ERROR("neither a cubin nor PTX; image 0; launch 'decode'");
  image.size = -1;
  EXPECT_EQ(foveaCudaPrepare(bytes.data(), bytes.size(), &image, 1, &program), -1);
  EXPECT_LAST_ERROR("image 0: got a size of -1 bytes");
}

TEST(Prepare, FailingAttribute) {
  SplitCuda cuda;
  cuda.failures["cuFuncSetAttribute"] = CUDA_ERROR_INVALID_VALUE;
  EXPECT_EQ(cuda.prepare(splitLaunch()), nullptr);
  EXPECT_LAST_ERROR("cuFuncSetAttribute: CUDA_ERROR_INVALID_VALUE (what the "
                    "driver says); kernel 'split', attribute 8, value 232448; "
                    "variant 'tma'; launch 'decode'");
}

} // namespace
