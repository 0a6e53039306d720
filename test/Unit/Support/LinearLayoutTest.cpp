//===- LinearLayoutTest.cpp - The algebra against enumeration -------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/LinearLayout.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace fovea;

namespace {

/// The accumulator of mma.m16n8, the example of LinearLayout.h.
LinearLayout accumulatorPiece() {
  return *LinearLayout::fromBases(
      {{Dim::Register, {{0, 1}, {8, 0}}}, {Dim::Lane, {{0, 2}, {0, 4}, {1, 0}, {2, 0}, {4, 0}}}},
      {{Dim::Row, 16}, {Dim::Col, 8}});
}

class RandomLayout {
public:
  explicit RandomLayout(uint64_t seed) : random(seed) {}

  /// Any table of 3 + 3 + 2 input bits and 4 + 3 output bits.
  LinearLayout operator()() {
    auto bases = [&](unsigned bits) {
      std::vector<std::vector<int64_t>> result;
      for (unsigned i = 0; i < bits; ++i)
        result.push_back({number(16), number(8)});
      return result;
    };
    return *LinearLayout::fromBases({{Dim::Register, bases(3)}, {Dim::Lane, bases(3)}, {Dim::Warp, bases(2)}},
                                    {{Dim::Row, 16}, {Dim::Col, 8}});
  }

private:
  int64_t number(int64_t size) { return std::uniform_int_distribution<int64_t>(0, size - 1)(random); }
  std::mt19937_64 random;
};

std::set<uint64_t> imageOf(const LinearLayout &layout) {
  std::set<uint64_t> image;
  for (int64_t i = 0; i < layout.inputSize(); ++i)
    image.insert(layout.applyPacked(i));
  return image;
}

// The teaching comment's table and its formula are the same layout.
TEST(LinearLayout, TableIsTheFormula) {
  LinearLayout layout = accumulatorPiece();
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t t = 0; t < 32; ++t) {
      DimIndices at = {{Dim::Register, r}, {Dim::Lane, t}};
      EXPECT_EQ(layout.apply(at, Dim::Row), t / 4 + 8 * (r / 2));
      EXPECT_EQ(layout.apply(at, Dim::Col), 2 * (t % 4) + r % 2);
    }
  EXPECT_EQ(layout.toString(), "register=[(0,1),(8,0)] lane=[(0,2),(0,4),(1,0),(2,0),(4,0)] -> "
                               "d0=16 d1=8");
}

// A table that is no layout is refused.
TEST(LinearLayout, FromBasesRefuses) {
  auto make = [](std::vector<LinearLayout::InputBases> in, DimIndices out) {
    return LinearLayout::fromBases(in, out).has_value();
  };
  EXPECT_TRUE(make({{Dim::Lane, {{1}, {2}}}}, {{Dim::Row, 4}}));
  EXPECT_FALSE(make({{Dim::Lane, {{1}, {4}}}}, {{Dim::Row, 4}}));
  EXPECT_FALSE(make({{Dim::Lane, {{-1}}}}, {{Dim::Row, 4}}));
  EXPECT_FALSE(make({{Dim::Lane, {{1}}}}, {{Dim::Row, 3}}));
  EXPECT_FALSE(make({{Dim::Lane, {{1, 0}}}}, {{Dim::Row, 4}}));
  EXPECT_FALSE(make({{Dim::Lane, {{1}}}, {Dim::Lane, {{2}}}}, {{Dim::Row, 4}}));
  EXPECT_FALSE(make({{Dim::Lane, {{1}}}}, {{Dim::Row, 4}, {Dim::Row, 4}}));
  EXPECT_FALSE(make({}, {{Dim::Row, int64_t(1) << 40}, {Dim::Col, int64_t(1) << 40}}));
}

// Injective and surjective mean what they mean of any function, and the bits
// that are not free reach everything exactly once.
TEST(LinearLayout, InjectiveSurjectiveFree) {
  RandomLayout random(1);
  for (int i = 0; i < 200; ++i) {
    LinearLayout layout = random();
    std::set<uint64_t> image = imageOf(layout);
    EXPECT_EQ(layout.isSurjective(), int64_t(image.size()) == 128);
    EXPECT_EQ(layout.isInjective(), int64_t(image.size()) == layout.inputSize());
    uint64_t free = layout.freeBits(Dim::Register) | layout.freeBits(Dim::Lane) << 3 | layout.freeBits(Dim::Warp) << 6;
    std::set<uint64_t> reached;
    for (uint64_t in = 0; in < 256; ++in)
      if ((in & free) == 0)
        EXPECT_TRUE(reached.insert(layout.applyPacked(in)).second);
    EXPECT_EQ(reached, image);
  }
}

// The inverse finds a holder of everything that has one.
TEST(LinearLayout, Inverse) {
  RandomLayout random(2);
  for (int i = 0; i < 200; ++i) {
    LinearLayout layout = random();
    LinearLayout inverse = layout.inverse();
    for (uint64_t out : imageOf(layout))
      EXPECT_EQ(layout.applyPacked(inverse.applyPacked(out)), out);
    EXPECT_EQ(layout.compose(inverse).compose(layout), layout);
  }
  LinearLayout piece = accumulatorPiece();
  EXPECT_TRUE(piece.isBijective());
  EXPECT_EQ(piece.inverse().inverse(), piece);
  EXPECT_EQ(piece.inverse().apply({{Dim::Row, 9}, {Dim::Col, 3}}), (DimIndices{{Dim::Register, 3}, {Dim::Lane, 5}}));
}

