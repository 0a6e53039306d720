//===- Transpose.cpp - between rows and lanes, in squares -----------------===//

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

/// Transposes the square of units that `rows` have in each chunk of their elements.
///
/// With rows and units counted in binary, the even and the odd units of rows 2i and 2i + 1, written to rows i and i +
/// n/2, move the lowest bit of the row to the high end of the unit and the lowest bit of the unit to the high end of
/// the row: the bits of (row, unit) rotate by one. After log2(n) rounds the two have changed places.
static void transposeUnits(LaneBuilder &lanes, SmallVector<Value> &rows, int64_t unit) {
  int64_t count = rows.size(), length = cast<VectorType>(rows.front().getType()).getNumElements();
  int64_t chunk = count * unit;
  SmallVector<int64_t> even = everyOther(length, chunk, unit, false), odd = everyOther(length, chunk, unit, true);
  SmallVector<Value> to(count);
  for (unsigned round = 0; round != llvm::Log2_64(count); ++round) {
    for (int64_t i = 0; i != count / 2; ++i) {
      to[i] = vector::ShuffleOp::create(lanes.builder, lanes.loc, rows[2 * i], rows[2 * i + 1], even);
      to[i + count / 2] = vector::ShuffleOp::create(lanes.builder, lanes.loc, rows[2 * i], rows[2 * i + 1], odd);
    }
    std::swap(rows, to);
  }
}

SquareTranspose::SquareTranspose(LaneBuilder &lanes, VectorType type, int64_t count)
    : lanes(lanes), type(type), length(type.getNumElements()) {
  unit = std::min<int64_t>(128 / type.getElementTypeBitWidth(), length);
  for (int64_t square = 0; square != count; ++square)
    buffers.push_back(unit == length ? Value()
                                     : makeScratch(lanes.builder, lanes.loc, {length, length}, type.getElementType()));
}

SmallVector<Value> SquareTranspose::emit(GetRow getRow, PutColumn putColumn, ValueRange carried) {
  // First within 16 bytes, then of units of 16 bytes: both are one instruction with an immediate operand on any
  // machine.
  auto getRows = [&](Value first, MutableArrayRef<Value> carried) {
    SmallVector<SmallVector<Value>> squares(buffers.size());
    for (int64_t i = 0; i != unit; ++i)
      for (auto [square, row] : llvm::zip_equal(squares, getRow(lanes.add(first, i), carried)))
        square.push_back(row);
    for (SmallVector<Value> &square : squares)
      transposeUnits(lanes, square, 1);
    return squares;
  };
  if (unit == length) {
    SmallVector<Value> after(carried);
    for (auto [number, square] : llvm::enumerate(getRows(lanes.index(0), after)))
      for (auto [i, column] : llvm::enumerate(square))
        putColumn(number, lanes.index(i), column);
    return after;
  }
  SmallVector<Value> after = lanes.loop(lanes.index(0), lanes.index(length), unit, carried,
                                        [&](Value first, ValueRange before) -> SmallVector<Value> {
                                          SmallVector<Value> next(before);
                                          for (auto [buffer, square] : llvm::zip_equal(buffers, getRows(first, next)))
                                            for (auto [i, row] : llvm::enumerate(square))
                                              vector::StoreOp::create(lanes.builder, lanes.loc, row, buffer,
                                                                      ValueRange{lanes.add(first, i), lanes.index(0)});
                                          return next;
                                        });
  lanes.loop(lanes.index(0), lanes.index(unit), 1, {}, [&](Value first, ValueRange) -> SmallVector<Value> {
    for (auto [number, buffer] : llvm::enumerate(buffers)) {
      SmallVector<Value> rows;
      for (int64_t i = 0; i != length; i += unit)
        rows.push_back(vector::LoadOp::create(lanes.builder, lanes.loc, type, buffer,
                                              ValueRange{lanes.add(first, i), lanes.index(0)}));
      transposeUnits(lanes, rows, unit);
      for (auto [i, column] : llvm::enumerate(rows))
        putColumn(number, lanes.add(first, i * unit), column);
    }
    return {};
  });
  return after;
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
