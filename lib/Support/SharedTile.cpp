//===- SharedTile.cpp - A tile in shared memory ---------------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/SharedTile.h"

#include <algorithm>
#include <cassert>

using namespace fovea;

namespace {

/// The fields of a descriptor count 16 bytes.
constexpr int64_t unit = 16;
/// Largest value of the 14-bit fields.
constexpr int64_t maxField = (1 << 14) - 1;

bool isPowerOfTwo(int64_t x) { return x > 0 && (x & (x - 1)) == 0; }

} // namespace

std::optional<SharedTile> SharedTile::create(int64_t rows, int64_t cols, int64_t elementBytes, Swizzle swizzle,
                                             std::string *whyNot) {
  auto refuse = [&](const std::string &reason) {
    if (whyNot)
      *whyNot = reason;
    return std::nullopt;
  };
  if (elementBytes != 1 && elementBytes != 2 && elementBytes != 4)
    return refuse("elements of a shared tile have 1, 2 or 4 bytes, got " + std::to_string(elementBytes));
  if (rows <= 0 || rows % 8)
    return refuse("rows of a shared tile come in multiples of 8, got " + std::to_string(rows));
  if (cols <= 0)
    return refuse("a shared tile has columns, got " + std::to_string(cols));
  switch (swizzle) {
  case Swizzle::None:
  case Swizzle::B32:
  case Swizzle::B64:
  case Swizzle::B128:
    return SharedTile(rows, cols, elementBytes, swizzle);
  }
  return refuse("a swizzle spans 16 (none), 32, 64 or 128 bytes, got " +
                std::to_string(static_cast<unsigned>(swizzle)));
}

Swizzle SharedTile::widestSwizzle(int64_t cols, int64_t elementBytes) {
  for (Swizzle swizzle : {Swizzle::B128, Swizzle::B64, Swizzle::B32})
    if (cols * elementBytes % static_cast<int64_t>(swizzle) == 0)
      return swizzle;
  return Swizzle::None;
}

int64_t SharedTile::alignment() const { return std::max<int64_t>(atomBytes(), 128); }

SharedTile::OffsetParts SharedTile::offsetParts(int64_t row, int64_t col) const {
  assert(row >= 0 && row < numRows && col >= 0 && col < numSlabs() * slabCols() && "not in the tile");
  int64_t add = col / slabCols() * slabBytes() + row / 8 * atomBytes();
  int64_t linear = row % 8 * span() + col % slabCols() * elemBytes;
  // The bits of the chunk's index take as many bits from 3 places up.
  int64_t chunkMask = span() - unit;
  return {add, linear ^ (linear >> 3 & chunkMask)};
}

int64_t SharedTile::byteOffset(int64_t row, int64_t col) const {
  OffsetParts parts = offsetParts(row, col);
  return parts.add + parts.chunk;
}

LinearLayout SharedTile::atom() const {
  // The table is easier to write from position to offset; the swizzle is its
  // own inverse, but the general inverse says it more plainly.
  std::vector<std::vector<int64_t>> rowBases, colBases;
  for (int64_t row = 1; row < 8; row *= 2)
    rowBases.push_back({offsetParts(row, 0).chunk / elemBytes});
  for (int64_t col = 1; col < slabCols(); col *= 2)
    colBases.push_back({offsetParts(0, col).chunk / elemBytes});
  return LinearLayout::fromBases({{Dim::Row, rowBases}, {Dim::Col, colBases}}, {{Dim::Offset, atomBytes() / elemBytes}})
      ->inverse();
}

std::optional<LinearLayout> SharedTile::layout() const {
  if (!isPowerOfTwo(numRows) || !isPowerOfTwo(numSlabs()))
    return std::nullopt;
  return atom() * LinearLayout::identity1D(numRows / 8, Dim::Offset, Dim::Row) *
         LinearLayout::identity1D(numSlabs(), Dim::Offset, Dim::Col);
}

std::vector<TmaBox> SharedTile::tmaBoxes() const {
  constexpr int64_t maxBoxRows = 256;
  std::vector<TmaBox> boxes;
  for (int64_t col = 0; col < numSlabs() * slabCols(); col += slabCols())
    for (int64_t row = 0; row < numRows; row += maxBoxRows)
      boxes.push_back({row, col, std::min(maxBoxRows, numRows - row), slabCols(), offsetParts(row, col).add});
  return boxes;
}

std::string SharedTile::whyNoDescriptor(Major major) const {
  if (major == Major::MN && elemBytes != 2)
    return "wgmma reads only 16-bit elements MN-major, got " + std::to_string(8 * elemBytes) + " bits";
  if (major == Major::MN && numRows % depthPerStep())
    return "the depth of a wgmma is 16 rows of an MN-major tile, got " + std::to_string(numRows);
  if (major == Major::K && numCols % depthPerStep())
    return "the depth of a wgmma is " + std::to_string(depthPerStep()) + " columns of a K-major tile, got " +
           std::to_string(numCols);
  if (slabBytes() / unit > maxField)
    return "slabs must be closer than " + std::to_string((maxField + 1) * unit) + " bytes, got " +
           std::to_string(slabBytes());
  return "";
}

MatrixDescriptor SharedTile::descriptor(Major major) const {
  assert(whyNoDescriptor(major).empty());
  uint32_t slab = slabBytes() / unit, atom = atomBytes() / unit;
  switch (mode) {
  case Swizzle::None:
    if (major == Major::K)
      return {slab, atom, 0};
    return {atom, slab, 0};
  case Swizzle::B128:
  case Swizzle::B64:
  case Swizzle::B32:
    break;
  }
  bool usesSlabs = major == Major::MN && numSlabs() > 1;
  uint32_t swizzleMode = mode == Swizzle::B128 ? 1 : mode == Swizzle::B64 ? 2 : 3;
  return {usesSlabs ? slab : 1, atom, swizzleMode};
}

int64_t SharedTile::numSteps(Major major) const { return (major == Major::K ? numCols : numRows) / depthPerStep(); }

uint32_t SharedTile::stepAdvance(Major major, int64_t step) const {
  assert(step >= 0 && step < numSteps(major) && "not in the tile");
  int64_t depth = step * depthPerStep();
  if (major == Major::MN)
    return offsetParts(depth, 0).add / unit;
  // Within a slab plain bytes: the hardware swizzles the final address.
  int64_t slab = depth / slabCols(), byte = depth % slabCols() * elemBytes;
  return (slab * slabBytes() + byte) / unit;
}

uint32_t SharedTile::beginAdvance(Major major, int64_t begin) const {
  if (major == Major::K) {
    assert(begin % 8 == 0 && "an operand begins with an atom");
    return offsetParts(begin, 0).add / unit;
  }
  assert(begin % slabCols() == 0 && "an operand begins with a slab");
  return offsetParts(0, begin).add / unit;
}