// Composition is application twice; the order of the names does not matter.
TEST(LinearLayout, Compose) {
  RandomLayout random(3);
  LinearLayout memory = *LinearLayout::fromBases({{Dim::Col, {{1}, {2}, {4}}}, {Dim::Row, {{9}, {18}, {36}, {64}}}},
                                                 {{Dim::Offset, 128}});
  for (int i = 0; i < 20; ++i) {
    LinearLayout layout = random(), composed = layout.compose(memory);
    for (int64_t r = 0; r < 8; ++r)
      for (int64_t l = 0; l < 8; ++l) {
        DimIndices at = {{Dim::Register, r}, {Dim::Lane, l}, {Dim::Warp, 2}};
        EXPECT_EQ(composed.apply(at), memory.apply(layout.apply(at)));
      }
  }
}

// In a product the right factor decides the high digits of shared dims, and
// division takes the left factor off again.
TEST(LinearLayout, ProductAndQuotient) {
  RandomLayout random(4);
  for (int i = 0; i < 20; ++i) {
    LinearLayout low = random(), high = random(), product = low * high;
    for (int64_t k = 0; k < 64; ++k) {
      int64_t r = k * 7 % 64, l = k * 11 % 64, w = k % 16;
      DimIndices whole = {{Dim::Register, r}, {Dim::Lane, l}, {Dim::Warp, w}};
      DimIndices inner = {{Dim::Register, r % 8}, {Dim::Lane, l % 8}, {Dim::Warp, w % 4}};
      DimIndices outer = {{Dim::Register, r / 8}, {Dim::Lane, l / 8}, {Dim::Warp, w / 4}};
      for (auto [out, size] : DimIndices{{Dim::Row, 16}, {Dim::Col, 8}})
        EXPECT_EQ(product.apply(whole, out), low.apply(inner, out) + size * high.apply(outer, out));
    }
    EXPECT_EQ(product.divideLeft(low), high);
    EXPECT_EQ(LinearLayout() * low, low);
    EXPECT_EQ(low * LinearLayout(), low);
  }
  // A swizzled tile does not begin with unswizzled rows.
  LinearLayout swizzled = *LinearLayout::fromBases({{Dim::Offset, {{0, 1}, {1, 1}}}}, {{Dim::Row, 2}, {Dim::Col, 2}});
  LinearLayout plain = LinearLayout::identity1D(2, Dim::Offset, Dim::Col);
  EXPECT_TRUE(swizzled.divideLeft(plain) == std::nullopt);
  EXPECT_TRUE(plain.divideLeft(swizzled) == std::nullopt);
}

// A slice forgets a coordinate and the registers that it leaves without
// meaning; every thread keeps the set of what it held.
TEST(LinearLayout, Slice) {
  RandomLayout random(5);
  for (int i = 0; i < 50; ++i) {
    LinearLayout layout = random();
    for (Dim reduced : {Dim::Row, Dim::Col}) {
      Dim kept = reduced == Dim::Row ? Dim::Col : Dim::Row;
      LinearLayout slice = layout.slice(reduced);
      EXPECT_EQ(slice.outputs().size(), 1u);
      for (int64_t thread = 0; thread < 32; ++thread) {
        DimIndices at = {{Dim::Register, 0}, {Dim::Lane, thread % 8}, {Dim::Warp, thread / 8}};
        std::set<int64_t> before, after;
        for (at[0].second = 0; at[0].second < 8; ++at[0].second)
          before.insert(layout.apply(at, kept));
        for (int64_t r = 0; r < slice.inputSize(Dim::Register); ++r) {
          at[0].second = r;
          EXPECT_TRUE(after.insert(slice.apply(at, Dim::Row)).second);
        }
        EXPECT_EQ(before, after);
      }
    }
  }
  EXPECT_EQ(accumulatorPiece().slice(Dim::Col).toString(), "register=[(8)] lane=[(0),(0),(1),(2),(4)] -> d0=16");
  EXPECT_EQ(accumulatorPiece().slice(Dim::Row).toString(), "register=[(1)] lane=[(2),(4),(0),(0),(0)] -> d0=8");
}

// Transposing, flattening and taking a part only rename.
TEST(LinearLayout, Renaming) {
  LinearLayout piece = accumulatorPiece(), turned = piece.transpose({1, 0});
  LinearLayout flat = piece.flattenInputs(Dim::Offset).flattenOutputs(Dim::Row);
  LinearLayout lanes = piece.sublayout({Dim::Lane}, {Dim::Col});
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t l = 0; l < 32; ++l) {
      DimIndices at = {{Dim::Register, r}, {Dim::Lane, l}};
      int64_t row = piece.apply(at, Dim::Row), col = piece.apply(at, Dim::Col);
      EXPECT_EQ(turned.apply(at), (DimIndices{{Dim::Row, col}, {Dim::Col, row}}));
      EXPECT_EQ(flat.apply({{Dim::Offset, r + 4 * l}}, Dim::Row), row + 16 * col);
      EXPECT_EQ(lanes.apply({{Dim::Lane, l}}, Dim::Col), 2 * (l % 4));
    }
  EXPECT_EQ(turned.transpose({1, 0}), piece);
}

// One input of copies: zeros.
TEST(LinearLayout, Zeros) {
  LinearLayout layout =
      LinearLayout::identity1D(8, Dim::Register, Dim::Row) * LinearLayout::zeros1D(4, Dim::Lane, Dim::Row);
  EXPECT_EQ(layout.freeBits(Dim::Lane), 3u);
  EXPECT_EQ(layout.freeBits(Dim::Register), 0u);
  EXPECT_TRUE(layout.isSurjective());
  EXPECT_FALSE(layout.isInjective());
  EXPECT_EQ(layout.apply({{Dim::Register, 5}, {Dim::Lane, 3}}, Dim::Row), 5);
  EXPECT_FALSE(LinearLayout::zeros1D(4, Dim::Lane, Dim::Row, 2).isSurjective());
}

} // namespace
