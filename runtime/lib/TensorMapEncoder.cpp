//===- TensorMapEncoder.cpp - Tensor maps that the device can take --------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "TensorMapEncoder.h"

#include "Error.h"
#include "fovea/LaunchDescriptor.h"

#include <optional>

using namespace fovea;

static_assert(FOVEA_I8 == int(launch::ElementType::I8) && FOVEA_BF16 == int(launch::ElementType::BF16) &&
                  FOVEA_F8E5M2 == int(launch::ElementType::F8E5M2),
              "cuda.h and LaunchDescriptor.h number element types alike");

/// 0 if it is no FoveaElementType.
static int64_t byteSize(int type) {
  return type >= FOVEA_I8 && type <= FOVEA_F8E5M2 ? launch::byteSize(static_cast<launch::ElementType>(type)) : 0;
}

/// The device moves bytes: only their number matters where types have none of
/// their own.
static CUtensorMapDataType dataType(int type) {
  switch (type) {
  case FOVEA_F16:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  case FOVEA_BF16:
    return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  case FOVEA_F32:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  case FOVEA_F64:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT64;
  case FOVEA_I16:
    return CU_TENSOR_MAP_DATA_TYPE_UINT16;
  case FOVEA_I32:
    return CU_TENSOR_MAP_DATA_TYPE_INT32;
  case FOVEA_I64:
    return CU_TENSOR_MAP_DATA_TYPE_INT64;
  default: // of one byte
    return CU_TENSOR_MAP_DATA_TYPE_UINT8;
  }
}

/// The position of a number of bytes in {0, first, 2 * first, 4 * first}.
static std::optional<int> logOf(int bytes, int first) {
  if (bytes == 0)
    return 0;
  for (int i = 1; i <= 3; ++i)
    if (bytes == first << (i - 1))
      return i;
  return std::nullopt;
}

static std::optional<int> swizzleOf(const FoveaTensorMapShape &shape) { return logOf(shape.swizzleBytes, 32); }
static std::optional<int> l2PromotionOf(const FoveaTensorMapShape &shape) { return logOf(shape.l2PromotionBytes, 64); }

bool fovea::checkTensorMap(uint64_t address, const FoveaTensorMapShape &shape) {
  int64_t elementBytes = byteSize(shape.elementType);
  if (elementBytes == 0)
    return fail("tensor map: got element type %d", shape.elementType);
  if (shape.rank < 1 || shape.rank > 5)
    return fail("tensor map: got rank %d, expected 1 to 5", shape.rank);
  if (address == 0 || address % 16 != 0)
    return fail("tensor map: got address 0x%llx, expected a multiple of 16 "
                "bytes",
                (unsigned long long)address);
  if (!swizzleOf(shape))
    return fail("tensor map: got a swizzle of %d bytes, expected 0, 32, 64 or "
                "128",
                shape.swizzleBytes);
  if (!l2PromotionOf(shape))
    return fail("tensor map: got an L2 promotion of %d bytes, expected 0, 64, "
                "128 or 256",
                shape.l2PromotionBytes);
  for (int dim = 0; dim < shape.rank; ++dim) {
    int64_t size = shape.sizes[dim], box = shape.box[dim];
    if (size < 1 || size > int64_t(1) << 32)
      return fail("tensor map: size %d is %lld, expected 1 to 2^32", dim, (long long)size);
    if (box < 1 || box > 256)
      return fail("tensor map: the box's extent %d is %lld, expected 1 to 256", dim, (long long)box);
  }
  for (int dim = 1; dim < shape.rank; ++dim) {
    int64_t stride = shape.strides[dim - 1];
    if (stride < 0 || stride >= int64_t(1) << 40 || stride % 16 != 0)
      return fail("tensor map: the stride of dimension %d is %lld bytes, "
                  "expected a multiple of 16 below 2^40",
                  dim, (long long)stride);
  }
  int64_t rowBytes = shape.box[0] * elementBytes;
  if (rowBytes % 16 != 0)
    return fail("tensor map: the box's innermost extent has %lld bytes, "
                "expected a multiple of 16",
                (long long)rowBytes);
  if (shape.swizzleBytes != 0 && rowBytes > shape.swizzleBytes)
    return fail("tensor map: the box's innermost extent has %lld bytes, "
                "expected at most the swizzle's %d",
                (long long)rowBytes, shape.swizzleBytes);
  return true;
}

bool fovea::encodeTensorMap(const CudaDriver &driver, uint64_t address, const FoveaTensorMapShape &shape,
                            CUtensorMap &map) {
  if (!checkTensorMap(address, shape))
    return false;
  uint64_t sizes[5] = {}, strides[4] = {};
  uint32_t box[5] = {};
  static constexpr uint32_t elementStrides[5] = {1, 1, 1, 1, 1};
  for (int dim = 0; dim < shape.rank; ++dim) {
    sizes[dim] = shape.sizes[dim];
    box[dim] = uint32_t(shape.box[dim]);
    if (dim > 0)
      strides[dim - 1] = shape.strides[dim - 1];
  }
  if (driver.cuTensorMapEncodeTiled(&map, dataType(shape.elementType), shape.rank, reinterpret_cast<void *>(address),
                                    sizes, strides, box, elementStrides, CU_TENSOR_MAP_INTERLEAVE_NONE,
                                    CUtensorMapSwizzle(*swizzleOf(shape)),
                                    CUtensorMapL2promotion(*l2PromotionOf(shape)), CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE))
    return true;
  appendLastError("; tensor map of rank %d, sizes", shape.rank);
  for (int dim = 0; dim < shape.rank; ++dim)
    appendLastError(" %llu", (unsigned long long)sizes[dim]);
  appendLastError(", strides");
  for (int dim = 1; dim < shape.rank; ++dim)
    appendLastError(" %llu", (unsigned long long)strides[dim - 1]);
  appendLastError(" bytes, box");
  for (int dim = 0; dim < shape.rank; ++dim)
    appendLastError(" %u", box[dim]);
  return false;
}
