//===- MaskRangeBruteForceTest.cpp - Never too little, never too much -----===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "MaskOracle.h"

#include "gtest/gtest.h"

#include <random>
#include <string>

using namespace fovea;

namespace {

class RandomMask {
public:
  explicit RandomMask(uint64_t seed) : random(seed) {}

  int64_t integer(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random); }

  Mask mask(int depth) {
    int64_t kind = integer(0, depth == 0 ? 7 : 15);
    if (kind == 0)
      return integer(0, 3) ? Mask::opaque() : Mask::constant(integer(0, 1));
    if (kind < 8)
      return Mask::affine(integer(-3, 3), integer(-3, 3), integer(-50, 50));
    std::vector<Mask> operands;
    for (int64_t n = integer(2, 3); n > 0; --n)
      operands.push_back(mask(depth - 1));
    return kind < 12 ? Mask::allOf(operands) : Mask::anyOf(operands);
  }

  Tile tile() {
    int64_t begin = integer(0, 40);
    return {begin, begin + integer(1, 9), integer(0, 48)};
  }

private:
  std::mt19937_64 random;
};

std::string describe(const Mask &mask) {
  switch (mask.kind) {
  case Mask::Kind::Affine:
    return std::to_string(mask.keyCoefficient) + "j+" + std::to_string(mask.rowCoefficient) + "i+" +
           std::to_string(mask.offset) + ">=0";
  case Mask::Kind::Constant:
    return mask.value ? "true" : "false";
  case Mask::Kind::Opaque:
    return "opaque";
  default:
    std::string text = mask.kind == Mask::Kind::All ? "all(" : "any(";
    for (const Mask &operand : mask.operands)
      text += describe(operand) + " ";
    return text + ")";
  }
}

// Over random trees of random comparisons: live holds every visible key, full
// holds only keys that every row sees, and so do their blocks, in order.
TEST(MaskRange, BruteForce) {
  Int64Arith arith;
  for (uint64_t seed = 0; seed < 20000 && !testing::Test::HasFailure(); ++seed) {
    RandomMask random(seed);
    Mask mask = random.mask(3);
    Tile tile = random.tile();
    int64_t size = random.integer(1, 12);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(mask));
    SCOPED_TRACE(testing::PrintToString(tile));

    MaskRange<int64_t> keys = rangeOf(mask, tile);
    ASSERT_TRUE(0 <= keys.liveBegin && keys.liveBegin <= keys.liveEnd && keys.liveEnd <= tile.numKeys);
    ASSERT_TRUE(0 <= keys.fullBegin && keys.fullBegin <= keys.fullEnd && keys.fullEnd <= tile.numKeys);
    MaskRange<int64_t> blocks = maskBlockRange(keys, size, arith);
    ASSERT_TRUE(0 <= blocks.liveBegin && blocks.liveBegin <= blocks.fullBegin && blocks.fullBegin <= blocks.fullEnd &&
                blocks.fullEnd <= blocks.liveEnd && blocks.liveEnd <= (tile.numKeys + size - 1) / size);
    EXPECT_LE(blocks.fullEnd * size, std::max<int64_t>(tile.numKeys, blocks.fullBegin * size));

    int64_t rows = tile.rowEnd - tile.rowBegin;
    std::vector<int64_t> count = countRows(mask, tile);
    auto within = [](int64_t x, int64_t begin, int64_t end) { return begin <= x && x < end; };
    for (int64_t j = 0; j < tile.numKeys; ++j) {
      bool live = within(j, keys.liveBegin, keys.liveEnd);
      bool full = within(j, keys.fullBegin, keys.fullEnd);
      bool liveBlock = within(j / size, blocks.liveBegin, blocks.liveEnd);
      bool fullBlock = within(j / size, blocks.fullBegin, blocks.fullEnd);
      EXPECT_TRUE(count[j] == 0 || (live && liveBlock)) << "lost key " << j;
      EXPECT_TRUE(count[j] == rows || !(full || fullBlock)) << "unmasked key " << j;
    }
  }
}

// Blocks without a live key are live only if they lie between live ones.
TEST(MaskRange, NoBlockIsLiveForNothing) {
  Int64Arith arith;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    RandomMask random(seed);
    MaskRange<int64_t> keys = rangeOf(random.mask(3), random.tile());
    int64_t size = random.integer(1, 12);
    MaskRange<int64_t> blocks = maskBlockRange(keys, size, arith);
    if (keys.liveBegin == keys.liveEnd) {
      EXPECT_EQ(blocks.liveBegin, blocks.liveEnd) << "seed " << seed;
      continue;
    }
    EXPECT_EQ(blocks.liveBegin, keys.liveBegin / size) << "seed " << seed;
    EXPECT_EQ(blocks.liveEnd, (keys.liveEnd - 1) / size + 1) << "seed " << seed;
  }
}

/// Fails the test where int64_t would overflow.
struct CheckedArith : Int64Arith {
  Int add(Int a, Int b) {
    Int result;
    EXPECT_FALSE(__builtin_add_overflow(a, b, &result));
    return result;
  }
  Int sub(Int a, Int b) {
    Int result;
    EXPECT_FALSE(__builtin_sub_overflow(a, b, &result));
    return result;
  }
  Int mulConst(Int a, int64_t factor) {
    Int result;
    EXPECT_FALSE(__builtin_mul_overflow(a, factor, &result));
    return result;
  }
};

// Positions up to 2^40 with the largest coefficients and offsets allowed.
TEST(MaskRange, NothingOverflows) {
  constexpr int64_t position = int64_t(1) << 40, factor = int64_t(1) << 20, offset = int64_t(1) << 61;
  CheckedArith arith;
  std::vector<Mask> leaves;
  for (int64_t key : {-factor, int64_t(-1), int64_t(0), int64_t(1), factor})
    for (int64_t row : {-factor, int64_t(0), factor})
      for (int64_t c : {-offset, int64_t(0), offset})
        leaves.push_back(Mask::affine(key, row, c));
  for (const Mask &a : leaves)
    for (const Mask &b : leaves)
      for (const Mask &mask : {Mask::allOf({a, b}), Mask::anyOf({a, b})})
        for (int64_t first : {int64_t(0), position - 128})
          maskBlockRange(maskKeyRange(negate(mask, arith), first, first + 128, position, arith), 128, arith);
}

} // namespace
