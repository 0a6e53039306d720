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

SmallVector<Value> fovea::transpose16x16(LaneBuilder &lanes, ArrayRef<Value> rows) {
  SmallVector<Value> current(rows);
  // In each step rows that differ in one bit of their number exchange the lanes that differ in that bit.
  for (int64_t bit = 1; bit != 16; bit *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane != 16; ++lane) {
      low.push_back(lane & bit ? 16 + (lane ^ bit) : lane);
      high.push_back(lane & bit ? 16 + lane : lane | bit);
    }
    SmallVector<Value> next(current);
    for (int64_t row = 0; row != 16; ++row)
      if (!(row & bit)) {
        next[row] = vector::ShuffleOp::create(lanes.builder, lanes.loc, current[row], current[row | bit], low);
        next[row | bit] = vector::ShuffleOp::create(lanes.builder, lanes.loc, current[row], current[row | bit], high);
      }
    current = std::move(next);
  }
  return current;
}
