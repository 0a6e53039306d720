//===- MaskOracle.h - Mask ranges by looking at every pair ------*- C++ -*-===//
//
// Part of the Fovea project. What the mask range tests compare against: a mask
// is evaluated at each row and key, sharing no code with the analysis.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_UNIT_SUPPORT_MASKORACLE_H
#define FOVEA_TEST_UNIT_SUPPORT_MASKORACLE_H

#include "fovea/Support/MaskRange.h"

#include <ostream>
#include <vector>

namespace fovea {

using Mask = MaskPredicate<int64_t>;

/// Whether row i sees key j. An opaque leaf is some function of the two.
inline bool sees(const Mask &mask, int64_t i, int64_t j) {
  switch (mask.kind) {
  case Mask::Kind::Affine:
    return mask.keyCoefficient * j + mask.rowCoefficient * i + mask.offset >= 0;
  case Mask::Kind::Constant:
    return mask.value;
  case Mask::Kind::Opaque:
    return (i * 2654435761u + j * 40503u) % 7 < 3;
  default:
    bool all = mask.kind == Mask::Kind::All;
    for (const Mask &operand : mask.operands)
      if (sees(operand, i, j) != all)
        return !all;
    return all;
  }
}

struct Tile {
  int64_t rowBegin, rowEnd, numKeys;
};

inline std::ostream &operator<<(std::ostream &os, const Tile &tile) {
  return os << "rows [" << tile.rowBegin << ", " << tile.rowEnd << ") of " << tile.numKeys << " keys";
}

/// For each key, how many rows of the tile see it.
inline std::vector<int64_t> countRows(const Mask &mask, const Tile &tile) {
  std::vector<int64_t> count(tile.numKeys);
  for (int64_t i = tile.rowBegin; i < tile.rowEnd; ++i)
    for (int64_t j = 0; j < tile.numKeys; ++j)
      count[j] += sees(mask, i, j);
  return count;
}

inline MaskRange<int64_t> rangeOf(const Mask &mask, const Tile &tile) {
  Int64Arith arith;
  return maskKeyRange(mask, tile.rowBegin, tile.rowEnd, tile.numKeys, arith);
}

// The masks of the literature, by their names there.

/// Key j <= row i + offset.
inline Mask causal(int64_t offset) { return Mask::affine(-1, 1, offset); }
/// i + offset - left <= j <= i + offset + right.
inline Mask window(int64_t left, int64_t right, int64_t offset) {
  return Mask::allOf({Mask::affine(1, -1, left - offset), Mask::affine(-1, 1, right + offset)});
}
/// Key j < length.
inline Mask keyLength(int64_t length) { return Mask::affine(-1, 0, length - 1); }
/// Row i < length.
inline Mask rowLength(int64_t length) { return Mask::affine(0, -1, length - 1); }

} // namespace fovea

#endif // FOVEA_TEST_UNIT_SUPPORT_MASKORACLE_H
