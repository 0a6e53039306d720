//===- Transpose.cpp - between rows and lanes in registers ----------------===//

#include "Transpose.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace fovea;

/// With rows and columns counted in binary, interleaving row i with row i + n/2 moves the highest bit of the row to the
/// low end of the column and the highest bit of the column to the low end of the row: it rotates the bits of (row,
/// column) by one. After log2(n) rounds the two have changed places.
SmallVector<Value> fovea::transpose(LaneBuilder &lanes, ArrayRef<Value> rows) {
  int64_t count = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i != count / 2; ++i) {
    low.append({i, count + i});
    high.append({count / 2 + i, count + count / 2 + i});
  }
  SmallVector<Value> from(rows), to(count);
  for (unsigned round = 0; round != llvm::Log2_64(count); ++round) {
    for (int64_t i = 0; i != count / 2; ++i) {
      to[2 * i] = vector::ShuffleOp::create(lanes.builder, lanes.loc, from[i], from[i + count / 2], low);
      to[2 * i + 1] = vector::ShuffleOp::create(lanes.builder, lanes.loc, from[i], from[i + count / 2], high);
    }
    std::swap(from, to);
  }
  return from;
}

UnitStrideView::UnitStrideView(LaneBuilder &lanes, Value source) : buffer(source) {
  OpBuilder &builder = lanes.builder;
  Location loc = lanes.loc;
  auto constant = [&](bool value) { return arith::ConstantIntOp::create(builder, loc, value, 1); };
  auto type = cast<MemRefType>(source.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  if (strides.empty() || !ShapedType::isDynamic(strides.back())) {
    isUnit = constant(!strides.empty() && strides.back() == 1);
    return;
  }
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, source);
  isUnit = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, metadata.getStrides().back(), lanes.index(1));
  SmallVector<OpFoldResult> sizes = metadata.getConstifiedMixedSizes(), known = metadata.getConstifiedMixedStrides();
  known.back() = builder.getIndexAttr(1);
  buffer = memref::ReinterpretCastOp::create(builder, loc, metadata.getBaseBuffer(),
                                             metadata.getConstifiedMixedOffset(), sizes, known);
}

Value fovea::vectorEnd(LaneBuilder &lanes, Value extent, Value condition) {
  OpBuilder &builder = lanes.builder;
  Value rest = arith::RemUIOp::create(builder, lanes.loc, extent, lanes.index(lanes.lanes));
  Value end = lanes.sub(extent, rest);
  return builder.createOrFold<arith::SelectOp>(lanes.loc, condition, end, lanes.index(0));
}
