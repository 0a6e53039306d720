//===- LinearLayout.h - Linear maps between bits of indices -----*- C++ -*-===//
//
// Part of the Fovea project. Free of IR.
//
//===----------------------------------------------------------------------===//
//
// Who holds which element of a tile? On a GPU nearly every answer has one form.
// Take the accumulator of mma.m16n8: register r of lane t holds
//
//     row = t / 4 + 8 * (r / 2)        col = 2 * (t % 4) + r % 2
//
// Every bit of (r, t) moves the position by a fixed amount, and no two bits
// touch the same bit of a coordinate, so that adding is the same as XOR:
//
//     register bit   0: (0, 1)   1: (8, 0)
//     lane bit       0: (0, 2)   1: (0, 4)   2: (1, 0)   3: (2, 0)   4: (4, 0)
//
// This table is the layout. To apply it, XOR the entries of the bits that are
// set: L(a ^ b) = L(a) ^ L(b), a linear map over GF(2), the field of one bit.
// XOR, unlike addition, also covers what shared memory does: in a tile with the
// 128-byte swizzle, bit 0 of the row moves an element down by a row *and* flips
// the lowest bit of the index of its 16-byte chunk, one entry like any other.
//
// So all questions become questions of linear algebra on small matrices of
// bits:
//
//     Does every element have a holder?              surjective
//     Is one held twice?                             not injective; free bits
//     Where is element (i, j)?                       inverse
//     Which register of which lane holds in layout A
//     what this one shall hold in layout B?          inverse of A after B
//     What does a reduction along a row leave?       drop a coordinate
//     Two lanes with one address?                    columns of a composition
//
// A layout has named inputs (register, lane, warp, block, or an offset in
// memory), each with a power of two of indices, and named outputs, likewise.
// Tiles of other extents repeat such a piece: RegisterLayout.h. The idea and
// the name are Triton's: Zhou et al., "Linear Layouts: Robust Code Generation
// of Efficient Tensor Computation Using F2", arXiv 2505.23819.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_LINEARLAYOUT_H
#define FOVEA_SUPPORT_LINEARLAYOUT_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

/// The name of an index. Coordinates of a tile are numbered from `Row` on.
enum class Dim : unsigned {
  Register, ///< Element index within a thread.
  Lane,     ///< Thread within a warp.
  Warp,     ///< Warp within a block (or within its role).
  Block,    ///< Block within a cluster.
  Offset,   ///< Position in memory, counted in elements.
  Row,      ///< Coordinate 0 of a tile.
  Col       ///< Coordinate 1; the next ones follow.
};

constexpr Dim coordinate(unsigned i) { return static_cast<Dim>(static_cast<unsigned>(Dim::Row) + i); }
constexpr bool isCoordinate(Dim dim) { return dim >= Dim::Row; }
constexpr unsigned coordinateIndex(Dim dim) { return static_cast<unsigned>(dim) - static_cast<unsigned>(Dim::Row); }
/// "register", "lane", ..., "d0", "d1", ...
std::string toString(Dim dim);

/// Indices by name, in the order of a layout's inputs or outputs.
using DimIndices = std::vector<std::pair<Dim, int64_t>>;

/// A linear map over GF(2) between named indices. At most 63 bits on each side.
class LinearLayout {
public:
  struct DimBits {
    Dim dim;
    unsigned bits; ///< The dim has 2^bits indices.

    bool operator==(const DimBits &other) const { return dim == other.dim && bits == other.bits; }
  };

  /// What the bits of one input do: bases[i][j] is what bit i adds to output j.
  struct InputBases {
    Dim dim;
    std::vector<std::vector<int64_t>> bases;
  };

  /// No inputs and no outputs: the neutral element of the product.
  LinearLayout() = default;

  /// From a table, with the sizes of the outputs. Nothing if a size is not a
  /// power of two, a basis does not fit, or a dim occurs twice.
  static std::optional<LinearLayout> fromBases(const std::vector<InputBases> &inputs, const DimIndices &outputs);

