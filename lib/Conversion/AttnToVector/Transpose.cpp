//===- Transpose.cpp - between rows and lanes in registers ----------------===//

#include "Transpose.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace fovea;

/// Units of `unit` elements in chunks of `chunk`: in each chunk the even (or odd) ones of the first vector, and then of
/// the second.
static SmallVector<int64_t> everyOther(int64_t lanes, int64_t chunk, int64_t unit, bool odd) {
  SmallVector<int64_t> mask;
  for (int64_t begin = 0; begin != lanes; begin += chunk)
    for (int64_t vector : {int64_t(0), lanes})
      for (int64_t at = odd ? unit : 0; at < chunk; at += 2 * unit)
        for (int64_t i = 0; i != unit; ++i)
          mask.push_back(vector + begin + at + i);
  return mask;
}

/// Transposes the square of units that rows[first], rows[first + step], ... have in each chunk.
///
/// With rows and units counted in binary, the even and the odd units of rows 2i and 2i + 1, written to rows i and i +
/// n/2, move the lowest bit of the row to the high end of the unit and the lowest bit of the unit to the high end of
/// the row: the bits of (row, unit) rotate by one. After log2(n) rounds the two have changed places.
static void transposeUnits(LaneBuilder &lanes, MutableArrayRef<Value> rows, int64_t first, int64_t step, int64_t chunk,
                           int64_t unit) {
  int64_t count = chunk / unit, length = rows.size();
  SmallVector<int64_t> even = everyOther(length, chunk, unit, false), odd = everyOther(length, chunk, unit, true);
  SmallVector<Value> from(count), to(count);
  for (int64_t i = 0; i != count; ++i)
    from[i] = rows[first + i * step];
  for (unsigned round = 0; round != llvm::Log2_64(count); ++round) {
    for (int64_t i = 0; i != count / 2; ++i) {
      to[i] = vector::ShuffleOp::create(lanes.builder, lanes.loc, from[2 * i], from[2 * i + 1], even);
      to[i + count / 2] = vector::ShuffleOp::create(lanes.builder, lanes.loc, from[2 * i], from[2 * i + 1], odd);
    }
    std::swap(from, to);
  }
  for (int64_t i = 0; i != count; ++i)
    rows[first + i * step] = from[i];
}

SmallVector<Value> fovea::transpose(LaneBuilder &lanes, ArrayRef<Value> rows) {
  // First within 16 bytes, then of units of 16 bytes: both are one instruction with an immediate operand on any
  // machine.
  unsigned width = cast<VectorType>(rows.front().getType()).getElementTypeBitWidth();
  int64_t count = rows.size(), unit = std::min<int64_t>(128 / width, count);
  SmallVector<Value> result(rows);
  for (int64_t first = 0; first != count; first += unit)
    transposeUnits(lanes, result, first, 1, unit, 1);
  for (int64_t first = 0; first != unit; ++first)
    transposeUnits(lanes, result, first, unit, count, unit);
  return result;
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
