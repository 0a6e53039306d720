//===- SharedTile.h - A tile in shared memory, as TMA and wgmma see it ----===//
//
// Part of the Fovea project. Free of IR.
//
//===----------------------------------------------------------------------===//
//
// A row-major tile of rows x cols elements is stored as slabs of columns. A
// slab holds `span` bytes of every row (the span of the swizzle: 128, 64 or 32
// bytes), row after row, so that one TMA box fills one slab:
//
//     slab 0: row 0 [span bytes] row 1 [span bytes] ...   slab 1: row 0 ...
//
// Within a slab the index of a 16-byte chunk is XORed with bits of the row, by
// the address alone; the pattern repeats every 8 rows (an atom):
//
//     span 128:  address bits 4..6 ^= bits 7..9      chunk ^= row % 8
//     span  64:  address bits 4..5 ^= bits 7..8      chunk ^= row / 2 % 4
//     span  32:  address bit  4    ^= bit  7         chunk ^= row / 4 % 2
//     span  16:  nothing (no swizzle)
//
// Eight rows of one column of chunks then lie in different banks, or, with the
// narrower spans, rows that share a bank line do.
//
// wgmma reads such a tile through a descriptor of 64 bits, byte counts in units
// of 16:
//
//     0-13 start address   16-29 leading byte offset (LBO)
//     32-45 stride byte offset (SBO)   49-51 base offset   62-63 swizzle mode
//
// either K-major, rows being M or N and columns being K, or MN-major, rows
// being K and columns being M or N (the transposed operand; 16-bit elements
// only). The tile is the same, the descriptor is not:
//
//               SBO                 LBO                  next 32 bytes of K
//   K-major     from atom to atom   unused (1)           +32 bytes, then next
//   slab MN-major    from atom to atom   from slab to slab    16 rows further
//
// and without a swizzle: K-major LBO = from slab to slab; MN-major SBO = from
// slab to slab, LBO = from atom to atom.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_SHAREDTILE_H
#define FOVEA_SUPPORT_SHAREDTILE_H

#include "fovea/Support/LinearLayout.h"

namespace fovea {

/// Named by its span in bytes.
enum class Swizzle : unsigned { None = 16, B32 = 32, B64 = 64, B128 = 128 };

/// Which dim of the product runs along the rows in memory.
enum class Major { K, MN };

/// The constant part of a wgmma matrix descriptor, fields as they are encoded.
struct MatrixDescriptor {
  uint32_t leadingByteOffset; ///< / 16
  uint32_t strideByteOffset;  ///< / 16
  uint32_t swizzleMode;       ///< 0 none, 1 of 128, 2 of 64, 3 of 32 bytes.
  /// 0: atoms of a SharedTile begin where the pattern of the address does.
  uint32_t baseOffset = 0;

  /// The low word without the address; the address, and advances, are added.
  uint32_t lowWord() const { return leadingByteOffset << 16; }
  uint32_t highWord() const { return strideByteOffset | baseOffset << 17 | swizzleMode << 30; }
  /// The address must be below 256 KiB, and aligned to 16 bytes.
  uint64_t encode(uint32_t address) const { return uint64_t(highWord()) << 32 | lowWord() | (address & 0x3FFFF) >> 4; }
};

/// One box of a TMA copy: a part of a tile and where it lies.
struct TmaBox {
  int64_t row, col;   ///< Its first element.
  int64_t rows, cols; ///< At most 256 each.
  int64_t byteOffset;
};

class SharedTile {
public:
  /// Nothing, with the reason in `whyNot`, unless rows is a positive multiple
  /// of 8, and elements have 1, 2 or 4 bytes. A last slab that the columns do
  /// not fill is padded (TMA fills with zeros what lies beyond the tensor).
  static std::optional<SharedTile> create(int64_t rows, int64_t cols, int64_t elementBytes, Swizzle swizzle,
                                          std::string *whyNot = nullptr);
  /// The widest swizzle of which the rows are a multiple.
  static Swizzle widestSwizzle(int64_t cols, int64_t elementBytes);

  int64_t rows() const { return numRows; }
  int64_t cols() const { return numCols; }
  int64_t elementBytes() const { return elemBytes; }
  Swizzle swizzle() const { return mode; }
  int64_t span() const { return static_cast<int64_t>(mode); }

  int64_t slabCols() const { return span() / elemBytes; }
  int64_t numSlabs() const { return (numCols + slabCols() - 1) / slabCols(); }
  int64_t slabBytes() const { return numRows * span(); }
  int64_t atomBytes() const { return 8 * span(); }
  int64_t bytes() const { return numSlabs() * slabBytes(); }
  /// Of the address of the tile, in bytes: that of an atom, which is also
  /// enough for TMA, but 128 at least.
  int64_t alignment() const;

  /// Where an element lies, in bytes from the beginning of the tile.
  int64_t byteOffset(int64_t row, int64_t col) const;

  /// The same in two parts, so that the parts of a thread can be computed once
  /// and those of its registers are constants: if two positions have no bit of
  /// row % 8 nor of col % slabCols() in common, and row / 8 and col /
  /// slabCols() add, their sum lies at (add + add) + (chunk ^ chunk).
  struct OffsetParts {
    int64_t add;   ///< Slab and atom.
    int64_t chunk; ///< Within the atom, linear over GF(2).
  };
  OffsetParts offsetParts(int64_t row, int64_t col) const;

  /// Offset in an atom (in elements) -> (row, col) within the atom.
  LinearLayout atom() const;
  /// Offset in the tile (in elements) -> (row, col); nothing unless rows and
  /// number of slabs are powers of two.
  std::optional<LinearLayout> layout() const;

  /// Boxes that together load or store the tile: one per slab and 256 rows.
  std::vector<TmaBox> tmaBoxes() const;

  /// Why wgmma cannot read the tile so; empty if it can.
  std::string whyNoDescriptor(Major major) const;
  /// Only where whyNoDescriptor is empty, as with the two below.
  MatrixDescriptor descriptor(Major major) const;
  /// K elements of one wgmma: 32 bytes of them.
  int64_t depthPerStep() const { return 32 / elemBytes; }
  int64_t numSteps(Major major) const;
  /// What is added to the low word for k-step `step`, and for an operand that
  /// begins at index `begin` of M or N: a multiple of 8 rows if K-major, of
  /// whole slabs if MN-major.
  uint32_t stepAdvance(Major major, int64_t step) const;
  uint32_t beginAdvance(Major major, int64_t begin) const;

  bool operator==(const SharedTile &other) const {
    return numRows == other.numRows && numCols == other.numCols && elemBytes == other.elemBytes && mode == other.mode;
  }
  bool operator!=(const SharedTile &other) const { return !(*this == other); }

private:
  SharedTile(int64_t rows, int64_t cols, int64_t elementBytes, Swizzle swizzle)
      : numRows(rows), numCols(cols), elemBytes(elementBytes), mode(swizzle) {}

  int64_t numRows, numCols, elemBytes;
  Swizzle mode;
};

} // namespace fovea

#endif // FOVEA_SUPPORT_SHAREDTILE_H