  /// in -> out = in.
  static LinearLayout identity1D(int64_t size, Dim in, Dim out);
  /// in -> out = 0: every index of `in` holds the same (broadcast).
  static LinearLayout zeros1D(int64_t size, Dim in, Dim out, int64_t outSize = 1);

  const std::vector<DimBits> &inputs() const { return ins; }
  const std::vector<DimBits> &outputs() const { return outs; }
  bool hasInput(Dim dim) const;
  bool hasOutput(Dim dim) const;
  /// Number of indices; 1 where the layout has no such dim.
  int64_t inputSize(Dim dim) const;
  int64_t outputSize(Dim dim) const;
  /// All inputs and all outputs taken together.
  int64_t inputSize() const;
  int64_t outputSize() const;

  /// What a bit of an input adds to an output.
  int64_t basis(Dim in, unsigned bit, Dim out) const;

  /// Inputs that are not given are 0.
  DimIndices apply(const DimIndices &indices) const;
  int64_t apply(const DimIndices &indices, Dim out) const;
  /// The same on indices packed as in `inputs()`, the first one lowest.
  uint64_t applyPacked(uint64_t input) const;

  bool isSurjective() const;
  bool isInjective() const;
  bool isBijective() const { return isSurjective() && isInjective(); }
  /// The bits of an input that reach nothing the bits before them do not reach
  /// (earlier inputs, lower bits): who differs only there holds the same set.
  uint64_t freeBits(Dim in) const;

  /// The direct sum: `outer` decides the high bits of the dims that both have.
  LinearLayout operator*(const LinearLayout &outer) const;
  /// x -> next(this(x)). Inputs of `next` that this lacks are 0; every output
  /// of this must be an input of `next`, and fit.
  LinearLayout compose(const LinearLayout &next) const;
  /// Outputs to inputs. Of several inputs the one without free bits; an output
  /// that is not reached maps as the part of it that is, so that in any case
  /// this.compose(inverse).compose(this) == this.
  LinearLayout inverse() const;

  /// Only these inputs (the others 0) and these outputs, in this order.
  LinearLayout sublayout(const std::vector<Dim> &inputDims, const std::vector<Dim> &outputDims) const;
  /// The layout of the tile reduced along `coordinate`: that coordinate goes,
  /// later ones move up, registers that became copies go. Lanes and warps stay
  /// and hold copies.
  LinearLayout slice(Dim coordinate) const;
  /// Coordinate i of the result is coordinate order[i] of this.
  LinearLayout transpose(const std::vector<unsigned> &order) const;
  /// All inputs as one, or all outputs as one; the first one lowest.
  LinearLayout flattenInputs(Dim dim) const;
  LinearLayout flattenOutputs(Dim dim) const;
  /// R with inner * R == *this, which has this layout's dims; or nothing.
  std::optional<LinearLayout> divideLeft(const LinearLayout &inner) const;

  bool operator==(const LinearLayout &other) const {
    return ins == other.ins && outs == other.outs && columns == other.columns;
  }
  bool operator!=(const LinearLayout &other) const { return !(*this == other); }

  /// "register=[(0,1),(8,0)] lane=[(0,2),...] -> d0=16 d1=8"
  std::string toString() const;

private:
  friend class LinearConversion;

  std::optional<unsigned> inputShift(Dim dim) const;
  std::optional<unsigned> outputShift(Dim dim) const;
  uint64_t pack(const DimIndices &indices) const;
  void addInput(Dim dim, unsigned bits) { ins.push_back({dim, bits}); }

  std::vector<DimBits> ins, outs;
  /// One per bit of the packed input: the packed output that it adds.
  std::vector<uint64_t> columns;
};

} // namespace fovea

#endif // FOVEA_SUPPORT_LINEARLAYOUT_H
