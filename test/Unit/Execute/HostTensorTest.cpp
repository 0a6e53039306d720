//===- HostTensorTest.cpp - A strided tensor in host memory ---------------===//
//
// Addressing by strides, poison, conversion, and sizes that must be refused.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/HostTensor.h"
#include "Expect.h"

#include <cmath>

using namespace fovea;
using llvm::cantFail;

namespace {

TEST(HostTensor, ContiguousIsRowMajorAndAligned) {
  HostTensor tensor = cantFail(HostTensor::contiguous(ElementType::F32, {2, 3, 4}));
  EXPECT_EQ(tensor.getStrides(), llvm::ArrayRef<int64_t>({12, 4, 1}));
  EXPECT_EQ(tensor.getNumElements(), 24);
  EXPECT_EQ(tensor.getTypeString(), "2x3x4xf32");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.getStorage()) % 64, 0u);
  tensor.setDouble({1, 2, 3}, 7);
  EXPECT_EQ(static_cast<float *>(tensor.getStorage())[23], 7);
}

TEST(HostTensor, RankZeroHasOneElement) {
  HostTensor tensor = cantFail(HostTensor::contiguous(ElementType::I64, {}));
  EXPECT_EQ(tensor.getNumElements(), 1);
  tensor.setInt({}, -5);
  EXPECT_EQ(tensor.getInt({}), -5);
  EXPECT_EQ(valuesOf(tensor), std::vector<double>{-5});
}

TEST(HostTensor, ZeroSizeHasNoElementButStorage) {
  HostTensor tensor = cantFail(HostTensor::contiguous(ElementType::F64, {3, 0, 2}));
  EXPECT_EQ(tensor.getNumElements(), 0);
  EXPECT_NE(tensor.getStorage(), nullptr);
  EXPECT_TRUE(valuesOf(tensor).empty());
}

TEST(HostTensor, StridesLeaveGapsRepeatAndReverse) {
  // Rows of 3 that are 5 apart, backwards, from the fourth element on.
  HostTensor padded = cantFail(HostTensor::strided(ElementType::F32, {2, 3}, {5, -1}, 3));
  padded.setDouble({0, 0}, 1);
  padded.setDouble({1, 2}, 2);
  auto *data = static_cast<float *>(padded.getStorage());
  EXPECT_EQ(data[3], 1);
  EXPECT_EQ(data[6], 2);

  HostTensor broadcast = cantFail(HostTensor::strided(ElementType::F32, {4, 2}, {0, 1}));
  broadcast.setDouble({3, 1}, 9);
  EXPECT_EQ(broadcast.getDouble({0, 1}), 9);
}

// An output that is never written and a read of a gap must both show.
TEST(HostTensor, IsBornPoisonedGapsIncluded) {
  for (ElementType type : {ElementType::F16, ElementType::BF16, ElementType::F32, ElementType::F64}) {
    HostTensor tensor = cantFail(HostTensor::strided(type, {2, 3}, {8, 2}));
    for (int64_t i = 0; i < tensor.getStorageBytes() / getByteSize(type); ++i)
      ASSERT_TRUE(std::isnan(tensor.loadAt(i).toDouble()));
  }
  HostTensor integers = cantFail(HostTensor::contiguous(ElementType::I32, {2}));
  EXPECT_EQ(integers.getInt({1}), 0x5a5a5a5a);
  HostTensor bools = cantFail(HostTensor::contiguous(ElementType::I1, {2}));
  EXPECT_EQ(static_cast<char *>(bools.getStorage())[0], 0);
}

TEST(HostTensor, AssignConvertsBetweenAnyStrides) {
  HostTensor source = makeTensor(ElementType::F64, {2, 2}, {1, 2049, -3, 0.1});
  HostTensor columns = cantFail(HostTensor::strided(ElementType::F16, {2, 2}, {1, 2}));
  EXPECT_EQ(errorOf(columns.assign(source)), "");
  EXPECT_EQ(valuesOf(columns), (std::vector<double>{1, 2048, -3, 0.0999755859375}));
  EXPECT_EQ(columns.loadAt(1).toDouble(), -3);

  HostTensor integers = cantFail(columns.convert(ElementType::I16));
  EXPECT_EQ(valuesOf(integers), (std::vector<double>{1, 2048, -3, 0}));
}

TEST(HostTensor, AssignRefusesOtherShapesAndValuesOutOfRange) {
  HostTensor source = makeTensor(ElementType::F32, {1, 2}, {0, 300});
  HostTensor bytes = cantFail(HostTensor::contiguous(ElementType::I8, {1, 2}));
  EXPECT_EQ(errorOf(bytes.assign(source)), "the value 300 at [0, 1] is out of the range of i8");
  HostTensor other = cantFail(HostTensor::contiguous(ElementType::F32, {2}));
  EXPECT_EQ(errorOf(other.assign(source)), "got 1x2xf32, expected the shape of 2xf32");
}

TEST(HostTensor, RefusesImpossibleSizes) {
  auto strided = [](llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides, int64_t offset = 0) {
    return errorOf(HostTensor::strided(ElementType::F32, shape, strides, offset));
  };
  auto contiguous = [](llvm::ArrayRef<int64_t> shape) {
    return errorOf(HostTensor::contiguous(ElementType::F32, shape));
  };
  int64_t huge = int64_t(1) << 40;
  EXPECT_EQ(contiguous({2, -1}), "tensor 2x-1xf32: the size -1 is negative");
  expectContains(contiguous({huge, huge}), "the size overflows 64 bits");
  expectContains(strided({huge, huge}, {0, 0}), "the size overflows 64 bits");
  expectContains(contiguous({huge, 1024}), "more than this machine's");
  expectContains(strided({2, 2}, {1}), "got 1 strides, expected one per");
  expectContains(strided({4}, {-1}, 2), "reach 1 elements before the storage");
  EXPECT_EQ(contiguous({huge, huge, 0}), "");
}

} // namespace
