//===- RegisterLayoutTest.cpp - Pieces, repeats, slices, conversions ------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/FragmentLayout.h"

#include "gtest/gtest.h"

#include <map>
#include <set>

using namespace fovea;

namespace {

using Position = std::vector<int64_t>;

Position at(const RegisterLayout &layout, int64_t r, int64_t l, int64_t w) {
  return layout.apply({{Dim::Register, r}, {Dim::Lane, l}, {Dim::Warp, w}});
}

/// What a conversion takes, found by asking for every element of every thread
/// of a block of warps.
std::optional<ConversionKind> enumerate(const RegisterLayout &from, const RegisterLayout &to) {
  using Elements = std::vector<std::vector<Position>>; // [thread][register]
  auto elementsOf = [](const RegisterLayout &layout) {
    Elements elements(32 * layout.size(Dim::Warp));
    for (size_t t = 0; t < elements.size(); ++t)
      for (int64_t r = 0; r < layout.size(Dim::Register); ++r)
        elements[t].push_back(at(layout, r, t % 32, t / 32));
    return elements;
  };
  Elements held = elementsOf(from), wanted = elementsOf(to);
  std::map<Position, std::set<size_t>> threadsOf;
  for (size_t t = 0; t < held.size(); ++t)
    for (const Position &position : held[t])
      threadsOf[position].insert(t);

  bool sameThread = true, sameWarp = true;
  for (size_t t = 0; t < wanted.size(); ++t)
    for (const Position &position : wanted[t]) {
      const std::set<size_t> &threads = threadsOf[position];
      if (threads.empty())
        return std::nullopt;
      sameThread &= threads.count(t) != 0;
      auto inWarp = threads.lower_bound(t / 32 * 32);
      sameWarp &= inWarp != threads.end() && *inWarp / 32 == t / 32;
    }
  if (!sameWarp)
    return ConversionKind::ThroughShared;
  if (!sameThread)
    return ConversionKind::ShufflesWithinWarp;
  // Is there one renaming for all threads?
  for (size_t r = 0; r < wanted[0].size(); ++r) {
    bool named = false;
    for (size_t s = 0; s < held[0].size() && !named; ++s) {
      named = true;
      for (size_t t = 0; t < held.size() && named; ++t)
        named = held[t][s] == wanted[t][r];
    }
    if (!named)
      return ConversionKind::ShufflesWithinWarp;
  }
  return ConversionKind::RegistersOnly;
}

// However a tile is put together, the same map is the same layout.
TEST(RegisterLayout, CanonicalForm) {
  RegisterLayout piece = *mmaAccumulator(16, 8, {1, 1});
  RegisterLayout wide = *mmaAccumulator(16, 80, {1, 1});
  EXPECT_EQ(piece.repeat(Dim::Register, Dim::Col, 10), wide);
  EXPECT_EQ(piece.repeat(Dim::Register, Dim::Col, 5).repeat(Dim::Register, Dim::Col, 2), wide);
  EXPECT_EQ(piece.repeat(Dim::Register, Dim::Col, 2).repeat(Dim::Register, Dim::Col, 5), wide);
  EXPECT_EQ(piece.repeat(Dim::Register, Dim::Col, 1), piece);
  EXPECT_FALSE(wide.isLinear());
  EXPECT_TRUE(mmaAccumulator(128, 128, {8, 1})->isLinear());
  EXPECT_EQ(mmaAccumulator(192, 80, {12, 1})->toString(),
            "register=[(0,1),(8,0),(0,8)] "
            "lane=[(0,2),(0,4),(1,0),(2,0),(4,0)] warp=[(16,0),(32,0)] block=[]"
            " -> d0=64 d1=16 x5 register->d1 x3 warp->d0");
}

// The rows of an accumulator: two values per thread, the same in the four lanes
// of a quad. Its columns: the same in all warps and in the eight rows of lanes.
TEST(RegisterLayout, SliceOfAccumulator) {
  for (auto [rows, cols] : {std::pair(128, 128), std::pair(192, 80)}) {
    int64_t warps = rows / 16;
    RegisterLayout layout = *mmaAccumulator(rows, cols, {warps, 1});
    RegisterLayout row = layout.slice(Dim::Col), col = layout.slice(Dim::Row);
    EXPECT_EQ(row.shape(), Position{rows});
    EXPECT_EQ(col.shape(), Position{cols});
    ASSERT_EQ(row.size(Dim::Register), 2);
    ASSERT_EQ(col.size(Dim::Register), cols / 4);
    ASSERT_EQ(row.size(Dim::Warp), warps);
    ASSERT_EQ(col.size(Dim::Warp), warps);
    for (int64_t w = 0; w < warps; ++w)
      for (int64_t l = 0; l < 32; ++l) {
        for (int64_t r = 0; r < 2; ++r)
          EXPECT_EQ(at(row, r, l, w), Position{16 * w + l / 4 + 8 * r});
        for (int64_t r = 0; r < cols / 4; ++r)
          EXPECT_EQ(at(col, r, l, w), Position{8 * (r / 2) + 2 * (l % 4) + r % 2});
      }
    EXPECT_EQ(row.piece().freeBits(Dim::Lane), 3u);
    EXPECT_EQ(col.piece().freeBits(Dim::Lane), 28u);
    EXPECT_EQ(row.slice(Dim::Row).size(Dim::Register), 1);
  }
}

TEST(RegisterLayout, Transpose) {
  RegisterLayout layout = *mmaAccumulator(192, 80, {12, 1});
  RegisterLayout turned = layout.transpose({1, 0});
  EXPECT_EQ(turned.shape(), (Position{80, 192}));
  for (int64_t w = 0; w < 12; ++w)
    for (int64_t l = 0; l < 32; ++l)
      for (int64_t r = 0; r < 40; ++r) {
        Position before = at(layout, r, l, w);
        EXPECT_EQ(at(turned, r, l, w), (Position{before[1], before[0]}));
      }
  EXPECT_EQ(turned.transpose({1, 0}), layout);
}

// P = exp(S): the accumulator of S *is* the 16-bit operand A of P V.
TEST(LayoutConversion, AccumulatorToOperandAIsFree) {
  for (auto [rows, cols, warps] : {std::tuple(64, 16, 4), std::tuple(128, 128, 8), std::tuple(192, 80, 12),
                                   std::tuple(16, 64, 1), std::tuple(256, 96, 8)})
    EXPECT_EQ(mmaAccumulator(rows, cols, {warps, 1}), mmaOperandA(rows, cols, 16, {warps, 1}));
}

// With 8-bit elements it is not: lanes of a quad exchange columns.
TEST(LayoutConversion, AccumulatorToOperandA8Shuffles) {
  RegisterLayout accumulator = *mmaAccumulator(64, 64, {4, 1});
  RegisterLayout operand = *mmaOperandA(64, 64, 8, {4, 1});
  EXPECT_EQ(classifyConversion(accumulator, operand), ConversionKind::ShufflesWithinWarp);
}

// The classification agrees with asking for every element, over all pairs of a
// collection, powers of two and not.
TEST(LayoutConversion, ClassifiesAsEnumerated) {
  std::set<ConversionKind> kinds;
  for (int64_t cols : {32, 48}) {
    std::vector<RegisterLayout> layouts = {*mmaAccumulator(32, cols, {2, 1}),
                                           *mmaAccumulator(32, cols, {1, 2}),
                                           mmaAccumulator(32, cols, {1, 1})->repeat(Dim::Warp, {}, 2),
                                           *mmaOperandA(32, cols, 16, {1, 2}),
                                           *mmaOperandA(32, cols, 32, {2, 1}),
                                           *mmaOperandB(32, cols, 16, {2, 1}),
                                           blocked({32, cols}, {1, 4}, {8, 4}, {2, 1}, {1, 0}),
                                           blocked({32, cols}, {1, 2}, {8, 4}, {2, 1}, {1, 0}),
                                           blocked({32, cols}, {1, 2}, {8, 4}, {1, 2}, {1, 0}),
                                           blocked({32, cols}, {2, 1}, {32, 1}, {1, 2}, {0, 1})};
    for (const RegisterLayout &from : layouts)
      for (const RegisterLayout &to : layouts) {
        std::optional<ConversionKind> kind = classifyConversion(from, to);
        ASSERT_TRUE(kind.has_value());
        EXPECT_EQ(kind, enumerate(from, to)) << from.toString() << "\n" << to.toString();
        kinds.insert(*kind);
      }
  }
  EXPECT_EQ(kinds.size(), 3u); // all but those of a cluster
}

// Blocks of a cluster that hold different halves exchange them.
TEST(LayoutConversion, AcrossBlocks) {
  RegisterLayout piece = *mmaAccumulator(16, 24, {1, 1});
  auto split = [&](Dim first, Dim second) {
    return piece.repeat(Dim::Block, first, 2).repeat(Dim::Register, second, 2);
  };
  // Rows in blocks, columns in registers; and the reverse.
  RegisterLayout rows = split(Dim::Row, Dim::Col);
  RegisterLayout cols = split(Dim::Col, Dim::Row);
  ASSERT_EQ(rows.shape(), cols.shape());
  EXPECT_EQ(classifyConversion(rows, cols), ConversionKind::AcrossBlocks);
  EXPECT_EQ(classifyConversion(cols, rows), ConversionKind::AcrossBlocks);
  EXPECT_EQ(classifyConversion(rows, rows), ConversionKind::RegistersOnly);
}

// Repetitions count as well as pieces: three warpgroups that share the rows,
// and three that all hold all of them.
TEST(LayoutConversion, DifferentRepeatsOfOnePiece) {
  RegisterLayout split = *mmaAccumulator(192, 80, {12, 1});
  RegisterLayout copies = mmaAccumulator(192, 80, {4, 1})->repeat(Dim::Warp, {}, 3);
  ASSERT_EQ(split.piece(), copies.piece());
  ASSERT_NE(split, copies);
  EXPECT_EQ(classifyConversion(split, copies), ConversionKind::ThroughShared);
  // Every thread has what it shall keep, under a name that depends on the warp.
  EXPECT_EQ(classifyConversion(copies, split), ConversionKind::ShufflesWithinWarp);
}

// What cannot be converted in place at all.
TEST(LayoutConversion, RefusesOtherShapesAndThreads) {
  RegisterLayout layout = *mmaAccumulator(64, 64, {4, 1});
  EXPECT_FALSE(classifyConversion(layout, *mmaAccumulator(64, 32, {4, 1})));
  EXPECT_FALSE(classifyConversion(layout, *mmaAccumulator(64, 64, {2, 1})));
}

// A renaming names the register that holds the same element in every thread.
TEST(LayoutConversion, RegisterPermutation) {
  // Registers along the columns first, or along the rows first.
  auto make = [](Dim first, Dim second) {
    auto along = [](Dim dim) { return dim == Dim::Row ? 4 : 10; };
    return blocked({8, 4}, {1, 1}, {8, 4}, {1, 1}, {1, 0})
        .repeat(Dim::Register, first, along(first))
        .repeat(Dim::Register, second, along(second));
  };
  RegisterLayout from = make(Dim::Row, Dim::Col), to = make(Dim::Col, Dim::Row);
  ASSERT_NE(from, to);
  ASSERT_EQ(classifyConversion(from, to), ConversionKind::RegistersOnly);
  std::vector<int64_t> permutation = registerPermutation(from, to);
  for (int64_t l = 0; l < 32; ++l)
    for (int64_t r = 0; r < 40; ++r)
      EXPECT_EQ(at(from, permutation[r], l, 0), at(to, r, l, 0));
}

// The map of a conversion leads to an equal element, in the same thread, warp
// or block wherever that holds one.
TEST(LayoutConversion, MapIsNear) {
  LinearLayout accumulator = mmaAccumulator(64, 64, {4, 1})->piece();
  for (const RegisterLayout &target : {*mmaOperandA(64, 64, 8, {4, 1}), *mmaAccumulator(64, 64, {2, 2})}) {
    LinearLayout to = target.piece();
    LinearLayout map = conversionMap(accumulator, to);
    EXPECT_EQ(map.compose(accumulator), to);
    bool within = classifyConversion(RegisterLayout(accumulator), target) == ConversionKind::ShufflesWithinWarp;
    for (int64_t w = 0; within && w < 4; ++w)
      for (int64_t l = 0; l < 32; ++l)
        EXPECT_EQ(map.apply({{Dim::Lane, l}, {Dim::Warp, w}}, Dim::Warp), w);
  }
}

} // namespace
