//===- ResultTest.cpp - Results that the caller makes room for ------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "SplitLaunch.h"

using namespace fovea;
using namespace fovea::launch;

namespace {

/// `copy` of x (rows, 8) f32 into y (2 * rows, 8), by a tensor map of x.
LaunchDescriptor copyLaunch() {
  LaunchDescriptor descriptor;
  descriptor.name = "copy";
  descriptor.arguments = {{"x", true, ElementType::F32, 2}, {"y", true, ElementType::F32, 2}};
  ExpressionBuilder builder(descriptor);
  ExpressionIndex one = builder.constant(1), rows = builder.size(0, 0), columns = builder.size(0, 1);
  descriptor.results = {{1, {builder.binary(Operation::Mul, rows, builder.constant(2)), columns}}};
  Variant variant;
  variant.name = "only";
  TensorMap map;
  map.type = ElementType::F32;
  map.sizes = {columns, rows};
  map.strides = {builder.binary(Operation::Mul, builder.stride(0, 0), builder.constant(4))};
  map.box = {8, 8};
  variant.tensorMaps = {map};
  KernelLaunch launch;
  launch.kernel = "merge";
  launch.grid = launch.block = launch.cluster = {one, one, one};
  launch.dynamicSharedBytes = builder.constant(0);
  launch.arguments = {{KernelArgument::Kind::TensorMap, {}, 0, 0}};
  variant.launches = {launch};
  descriptor.variants = {variant};
  return descriptor;
}

class ResultTest : public testing::Test {
protected:
  ResultTest() {
    cuda.kernels["merge"].parameters = {128};
    program = cuda.prepare(copyLaunch());
  }
  void SetUp() override { ASSERT_NE(program, nullptr) << foveaGetLastError(); }
  void TearDown() override { foveaCudaReleaseProgram(program); }

  SplitCuda cuda;
  FoveaCudaProgram *program = nullptr;
  int64_t xSizes[2] = {5, 8}, xStrides[2] = {8, 1}, ySizes[2] = {10, 8};
  FoveaCudaArgument arguments[2] = {{FOVEA_F32, 2, reinterpret_cast<void *>(0x10000), xSizes, xStrides, 0, 0},
                                    {FOVEA_F32, 2, reinterpret_cast<void *>(0x20000), ySizes, xStrides, 0, 0}};
};

// The sizes of a result follow from the other arguments, before it has memory.
TEST_F(ResultTest, Sizes) {
  ySizes[0] = -1;
  arguments[1].data = nullptr;
  int64_t argument = -1, sizes[2] = {};
  ASSERT_EQ(foveaCudaGetResult(program, arguments, 2, 0, &argument, sizes), 0) << foveaGetLastError();
  EXPECT_EQ(argument, 1);
  EXPECT_EQ(sizes[0], 10);
  EXPECT_EQ(sizes[1], 8);
  EXPECT_EQ(foveaCudaGetResult(program, arguments, 2, 1, &argument, sizes), -1);
  EXPECT_STREQ(foveaGetLastError(), "launch 'copy': got result 1, expected 0 to 0");
  xSizes[0] = -2;
  EXPECT_EQ(foveaCudaGetResult(program, arguments, 2, 0, &argument, sizes), -1);
  EXPECT_STREQ(foveaGetLastError(), "argument 'x': size 0 is -2; launch 'copy'");
}

// A launch that would write beyond its result is refused.
TEST_F(ResultTest, WrongSizes) {
  EXPECT_EQ(foveaCudaLaunch(program, arguments, 2, nullptr, 0, nullptr), 0) << foveaGetLastError();
  ySizes[0] = 9;
  EXPECT_EQ(foveaCudaLaunch(program, arguments, 2, nullptr, 0, nullptr), -1);
  EXPECT_LAST_ERROR("argument 'y': size 0 is 9, expected 10; launch 'copy'");
  EXPECT_EQ(cuda.launches.size(), 1u);
}

// A kernel may run where an input is empty, and copy by its tensor map: zeros, for it lies beyond all coordinates.
TEST_F(ResultTest, EmptyTensorMap) {
  xSizes[0] = ySizes[0] = 0;
  arguments[0].data = nullptr;
  ASSERT_EQ(foveaCudaLaunch(program, arguments, 2, nullptr, 0, nullptr), 0) << foveaGetLastError();
  ASSERT_EQ(cuda.tensorMaps.size(), 1u);
  EXPECT_EQ(cuda.tensorMaps[0].sizes, (std::vector<uint64_t>{8, 1}));
  EXPECT_EQ(cuda.tensorMaps[0].address % 16, 0u);
  EXPECT_NE(cuda.tensorMaps[0].address, 0u);
  EXPECT_EQ(cuda.launches.size(), 1u);
}

// One piece of bytes holds kernels and descriptor.
TEST_F(ResultTest, PrepareProgram) {
  std::vector<uint8_t> bytes = write(Program{copyLaunch(), {fakeCubin("whole")}});
  FoveaCudaProgram *whole = nullptr;
  ASSERT_EQ(foveaCudaPrepareProgram(bytes.data(), bytes.size(), &whole), 0) << foveaGetLastError();
  EXPECT_EQ(foveaCudaLaunch(whole, arguments, 2, nullptr, 0, nullptr), 0) << foveaGetLastError();
  foveaCudaReleaseProgram(whole);
  EXPECT_EQ(foveaCudaPrepareProgram(bytes.data(), 7, &whole), -1);
  EXPECT_LAST_ERROR("the program is cut short");
}

// Time between two points of a stream, in seconds.
TEST_F(ResultTest, Events) {
  FoveaCudaEvent start = nullptr, end = nullptr;
  ASSERT_EQ(foveaCudaCreateEvent(&start) | foveaCudaCreateEvent(&end), 0);
  ASSERT_EQ(foveaCudaRecordEvent(start, nullptr) | foveaCudaRecordEvent(end, nullptr), 0);
  double seconds = 0;
  ASSERT_EQ(foveaCudaElapsedSeconds(start, end, &seconds), 0);
  EXPECT_DOUBLE_EQ(seconds, 1.5e-3);
  EXPECT_EQ(cuda.calls("cuEventSynchronize"), 1);
  ASSERT_EQ(foveaCudaDestroyEvent(start) | foveaCudaDestroyEvent(end), 0);
  EXPECT_EQ(cuda.liveEvents, 0);
  cuda.failures["cuEventCreate"] = CUDA_ERROR_OUT_OF_MEMORY;
  EXPECT_EQ(foveaCudaCreateEvent(&start), -1);
  EXPECT_LAST_ERROR("cuEventCreate: CUDA_ERROR_OUT_OF_MEMORY");
}

} // namespace
