//===- RegisterLayout.h - How the threads of a block hold a tile *- C++ -*-===//
//
// Part of the Fovea project. Free of IR.
//
//===----------------------------------------------------------------------===//
//
// A linear layout has powers of two everywhere, good kernels do not: three
// warpgroups hold 192 rows, and 80 columns fit the registers where 128 do not.
// Such a tile repeats a linear piece:
//
//     192 x 80 accumulator = piece of 64 x 16: 4 warps x 32 lanes x 8 registers
//                            x 5 along the columns, in further registers
//                            x 3 along the rows, in further warps
//
// An index of a dim is (index in the piece) + size * (repetition), mixed radix
// with the first repeat lowest, and so is a coordinate. A repetition without a
// coordinate holds copies. Factors of two move into the piece where they border
// on it, so that tiles of powers of two have no repeats, and layouts that are
// built differently and mean the same compare equal.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_REGISTERLAYOUT_H
#define FOVEA_SUPPORT_REGISTERLAYOUT_H

#include "fovea/Support/LinearLayout.h"

namespace fovea {

/// Register, lane, warp and block to the coordinates of a tile of any extents.
class RegisterLayout {
public:
  struct Repeat {
    Dim in;
    std::optional<Dim> out; ///< Nothing: the repetitions hold the same.
    int64_t count;

    bool operator==(const Repeat &other) const { return in == other.in && out == other.out && count == other.count; }
  };

  RegisterLayout() = default;
  /// Of a piece alone. Its outputs must be coordinates 0, 1, ... in order; dims
  /// among register, lane, warp and block that it lacks get one index.
  explicit RegisterLayout(const LinearLayout &piece);

  /// `count` copies of this, side by side along `out`, in further indices of
  /// `in`; all at the same place without `out`.
  RegisterLayout repeat(Dim in, std::optional<Dim> out, int64_t count) const;

  const LinearLayout &piece() const { return linear; }
  const std::vector<Repeat> &repeats() const { return repetitions; }
  bool isLinear() const { return repetitions.empty(); }

  unsigned rank() const { return linear.outputs().size(); }
  int64_t extent(Dim coordinate) const;
  std::vector<int64_t> shape() const;
  /// Number of registers (elements per thread), lanes, warps or blocks.
  int64_t size(Dim in) const;

  /// The coordinates of an element. Inputs that are not given are 0.
  std::vector<int64_t> apply(const DimIndices &indices) const;

  /// The layout of the tile reduced along a coordinate; see LinearLayout.
  RegisterLayout slice(Dim coordinate) const;
  /// Coordinate i of the result is coordinate order[i] of this.
  RegisterLayout transpose(const std::vector<unsigned> &order) const;

  bool operator==(const RegisterLayout &other) const {
    return linear == other.linear && repetitions == other.repetitions;
  }
  bool operator!=(const RegisterLayout &other) const { return !(*this == other); }

  /// The piece, then " x5 register->d1 x3 warp->d0".
  std::string toString() const;

private:
  LinearLayout linear;
  std::vector<Repeat> repetitions;
};

/// What it takes to bring a tile from one layout into another, cheapest first.
enum class ConversionKind {
  RegistersOnly,      ///< Renaming registers: free.
  ShufflesWithinWarp, ///< Selects within threads and shuffles between lanes.
  ThroughShared,      ///< Between warps.
  AcrossBlocks        ///< Between the blocks of a cluster.
};

/// Nothing if the tiles differ in shape or the layouts in their numbers of
/// lanes, warps or blocks.
std::optional<ConversionKind> classifyConversion(const RegisterLayout &from, const RegisterLayout &to);

/// For RegistersOnly: the register of `from` to take for each register of `to`.
std::vector<int64_t> registerPermutation(const RegisterLayout &from, const RegisterLayout &to);

/// From (register, lane, warp, block) of `to` to those of an equal element in
/// `from`: in the same thread where there is one, else in the same warp, else
/// in the same block. `to` must reach only what `from` reaches.
LinearLayout conversionMap(const LinearLayout &from, const LinearLayout &to);

} // namespace fovea

#endif // FOVEA_SUPPORT_REGISTERLAYOUT_H
