//===- LaunchTest.cpp - From arguments to what the device would get -------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "SplitLaunch.h"

#include <climits>

using namespace fovea;
using namespace fovea::launch;

namespace {

constexpr uint64_t workspace = 0x90000;

class Launch : public testing::Test {
protected:
  Launch() { program = cuda.prepare(splitLaunch()); }

  void SetUp() override { ASSERT_NE(program, nullptr) << foveaGetLastError(); }
  void TearDown() override { foveaCudaReleaseProgram(program); }

  int launch(int64_t workspaceBytes = 1 << 20, uint64_t at = workspace) {
    return foveaCudaLaunch(program, arguments, 4, reinterpret_cast<void *>(at), workspaceBytes,
                           reinterpret_cast<FoveaCudaStream>(0x5));
  }

  SplitCuda cuda;
  FoveaCudaProgram *program = nullptr;
  int64_t qSizes[2] = {8, 64}, qStrides[2] = {64, 1};
  int64_t kSizes[2] = {4096, 64}, kStrides[2] = {72, 1};
  FoveaCudaArgument arguments[4] = {{FOVEA_F16, 2, reinterpret_cast<void *>(0x10000), qSizes, qStrides, 0, 0},
                                    {FOVEA_F16, 2, reinterpret_cast<void *>(0x20000), kSizes, kStrides, 0, 0},
                                    {FOVEA_F32, 0, nullptr, nullptr, nullptr, 0, 0.125},
                                    {FOVEA_I64, 0, nullptr, nullptr, nullptr, 16, 0}};
};

// Two kernels, a tensor map and a zeroed workspace, all as declared.
TEST_F(Launch, ReachesTheDriverAsDeclared) {
  int64_t bytes = 0;
  ASSERT_EQ(foveaCudaWorkspaceBytes(program, arguments, 4, &bytes), 0);
  EXPECT_EQ(bytes, 256 + 8 * 16 * 64 * 4);
  ASSERT_EQ(launch(bytes), 0) << foveaGetLastError();

  EXPECT_EQ(cuda.order, (std::vector<std::string>{"fill", "split", "merge"}));
  auto *stream = reinterpret_cast<CUstream>(0x5);
  EXPECT_EQ(cuda.fills[0].address, workspace);
  EXPECT_EQ(cuda.fills[0].bytes, 4u);
  EXPECT_EQ(cuda.fills[0].stream, stream);

  const FakeCuda::Launch &split = cuda.launches[0];
  EXPECT_EQ(split.config.gridDimX, 16u);
  EXPECT_EQ(split.config.gridDimY, 8u);
  EXPECT_EQ(split.config.gridDimZ, 1u);
  EXPECT_EQ(split.config.blockDimX, 128u);
  EXPECT_EQ(split.config.sharedMemBytes, 65536u);
  EXPECT_EQ(split.config.hStream, stream);
  EXPECT_EQ(valueOf<CUtensorMap>(split.arguments[0]).opaque[0], 0u);
  EXPECT_EQ(valueOf<uint64_t>(split.arguments[1]), 0x10000u);
  EXPECT_EQ(valueOf<uint64_t>(split.arguments[2]), workspace + 256);
  EXPECT_EQ(valueOf<uint64_t>(split.arguments[3]), workspace);
  EXPECT_EQ(valueOf<int64_t>(split.arguments[4]), 4096);
  EXPECT_EQ(valueOf<float>(split.arguments[5]), 0.125f);
  EXPECT_EQ(valueOf<float>(split.arguments[6]), 1.0f);

  ASSERT_EQ(cuda.tensorMaps.size(), 1u);
  const FakeCuda::TensorMap &map = cuda.tensorMaps[0];
  EXPECT_EQ(map.address, 0x20000u);
  EXPECT_EQ(map.sizes, (std::vector<uint64_t>{64, 4096}));
  EXPECT_EQ(map.strides, (std::vector<uint64_t>{144}));
  EXPECT_EQ(map.box, (std::vector<uint32_t>{64, 64}));
  EXPECT_EQ(map.swizzle, CU_TENSOR_MAP_SWIZZLE_128B);
  EXPECT_EQ(map.l2Promotion, CU_TENSOR_MAP_L2_PROMOTION_L2_256B);

  const FakeCuda::Launch &merge = cuda.launches[1];
  EXPECT_EQ(merge.config.gridDimX, 8u);
  EXPECT_EQ(valueOf<uint64_t>(merge.arguments[0]), workspace + 256);
  EXPECT_EQ(valueOf<int64_t>(merge.arguments[1]), 16);
  EXPECT_EQ(valueOf<double>(merge.arguments[2]), 2.0);
  EXPECT_EQ(cuda.calls("cuStreamSynchronize") + cuda.calls("cuMemAlloc"), 0);
}

// A workspace that a launch left behind is not filled again.
TEST_F(Launch, Again) {
  ASSERT_EQ(foveaCudaRelaunch(program, arguments, 4, reinterpret_cast<void *>(workspace), 1 << 20, nullptr), 0)
      << foveaGetLastError();
  EXPECT_EQ(cuda.order, (std::vector<std::string>{"split", "merge"}));
}

// What a launch would run, without running it; no more of it than there is room for.
TEST_F(Launch, Plan) {
  FoveaCudaPlannedKernel planned[2] = {};
  int64_t kernelCount = 0;
  ASSERT_EQ(foveaCudaPlan(program, arguments, 4, planned, 1, &kernelCount), 0) << foveaGetLastError();
  EXPECT_EQ(kernelCount, 2);
  EXPECT_STREQ(planned[0].variant, "tma");
  EXPECT_STREQ(planned[0].name, "split");
  EXPECT_EQ(planned[0].shape.grid[0], 16);
  EXPECT_EQ(planned[0].shape.dynamicSharedBytes, 65536);
  EXPECT_EQ(planned[0].attributes.maxThreadsPerBlock, 1024);
  EXPECT_EQ(planned[1].name, nullptr);
  EXPECT_TRUE(cuda.order.empty());
  qSizes[1] = 512;
  EXPECT_EQ(foveaCudaPlan(program, arguments, 4, planned, 1, &kernelCount), -1);
  EXPECT_LAST_ERROR("no variant takes these arguments");
}

// The first variant whose guards hold; its own workspace.
TEST_F(Launch, SecondVariant) {
  kSizes[0] = 4095;
  int64_t bytes = -1;
  EXPECT_EQ(foveaCudaWorkspaceBytes(program, arguments, 4, &bytes), 0);
  EXPECT_EQ(bytes, 0);
  ASSERT_EQ(launch(0, 0), 0) << foveaGetLastError();
  EXPECT_EQ(cuda.order, (std::vector<std::string>{"merge"}));
  EXPECT_EQ(valueOf<uint64_t>(cuda.launches[0].arguments[0]), 0x10000u);
}

TEST_F(Launch, NoVariantListsTheGuardsThatFail) {
  qSizes[1] = 512;
  EXPECT_EQ(launch(), -1);
  EXPECT_STREQ(foveaGetLastError(), "no variant takes these arguments; 'tma' requires: the head dim is 64; "
                                    "'plain' requires: the head dim is at most 256; launch 'decode', q: "
                                    "8x512xf16 strides 64,1, k: 4096x64xf16 strides 72,1, scale: f32 0.125, "
                                    "splits: i64 16");
}

// Nothing runs, and no tensor map is made of an empty tensor.
TEST_F(Launch, EmptyInputs) {
  qSizes[0] = 0;
  kSizes[0] = 0;
  arguments[0].data = arguments[1].data = nullptr;
  EXPECT_EQ(launch(), 0) << foveaGetLastError();
  EXPECT_TRUE(cuda.launches.empty());
  EXPECT_TRUE(cuda.tensorMaps.empty());
}

TEST_F(Launch, WorkspaceThatDoesNotFit) {
  EXPECT_EQ(launch(33023), -1);
  EXPECT_LAST_ERROR("got a workspace of 33023 bytes at 0x90000, expected 33024 "
                    "bytes aligned to 256");
  EXPECT_EQ(launch(1 << 20, workspace + 128), -1);
  EXPECT_EQ(launch(1 << 20, 0), -1);
  EXPECT_TRUE(cuda.order.empty());
}

TEST_F(Launch, ArgumentsThatAreNotAsDeclared) {
  auto refused = [&](const char *error) {
    EXPECT_EQ(launch(), -1);
    EXPECT_LAST_ERROR(std::string(error) + "; launch 'decode'");
    int64_t bytes;
    EXPECT_EQ(foveaCudaWorkspaceBytes(program, arguments, 4, &bytes), -1);
  };
  arguments[0].elementType = FOVEA_BF16;
  refused("argument 'q': got element type bf16, expected f16");
  arguments[0].elementType = FOVEA_F16;
  arguments[1].rank = 1;
  refused("argument 'k': got rank 1, expected 2");
  arguments[1].rank = 2;
  kSizes[1] = -64;
  refused("argument 'k': size 1 is -64");
  kSizes[1] = 64;
  arguments[1].data = nullptr;
  refused("argument 'k': got null, and it is not empty");
  EXPECT_EQ(foveaCudaLaunch(program, arguments, 3, nullptr, 0, nullptr), -1);
  EXPECT_LAST_ERROR("got 3 arguments, expected 4");
  EXPECT_TRUE(cuda.order.empty());
}

// Grids, tensor maps and expressions go wrong before anything is launched.
TEST_F(Launch, PlanIsCheckedAsAWhole) {
  auto refused = [&](const char *error) {
    EXPECT_EQ(launch(INT64_MAX), -1);
    EXPECT_LAST_ERROR(error);
    EXPECT_LAST_ERROR("; launch 'decode', q: ");
    EXPECT_TRUE(cuda.order.empty());
  };
  qSizes[0] = 65536;
  refused("kernel 'split': the grid's y is 65536, expected 0 to 65535");
  qSizes[0] = 8;
  kStrides[0] = 71;
  refused("tensor map: the stride of dimension 1 is 142 bytes, expected a "
          "multiple of 16 below 2^40; tensor map 0 of kernel 'split'");
  kStrides[0] = 72;
  arguments[3].integer = INT64_MAX;
  refused("the size of a workspace overflows 64 bits: 9223372036854775807 * "
          "256");
  arguments[3].integer = -1;
  refused("workspace 1 has -2048 bytes");
  arguments[3].integer = int64_t(1) << 40;
  refused("kernel 'split': the grid's x is 1099511627776, expected 0 to "
          "2147483647");
}

TEST(LaunchWorkspace, SumOverflows) {
  SplitCuda cuda;
  LaunchDescriptor descriptor;
  descriptor.name = "large";
  ExpressionBuilder builder(descriptor);
  Workspace half{builder.constant(int64_t(1) << 62), false};
  descriptor.variants.push_back({"only", {}, {half, half}, {}, {}});
  FoveaCudaProgram *program = cuda.prepare(descriptor);
  ASSERT_NE(program, nullptr) << foveaGetLastError();
  int64_t bytes;
  EXPECT_EQ(foveaCudaWorkspaceBytes(program, nullptr, 0, &bytes), -1);
  EXPECT_STREQ(foveaGetLastError(), "the workspaces have more than 2^63 bytes; "
                                    "launch 'large'");
  foveaCudaReleaseProgram(program);
}

TEST_F(Launch, FailuresOfTheDriverNameTheLaunch) {
  cuda.failures = {{"cuMemsetD8Async", CUDA_ERROR_INVALID_VALUE}};
  EXPECT_EQ(launch(), -1);
  EXPECT_LAST_ERROR("cuMemsetD8Async: CUDA_ERROR_INVALID_VALUE (what the driver "
                    "says); launch 'decode', q: 8x64xf16");
  cuda.failures = {{"cuLaunchKernelEx", CUDA_ERROR_OUT_OF_MEMORY}};
  EXPECT_EQ(launch(), -1);
  EXPECT_LAST_ERROR("cuLaunchKernelEx: CUDA_ERROR_OUT_OF_MEMORY (what the "
                    "driver says); kernel 'split', grid 16x8x1, block 128x1x1, "
                    "cluster 1x1x1, shared memory 0 static + 65536 dynamic "
                    "bytes; launch 'decode', q: 8x64xf16 strides 64,1");
}

TEST_F(Launch, OnlyInTheContextOfItsProgram) {
  cuda.enterNewContext();
  EXPECT_EQ(launch(), -1);
  EXPECT_LAST_ERROR("launch 'decode' was prepared in another context");
  cuda.leaveContext();
  EXPECT_EQ(launch(), -1);
  EXPECT_LAST_ERROR("no CUDA context is current on this thread");
}

} // namespace
