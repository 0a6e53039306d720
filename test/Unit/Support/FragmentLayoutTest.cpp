//===- FragmentLayoutTest.cpp - Presets against the PTX ISA's formulas ----===//
//
// Part of the Fovea project.
//
// The formulas here are those of the PTX ISA's pictures of matrix fragments,
// written down per element, without a layout.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/FragmentLayout.h"

#include "gtest/gtest.h"

#include <functional>

using namespace fovea;

namespace {

using Position = std::vector<int64_t>;

/// Element i of a thread (lane, warp) is at the position that the formula says,
/// and the layout has just those elements.
void expectFormula(const std::optional<RegisterLayout> &layout, int64_t registers, int64_t warps, const Position &shape,
                   const std::function<Position(int64_t i, int64_t lane, int64_t warp)> &formula) {
  ASSERT_TRUE(layout.has_value());
  SCOPED_TRACE(layout->toString());
  ASSERT_EQ(layout->size(Dim::Register), registers);
  ASSERT_EQ(layout->size(Dim::Lane), 32);
  ASSERT_EQ(layout->size(Dim::Warp), warps);
  ASSERT_EQ(layout->size(Dim::Block), 1);
  ASSERT_EQ(layout->shape(), shape);
  for (int64_t w = 0; w < warps; ++w)
    for (int64_t l = 0; l < 32; ++l)
      for (int64_t i = 0; i < registers; ++i)
        ASSERT_EQ(layout->apply({{Dim::Register, i}, {Dim::Lane, l}, {Dim::Warp, w}}), formula(i, l, w))
            << "register " << i << " lane " << l << " warp " << w;
}

// wgmma.m64nNk16, D: one to three warpgroups, all widths in use, powers of two
// or not.
TEST(FragmentLayout, WgmmaAccumulator) {
  for (int64_t n : {8, 16, 24, 64, 80, 96, 112, 128, 160, 176, 192, 256})
    for (int64_t warpgroups : {1, 2, 3, 4})
      expectFormula(mmaAccumulator(64 * warpgroups, n, {4 * warpgroups, 1}), n / 2, 4 * warpgroups,
                    {64 * warpgroups, n}, [](int64_t i, int64_t lane, int64_t warp) -> Position {
                      return {16 * warp + lane / 4 + 8 * (i / 2 % 2), 8 * (i / 4) + 2 * (lane % 4) + i % 2};
                    });
}

// A second instruction along the rows takes further registers.
TEST(FragmentLayout, WgmmaAccumulatorTwoInstructionsHigh) {
  for (int64_t n : {80, 128})
    expectFormula(mmaAccumulator(256, n, {8, 1}), n, 8, {256, n},
                  [&](int64_t i, int64_t lane, int64_t warp) -> Position {
                    int64_t high = i / (n / 2), j = i % (n / 2);
                    return {128 * high + 16 * warp + lane / 4 + 8 * (j / 2 % 2), 8 * (j / 4) + 2 * (lane % 4) + j % 2};
                  });
}

// mma.m16n8, C and D, one warp; and a grid of warps around it.
TEST(FragmentLayout, MmaAccumulator) {
  expectFormula(mmaAccumulator(16, 8, {1, 1}), 4, 1, {16, 8}, [](int64_t i, int64_t lane, int64_t) -> Position {
    int64_t groupID = lane >> 2, threadID_in_group = lane % 4;
    return {i < 2 ? groupID : groupID + 8, threadID_in_group * 2 + (i & 1)};
  });
  expectFormula(mmaAccumulator(32, 48, {2, 3}), 8, 6, {32, 48}, [](int64_t i, int64_t lane, int64_t warp) -> Position {
    return {16 * (warp % 2) + lane / 4 + 8 * (i / 2 % 2), 16 * (warp / 2) + 8 * (i / 4) + 2 * (lane % 4) + i % 2};
  });
}

// mma.m16n8k16, A, f16 and bf16: a0 .. a7.
TEST(FragmentLayout, OperandA16) {
  expectFormula(mmaOperandA(16, 16, 16, {1, 1}), 8, 1, {16, 16}, [](int64_t i, int64_t lane, int64_t) -> Position {
    int64_t groupID = lane >> 2, threadID_in_group = lane % 4;
    bool low = (0 <= i && i < 2) || (4 <= i && i < 6);
    return {low ? groupID : groupID + 8, threadID_in_group * 2 + (i & 1) + (i < 4 ? 0 : 8)};
  });
}

// wgmma.m64k16, A in registers: 16 rows per warp, one k-step after the other.
TEST(FragmentLayout, WgmmaOperandA16) {
  for (int64_t depth : {16, 80, 128})
    for (int64_t warps : {4, 8, 12})
      expectFormula(mmaOperandA(16 * warps, depth, 16, {warps, 1}), depth / 2, warps, {16 * warps, depth},
                    [](int64_t i, int64_t lane, int64_t warp) -> Position {
                      int64_t step = i / 8, a = i % 8 / 2, half = i % 2;
                      return {16 * warp + lane / 4 + 8 * (a % 2), 16 * step + 8 * (a / 2) + 2 * (lane % 4) + half};
                    });
}

// mma.m16n8k32, A, 8-bit: a0 .. a15.
TEST(FragmentLayout, OperandA8) {
  expectFormula(mmaOperandA(16, 32, 8, {1, 1}), 16, 1, {16, 32}, [](int64_t i, int64_t lane, int64_t) -> Position {
    bool low = (0 <= i && i < 4) || (8 <= i && i < 12);
    return {lane / 4 + (low ? 0 : 8), lane % 4 * 4 + (i & 3) + (i < 8 ? 0 : 16)};
  });
}

// mma.m16n8k8, A, tf32: a0 .. a3.
TEST(FragmentLayout, OperandA32) {
  expectFormula(mmaOperandA(16, 8, 32, {1, 1}), 4, 1, {16, 8}, [](int64_t i, int64_t lane, int64_t) -> Position {
    return {lane / 4 + (i == 0 || i == 2 ? 0 : 8), lane % 4 + (i < 2 ? 0 : 4)};
  });
}

// Warps side by side hold the same A; warps one below the other the same B.
TEST(FragmentLayout, OperandsInAGridOfWarps) {
  expectFormula(
      mmaOperandA(32, 48, 16, {2, 3}), 24, 6, {32, 48}, [](int64_t i, int64_t lane, int64_t warp) -> Position {
        int64_t a = i % 8 / 2;
        return {16 * (warp % 2) + lane / 4 + 8 * (a % 2), 16 * (i / 8) + 8 * (a / 2) + 2 * (lane % 4) + i % 2};
      });
  expectFormula(
      mmaOperandB(48, 48, 16, {2, 3}), 24, 6, {48, 48}, [](int64_t i, int64_t lane, int64_t warp) -> Position {
        int64_t j = i % 12;
        return {16 * (j / 4) + 8 * (j / 2 % 2) + 2 * (lane % 4) + j % 2, 16 * (warp / 2) + 8 * (i / 12) + lane / 4};
      });
}

// mma.m16n8k16, B: b0 .. b3; mma.m16n8k32: b0 .. b7; mma.m16n8k8: b0, b1.
TEST(FragmentLayout, OperandB) {
  expectFormula(mmaOperandB(16, 8, 16, {1, 1}), 4, 1, {16, 8}, [](int64_t i, int64_t lane, int64_t) -> Position {
    return {lane % 4 * 2 + (i & 1) + (i < 2 ? 0 : 8), lane >> 2};
  });
  expectFormula(mmaOperandB(32, 8, 8, {1, 1}), 8, 1, {32, 8}, [](int64_t i, int64_t lane, int64_t) -> Position {
    return {lane % 4 * 4 + (i & 3) + (i < 4 ? 0 : 16), lane >> 2};
  });
  expectFormula(mmaOperandB(8, 8, 32, {1, 1}), 2, 1, {8, 8},
                [](int64_t i, int64_t lane, int64_t) -> Position { return {lane % 4 + 4 * i, lane >> 2}; });
}

// Tiles that the instruction does not divide have no layout.
TEST(FragmentLayout, RefusesParts) {
  EXPECT_FALSE(mmaAccumulator(64, 12, {4, 1}));
  EXPECT_FALSE(mmaAccumulator(64, 8, {8, 1}));
  EXPECT_FALSE(mmaAccumulator(0, 8, {1, 1}));
  EXPECT_FALSE(mmaAccumulator(64, 8, {0, 1}));
  EXPECT_FALSE(mmaOperandA(64, 8, 16, {4, 1}));
  EXPECT_FALSE(mmaOperandA(64, 16, 64, {4, 1}));
  EXPECT_FALSE(mmaOperandB(16, 8, 16, {1, 2}));
}

// Rows of 16-byte pieces over a block, as copies from global memory take them.
TEST(FragmentLayout, Blocked) {
  expectFormula(blocked({64, 128}, {1, 8}, {2, 16}, {4, 1}, {1, 0}), 64, 4, {64, 128},
                [](int64_t i, int64_t lane, int64_t warp) -> Position {
                  return {8 * (i / 8) + 2 * warp + lane / 16, 8 * (lane % 16) + i % 8};
                });
  // Column-major, and 80 rows that the warps do not divide further.
  expectFormula(blocked({80, 4}, {4, 1}, {4, 8}, {2, 1}, {0, 1}), 20, 2, {80, 4},
                [](int64_t i, int64_t lane, int64_t) -> Position {
                  return {i % 4 + 4 * (lane % 4) + 16 * (i / 4), lane / 4 % 4};
                });
}

// A row too short for all lanes is held in copies.
TEST(FragmentLayout, BlockedWithCopies) {
  expectFormula(blocked({16}, {1}, {32}, {4}, {0}), 1, 4, {16},
                [](int64_t, int64_t lane, int64_t) -> Position { return {lane % 16}; });
}

} // namespace
