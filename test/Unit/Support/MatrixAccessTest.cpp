//===- MatrixAccessTest.cpp - ldmatrix, stmatrix and their banks ----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/BankConflict.h"
#include "fovea/Support/FragmentLayout.h"
#include "fovea/Support/SharedTile.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <map>

using namespace fovea;

namespace {

using Position = std::vector<int64_t>;

/// Where an element of the register tile lies in the shared tile.
int64_t offsetOf(const SharedTile &tile, const Position &position, bool transposed) {
  return transposed ? tile.byteOffset(position[1], position[0]) : tile.byteOffset(position[0], position[1]);
}

/// What ldmatrix .x(matrices) delivers, by the PTX ISA: matrix m has its row j
/// at the address of lane 8m + j; lane l receives of it row l / 4, elements 2
/// (l % 4) and the next; with .trans, of the transposed matrix. stmatrix is the
/// reverse. Checks that these are the very elements that the layout gives to
/// the thread, and that no access has a bank conflict.
void expectMoves(const RegisterLayout &layout, const SharedTile &tile, unsigned matrices, bool transposed) {
  std::optional<RegisterLayout> access = matrixAccess(layout, matrices, transposed);
  ASSERT_TRUE(access.has_value()) << layout.toString();
  int64_t perInstruction = 2 * matrices;
  ASSERT_EQ(access->size(Dim::Register) * perInstruction, layout.size(Dim::Register));
  ASSERT_EQ(access->size(Dim::Lane), 32);
  for (int64_t w = 0; w < layout.size(Dim::Warp); ++w)
    for (int64_t i = 0; i < access->size(Dim::Register); ++i) {
      std::vector<int64_t> addresses;
      for (int64_t l = 0; l < 8 * matrices; ++l)
        addresses.push_back(
            offsetOf(tile, access->apply({{Dim::Register, i}, {Dim::Lane, l}, {Dim::Warp, w}}), transposed));
      EXPECT_EQ(sharedAccessCost(addresses, 16).conflicts(), 0);
      for (int64_t l = 0; l < 32; ++l)
        for (int64_t m = 0; m < matrices; ++m)
          for (int64_t e = 0; e < 2; ++e) {
            int64_t row = l / 4, col = 2 * (l % 4) + e;
            if (transposed)
              std::swap(row, col);
            Position position =
                layout.apply({{Dim::Register, i * perInstruction + 2 * m + e}, {Dim::Lane, l}, {Dim::Warp, w}});
            ASSERT_EQ(addresses[8 * m + row] + 2 * col, offsetOf(tile, position, transposed));
          }
    }
}

// An accumulator leaves through stmatrix.x4, upright or transposed, in whatever
// tile, without bank conflicts.
TEST(MatrixAccess, AccumulatorToSharedTile) {
  for (Swizzle swizzle : {Swizzle::B32, Swizzle::B64, Swizzle::B128})
    for (auto [rows, cols, warps] :
         {std::tuple(128, 128, 8), std::tuple(192, 80, 12), std::tuple(64, 96, 4), std::tuple(256, 64, 8)}) {
      RegisterLayout layout = *mmaAccumulator(rows, cols, {warps, 1});
      expectMoves(layout, *SharedTile::create(rows, cols, 2, swizzle), 4,
                  /*transposed=*/false);
      expectMoves(layout, *SharedTile::create(cols, rows, 2, swizzle), 4,
                  /*transposed=*/true);
    }
}

// Operands come in through ldmatrix: A and K^T from rows as they are, B from
// rows of V with .trans.
TEST(MatrixAccess, OperandsFromSharedTile) {
  SharedTile tile = *SharedTile::create(64, 64, 2, Swizzle::B128);
  expectMoves(*mmaOperandA(64, 64, 16, {4, 1}), tile, 4, false);
  RegisterLayout b = mmaOperandB(64, 64, 16, {4, 1})->transpose({1, 0});
  expectMoves(b, tile, 4, /*transposed=*/false); // stored n x k
  expectMoves(b, tile, 4, /*transposed=*/true);  // stored k x n
  expectMoves(b, tile, 2, /*transposed=*/true);
  expectMoves(b, tile, 1, /*transposed=*/true);
}

// What is not made of 8 x 8 matrices, or of too few, is refused.
TEST(MatrixAccess, Refuses) {
  EXPECT_FALSE(matrixAccess(*mmaOperandB(16, 8, 16, {1, 1}), 2, false));
  EXPECT_FALSE(matrixAccess(*mmaOperandA(16, 32, 8, {1, 1}), 4, false));
  EXPECT_FALSE(matrixAccess(*mmaAccumulator(16, 24, {1, 1}), 4, false));
  EXPECT_TRUE(matrixAccess(*mmaAccumulator(16, 24, {1, 1}), 2, false));
  EXPECT_FALSE(matrixAccess(*mmaAccumulator(16, 24, {1, 1}), 3, false));
  EXPECT_FALSE(matrixAccess(mmaAccumulator(16, 8, {1, 1})->slice(Dim::Col), 1, false));
}

// Rows of 128 bytes without a swizzle are what it is there for.
TEST(BankConflict, SwizzleIsNeeded) {
  std::vector<int64_t> plain, swizzled, broadcast(32, 64), strided;
  SharedTile tile = *SharedTile::create(8, 64, 2, Swizzle::B128);
  for (int64_t row = 0; row < 8; ++row) {
    plain.push_back(128 * row);
    swizzled.push_back(tile.byteOffset(row, 0));
  }
  EXPECT_EQ(sharedAccessCost(plain, 16).wavefronts, 8);
  EXPECT_EQ(sharedAccessCost(plain, 16).conflicts(), 7);
  EXPECT_EQ(sharedAccessCost(swizzled, 16).wavefronts, 1);
  EXPECT_EQ(sharedAccessCost(broadcast, 4).wavefronts, 1);
  for (int64_t lane = 0; lane < 32; ++lane)
    strided.push_back(8 * lane);
  EXPECT_EQ(sharedAccessCost(strided, 4).conflicts(), 1);
  EXPECT_EQ(sharedAccessCost(strided, 8).wavefronts, 2);
  EXPECT_EQ(sharedAccessCost(strided, 8).conflicts(), 0);
  EXPECT_EQ(sharedAccessCost({0, 2, 4, 6}, 2).wavefronts, 1);
}

} // namespace
