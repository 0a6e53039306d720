//===- FragmentLayout.cpp - The register layouts of the hardware ----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/FragmentLayout.h"

#include <cassert>
#include <numeric>

using namespace fovea;

namespace {

using Bases = std::vector<std::vector<int64_t>>;

/// 8 x 8 of which every lane holds `run` adjacent elements of a row: what
/// accumulators, operands and ldmatrix are made of.
LinearLayout matrix(int64_t run) {
  return LinearLayout::identity1D(run, Dim::Register, Dim::Col) * LinearLayout::identity1D(4, Dim::Lane, Dim::Col) *
         LinearLayout::identity1D(8, Dim::Lane, Dim::Row);
}

LinearLayout registersAlong(Dim out, int64_t count) { return LinearLayout::identity1D(count, Dim::Register, out); }

RegisterLayout inRowColOrder(const LinearLayout &piece) {
  return RegisterLayout(piece.sublayout({Dim::Register, Dim::Lane}, {Dim::Row, Dim::Col}));
}

bool isMultiple(int64_t size, int64_t of) { return size > 0 && size % of == 0; }

bool isOperandWidth(unsigned bits) { return bits == 8 || bits == 16 || bits == 32; }

bool isGrid(WarpGrid warps) { return warps.rows > 0 && warps.cols > 0; }

} // namespace

std::optional<RegisterLayout> fovea::mmaAccumulator(int64_t rows, int64_t cols, WarpGrid warps) {
  if (!isGrid(warps) || !isMultiple(rows, 16 * warps.rows) || !isMultiple(cols, 8 * warps.cols))
    return std::nullopt;
  return inRowColOrder(matrix(2) * registersAlong(Dim::Row, 2))
      .repeat(Dim::Register, Dim::Col, cols / (8 * warps.cols))
      .repeat(Dim::Warp, Dim::Row, warps.rows)
      .repeat(Dim::Warp, Dim::Col, warps.cols)
      .repeat(Dim::Register, Dim::Row, rows / (16 * warps.rows));
}

std::optional<RegisterLayout> fovea::mmaOperandA(int64_t rows, int64_t depth, unsigned elementBits, WarpGrid warps) {
  if (!isOperandWidth(elementBits) || !isGrid(warps) || !isMultiple(rows, 16 * warps.rows) ||
      !isMultiple(depth, 256 / elementBits))
    return std::nullopt;
  return inRowColOrder(matrix(32 / elementBits) * registersAlong(Dim::Row, 2) * registersAlong(Dim::Col, 2))
      .repeat(Dim::Register, Dim::Col, depth / (256 / elementBits))
      .repeat(Dim::Warp, Dim::Row, warps.rows)
      .repeat(Dim::Warp, std::nullopt, warps.cols)
      .repeat(Dim::Register, Dim::Row, rows / (16 * warps.rows));
}

std::optional<RegisterLayout> fovea::mmaOperandB(int64_t depth, int64_t cols, unsigned elementBits, WarpGrid warps) {
  if (!isOperandWidth(elementBits) || !isGrid(warps) || !isMultiple(cols, 8 * warps.cols) ||
      !isMultiple(depth, 256 / elementBits))
    return std::nullopt;
  // B^T (cols x depth) is made of the same matrices as A.
  return inRowColOrder(matrix(32 / elementBits) * registersAlong(Dim::Col, 2))
      .repeat(Dim::Register, Dim::Col, depth / (256 / elementBits))
      .repeat(Dim::Register, Dim::Row, cols / (8 * warps.cols))
      .repeat(Dim::Warp, std::nullopt, warps.rows)
      .repeat(Dim::Warp, Dim::Row, warps.cols)
      .transpose({1, 0});
}

RegisterLayout fovea::blocked(const std::vector<int64_t> &shape, const std::vector<int64_t> &sizePerThread,
                              const std::vector<int64_t> &threadsPerWarp, const std::vector<int64_t> &warps,
                              const std::vector<unsigned> &order) {
  assert(shape.size() == order.size() && "one entry per coordinate");
  LinearLayout point;
  for (size_t i = 0; i < shape.size(); ++i)
    point = point * LinearLayout::identity1D(1, Dim::Register, coordinate(i));
  RegisterLayout layout(point);
  std::vector<int64_t> left = shape;
  for (auto [in, grid] : {std::pair(Dim::Register, &sizePerThread), std::pair(Dim::Lane, &threadsPerWarp),
                          std::pair(Dim::Warp, &warps)}) {
    for (unsigned i : order) {
      int64_t split = std::gcd((*grid)[i], left[i]);
      left[i] /= split;
      layout = layout.repeat(in, coordinate(i), split);
      // Copies of registers would be useless, those of threads are what it is.
      if (in != Dim::Register)
        layout = layout.repeat(in, std::nullopt, (*grid)[i] / split);
    }
  }
  for (unsigned i : order)
    layout = layout.repeat(Dim::Register, coordinate(i), left[i]);
  return layout;
}

std::optional<RegisterLayout> fovea::matrixAccess(const RegisterLayout &layout, unsigned matrices, bool transposed) {
  if (layout.rank() != 2 || (matrices != 1 && matrices != 2 && matrices != 4))
    return std::nullopt;
  std::optional<LinearLayout> grid = layout.piece().divideLeft(matrix(2));
  if (!grid || grid->inputSize(Dim::Register) < matrices)
    return std::nullopt;

  // Eight lanes name the eight rows of a matrix; the next lane bits choose the
  // matrix, which in the tile is a matter of the next register bits.
  auto positionOf = [&](Dim in, unsigned bit) -> std::vector<int64_t> {
    return {8 * grid->basis(in, bit, Dim::Row), 8 * grid->basis(in, bit, Dim::Col)};
  };
  auto bitsOf = [&](Dim in) {
    unsigned bits = 0;
    while (int64_t(1) << bits < grid->inputSize(in))
      ++bits;
    return bits;
  };
  Bases lanes, instructions, warps, blocks;
  for (int64_t step : {1, 2, 4})
    lanes.push_back(transposed ? std::vector<int64_t>{0, step} : std::vector<int64_t>{step, 0});
  unsigned used = matrices == 4 ? 2 : matrices == 2 ? 1 : 0;
  for (unsigned bit = 0; bit < bitsOf(Dim::Register); ++bit)
    (bit < used ? lanes : instructions).push_back(positionOf(Dim::Register, bit));
  lanes.resize(5, {0, 0}); // The instruction ignores what they supply.
  for (unsigned bit = 0; bit < bitsOf(Dim::Warp); ++bit)
    warps.push_back(positionOf(Dim::Warp, bit));
  for (unsigned bit = 0; bit < bitsOf(Dim::Block); ++bit)
    blocks.push_back(positionOf(Dim::Block, bit));
  RegisterLayout access(*LinearLayout::fromBases(
      {{Dim::Register, instructions}, {Dim::Lane, lanes}, {Dim::Warp, warps}, {Dim::Block, blocks}},
      {{Dim::Row, layout.piece().outputSize(Dim::Row)}, {Dim::Col, layout.piece().outputSize(Dim::Col)}}));
  for (const RegisterLayout::Repeat &repeat : layout.repeats())
    access = access.repeat(repeat.in, repeat.out, repeat.count);
  return access;
}
