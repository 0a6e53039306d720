//===- MaskRangeTest.cpp - The masks in use are found exactly -------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "MaskOracle.h"

#include "gtest/gtest.h"

#include <string>

using namespace fovea;

namespace {

/// Expects the smallest interval that holds every visible key, and the interval
/// of all keys that every row sees (which must be one for this to be asked).
void expectExact(const Mask &mask, const Tile &tile) {
  SCOPED_TRACE(testing::PrintToString(tile));
  std::vector<int64_t> count = countRows(mask, tile);
  int64_t rows = tile.rowEnd - tile.rowBegin;
  int64_t liveBegin = -1, liveEnd = -1, fullBegin = -1, fullEnd = -1;
  for (int64_t j = 0; j < tile.numKeys; ++j) {
    if (count[j] > 0) {
      liveBegin = liveBegin < 0 ? j : liveBegin;
      liveEnd = j + 1;
    }
    if (count[j] == rows) {
      ASSERT_TRUE(fullBegin < 0 || fullEnd == j) << "not an interval";
      fullBegin = fullBegin < 0 ? j : fullBegin;
      fullEnd = j + 1;
    }
  }
  MaskRange<int64_t> range = rangeOf(mask, tile);
  if (liveBegin < 0)
    EXPECT_EQ(range.liveBegin, range.liveEnd);
  else
    EXPECT_EQ(std::pair(range.liveBegin, range.liveEnd), std::pair(liveBegin, liveEnd));
  if (fullBegin < 0)
    EXPECT_EQ(range.fullBegin, range.fullEnd);
  else
    EXPECT_EQ(std::pair(range.fullBegin, range.fullEnd), std::pair(fullBegin, fullEnd));
}

/// Tiles of 1 to 16 rows, also ragged at the end, against 0 to 29 keys.
template <typename Callback> void forEachTile(Callback callback) {
  constexpr int64_t numRows = 21;
  for (int64_t size : {1, 4, 16})
    for (int64_t begin = 0; begin < numRows; begin += size)
      for (int64_t numKeys : {0, 1, 13, 21, 29})
        callback(Tile{begin, std::min(begin + size, numRows), numKeys});
}

// Top-left, bottom-right (Lk - Lq) and any other alignment of the diagonal.
TEST(MaskRange, S1_causal_is_exact) {
  forEachTile([](Tile tile) {
    for (int64_t offset = -24; offset <= 24; ++offset)
      expectExact(causal(offset), tile);
  });
}

TEST(MaskRange, S11_window_is_exact) {
  forEachTile([](Tile tile) {
    for (int64_t left : {0, 1, 5, 40})
      for (int64_t right : {0, 1, 5, 40})
        for (int64_t offset : {-9, 0, 8})
          expectExact(window(left, right, offset), tile);
  });
}

TEST(MaskRange, CausalWindowAndLengthsAreExact) {
  forEachTile([](Tile tile) {
    for (int64_t left : {0, 3, 17})
      for (int64_t offset : {-9, 0, 8})
        for (int64_t length : {0, 1, 11, 40})
          expectExact(Mask::allOf({causal(offset), window(left, 40, offset), keyLength(length)}), tile);
  });
}

// Rows beyond the length of their sequence see nothing.
TEST(MaskRange, RowLengthIsExact) {
  for (int64_t length : {0, 8, 40})
    forEachTile([&](Tile tile) {
      expectExact(rowLength(length), tile);
      expectExact(Mask::allOf({keyLength(9), rowLength(length)}), tile);
    });
}

// A prefix that all rows see, then causal: both are open below.
TEST(MaskRange, PrefixIsExact) {
  forEachTile([](Tile tile) {
    for (int64_t prefix : {0, 5, 40})
      expectExact(Mask::anyOf({keyLength(prefix), causal(0)}), tile);
  });
}

// Strides in the key or the row round towards the solutions, for both signs.
TEST(MaskRange, CoefficientsAreExact) {
  forEachTile([](Tile tile) {
    for (int64_t key : {-3, -2, 2, 3})
      for (int64_t row : {-3, -1, 0, 1, 2})
        for (int64_t offset = -13; offset <= 13; ++offset)
          expectExact(Mask::affine(key, row, offset), tile);
  });
}

TEST(MaskRange, ConstantsAreExact) {
  forEachTile([](Tile tile) {
    expectExact(Mask::constant(true), tile);
    expectExact(Mask::constant(false), tile);
  });
}

// Keys that everyone sees and a window: the longer of the two full intervals
// when they lie apart, their union when they meet.
TEST(MaskRange, UnionOfFullIntervals) {
  Mask mask = Mask::anyOf({keyLength(4), window(9, 0, 0)});
  MaskRange<int64_t> apart = rangeOf(mask, {40, 42, 64});
  EXPECT_EQ(apart.fullBegin, 32);
  EXPECT_EQ(apart.fullEnd, 41);
  MaskRange<int64_t> meeting = rangeOf(mask, {12, 14, 64});
  EXPECT_EQ(meeting.fullBegin, 0);
  EXPECT_EQ(meeting.fullEnd, 13);
}

TEST(MaskRange, OpaqueIsLiveEverywhereAndFullNowhere) {
  MaskRange<int64_t> range = rangeOf(Mask::opaque(), {0, 4, 64});
  EXPECT_EQ(range.liveBegin, 0);
  EXPECT_EQ(range.liveEnd, 64);
  EXPECT_EQ(range.fullBegin, range.fullEnd);
}

// Causal blocks: full ones, then those that the diagonal cuts.
TEST(MaskRange, CausalBlocks) {
  Int64Arith arith;
  MaskRange<int64_t> blocks = maskBlockRange(rangeOf(causal(0), {256, 384, 1024}), 64, arith);
  EXPECT_EQ(blocks.liveBegin, 0);
  EXPECT_EQ(blocks.fullBegin, 0);
  EXPECT_EQ(blocks.fullEnd, 4);
  EXPECT_EQ(blocks.liveEnd, 6);
}

// The last block is not full when it reaches beyond the keys.
TEST(MaskRange, RaggedBlockIsNotFull) {
  Int64Arith arith;
  MaskRange<int64_t> blocks = maskBlockRange(rangeOf(Mask::constant(true), {0, 1, 100}), 32, arith);
  EXPECT_EQ(blocks.fullEnd, 3);
  EXPECT_EQ(blocks.liveEnd, 4);
}

/// Writes the arithmetic down instead of doing it, as a compiler does.
struct TextArith {
  using Int = std::string;
  int operations = 0;
  Int constant(int64_t value) { return std::to_string(value); }
  Int add(Int a, Int b) { return apply("add", a, b); }
  Int sub(Int a, Int b) { return apply("sub", a, b); }
  Int mulConst(Int a, int64_t f) { return apply("mul", a, constant(f)); }
  Int min(Int a, Int b) { return apply("min", a, b); }
  Int max(Int a, Int b) { return apply("max", a, b); }
  Int floorDivConst(Int a, int64_t d) { return apply("floordiv", a, constant(d)); }
  Int ceilDivConst(Int a, int64_t d) { return apply("ceildiv", a, constant(d)); }
  Int apply(const char *name, const Int &a, const Int &b) {
    ++operations;
    return std::string(name) + "(" + a + ", " + b + ")";
  }
};

// The integers need not be known: a causal bound is a short expression, and the
// bounds that it leaves open are constants.
TEST(MaskRange, AbstractIntegers) {
  TextArith arith;
  MaskRange<std::string> range = maskKeyRange(MaskPredicate<std::string>::affine(-1, 1, "c"), std::string("r0"),
                                              std::string("r1"), std::string("n"), arith);
  EXPECT_EQ(range.liveBegin, "0");
  EXPECT_EQ(range.fullBegin, "0");
  EXPECT_EQ(range.liveEnd, "max(0, min(max(add(add(c, sub(r1, 1)), 1), 0), n))");
  EXPECT_EQ(range.fullEnd, "max(0, min(max(add(add(c, r0), 1), 0), n))");
  EXPECT_LE(arith.operations, 12);
}

} // namespace
