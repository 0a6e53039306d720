//===- TensorMapTest.cpp - Tensor maps, and each way to get one wrong -----===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "FakeCuda.h"

#include <functional>

using namespace fovea;

namespace {

/// K tiles of 128 rows and 64 columns out of a (H, S, D) tensor.
FoveaTensorMapShape validShape() {
  FoveaTensorMapShape shape{};
  shape.elementType = FOVEA_BF16;
  shape.rank = 3;
  int64_t sizes[] = {128, 1000, 16}, strides[] = {256, 256000}, box[] = {64, 128, 1};
  std::copy(sizes, sizes + 3, shape.sizes);
  std::copy(strides, strides + 2, shape.strides);
  std::copy(box, box + 3, shape.box);
  shape.swizzleBytes = 128;
  shape.l2PromotionBytes = 256;
  return shape;
}

TEST(TensorMap, ReachesTheDriverAsGiven) {
  FakeCuda cuda;
  FoveaTensorMapShape shape = validShape();
  FoveaTensorMap map;
  ASSERT_EQ(foveaCudaEncodeTensorMap(reinterpret_cast<void *>(0x1000), &shape, &map), 0);
  ASSERT_EQ(cuda.tensorMaps.size(), 1u);
  const FakeCuda::TensorMap &got = cuda.tensorMaps[0];
  EXPECT_EQ(got.address, 0x1000u);
  EXPECT_EQ(got.type, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
  EXPECT_EQ(got.sizes, (std::vector<uint64_t>{128, 1000, 16}));
  EXPECT_EQ(got.strides, (std::vector<uint64_t>{256, 256000}));
  EXPECT_EQ(got.box, (std::vector<uint32_t>{64, 128, 1}));
  EXPECT_EQ(got.swizzle, CU_TENSOR_MAP_SWIZZLE_128B);
  EXPECT_EQ(got.l2Promotion, CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
}

// One mistake each; the driver is not asked.
TEST(TensorMap, MistakesAreNamed) {
  FakeCuda cuda;
  struct {
    std::function<void(FoveaTensorMapShape &)> mistake;
    const char *error;
  } cases[] = {{[](auto &s) { s.elementType = 77; }, "got element type 77"},
               {[](auto &s) { s.rank = 0; }, "got rank 0, expected 1 to 5"},
               {[](auto &s) { s.rank = 6; }, "got rank 6, expected 1 to 5"},
               {[](auto &s) { s.swizzleBytes = 48; }, "got a swizzle of 48 bytes, expected 0, 32, 64 or 128"},
               {[](auto &s) { s.l2PromotionBytes = 1; }, "got an L2 promotion of 1 bytes, expected 0, 64, 128 or 256"},
               {[](auto &s) { s.sizes[1] = 0; }, "size 1 is 0, expected 1 to 2^32"},
               {[](auto &s) { s.sizes[2] = (int64_t(1) << 32) + 1; }, "size 2 is 4294967297, expected 1 to 2^32"},
               {[](auto &s) { s.box[1] = 257; }, "the box's extent 1 is 257, expected 1 to 256"},
               {[](auto &s) { s.box[2] = 0; }, "the box's extent 2 is 0, expected 1 to 256"},
               {[](auto &s) { s.strides[0] = 250; },
                "the stride of dimension 1 is 250 bytes, expected a multiple of 16 "
                "below 2^40"},
               {[](auto &s) { s.strides[1] = int64_t(1) << 40; }, "the stride of dimension 2 is 1099511627776 bytes"},
               {[](auto &s) { s.strides[1] = -16; }, "the stride of dimension 2 is -16 bytes"},
               {[](auto &s) { s.box[0] = 60; }, "the box's innermost extent has 120 bytes, expected a multiple of 16"},
               {[](auto &s) { s.box[0] = 128; }, "the box's innermost extent has 256 bytes, expected at most the "
                                                 "swizzle's 128"}};
  for (auto &[mistake, error] : cases) {
    FoveaTensorMapShape shape = validShape();
    mistake(shape);
    FoveaTensorMap map;
    EXPECT_EQ(foveaCudaEncodeTensorMap(reinterpret_cast<void *>(0x1000), &shape, &map), -1);
    EXPECT_LAST_ERROR(std::string("tensor map: ") + error);
  }
  FoveaTensorMapShape shape = validShape();
  FoveaTensorMap map;
  for (uintptr_t address : {0, 0x1008}) {
    EXPECT_EQ(foveaCudaEncodeTensorMap(reinterpret_cast<void *>(address), &shape, &map), -1);
    EXPECT_LAST_ERROR("expected a multiple of 16 bytes");
  }
  EXPECT_EQ(cuda.calls("cuTensorMapEncodeTiled"), 0);
}

TEST(TensorMap, RefusalOfTheDriver) {
  FakeCuda cuda;
  cuda.failures["cuTensorMapEncodeTiled"] = CUDA_ERROR_INVALID_VALUE;
  FoveaTensorMapShape shape = validShape();
  FoveaTensorMap map;
  EXPECT_EQ(foveaCudaEncodeTensorMap(reinterpret_cast<void *>(0x1000), &shape, &map), -1);
  EXPECT_STREQ(foveaGetLastError(), "cuTensorMapEncodeTiled: CUDA_ERROR_INVALID_VALUE (what the "
                                    "driver says); tensor map of rank 3, sizes 128 1000 16, strides "
                                    "256 256000 bytes, box 64 128 1");
}

} // namespace
