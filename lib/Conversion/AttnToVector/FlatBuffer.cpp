//===- FlatBuffer.cpp - a buffer as one dimension of elements -------------===//

#include "FlatBuffer.h"

using namespace mlir;
using namespace fovea;

FlatBuffer FlatBuffer::of(LaneBuilder &lanes, Value buffer) {
  OpBuilder &builder = lanes.builder;
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, lanes.loc, buffer);
  FlatBuffer flat;
  for (OpFoldResult stride : metadata.getConstifiedMixedStrides())
    flat.strides.push_back(getValueOrCreateConstantIndexOp(builder, lanes.loc, stride));
  auto layout = StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, {1});
  auto type = MemRefType::get({ShapedType::kDynamic}, cast<MemRefType>(buffer.getType()).getElementType(), layout);
  // Nobody asks for the extent.
  OpFoldResult extent = lanes.index(std::numeric_limits<int32_t>::max());
  OpFoldResult offset = metadata.getOffset();
  flat.elements = memref::ReinterpretCastOp::create(builder, lanes.loc, type, metadata.getBaseBuffer(), offset,
                                                    ArrayRef<OpFoldResult>(extent),
                                                    ArrayRef<OpFoldResult>(builder.getIndexAttr(1)));
  return flat;
}

Value FlatBuffer::position(LaneBuilder &lanes, ValueRange indices) const {
  Value sum = lanes.index(0);
  for (auto [index, stride] : llvm::zip_equal(indices, strides))
    sum = lanes.add(sum, lanes.builder.createOrFold<arith::MulIOp>(lanes.loc, index, stride));
  return sum;
}

Value fovea::isUnitStride(LaneBuilder &lanes, Value stride) {
  if (std::optional<int64_t> constant = getConstantIntValue(stride))
    return arith::ConstantOp::create(lanes.builder, lanes.loc, lanes.builder.getBoolAttr(*constant == 1));
  return arith::CmpIOp::create(lanes.builder, lanes.loc, arith::CmpIPredicate::eq, stride, lanes.index(1));
}
