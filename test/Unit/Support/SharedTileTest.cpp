//===- SharedTileTest.cpp - Swizzles, boxes and descriptors ---------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/SharedTile.h"

#include "gtest/gtest.h"

#include <set>

using namespace fovea;

namespace {

constexpr Swizzle allSwizzles[] = {Swizzle::None, Swizzle::B32, Swizzle::B64, Swizzle::B128};

SharedTile tile(int64_t rows, int64_t cols, int64_t elementBytes, Swizzle swizzle) {
  return *SharedTile::create(rows, cols, elementBytes, swizzle);
}

/// Where TMA puts a 16-byte chunk of a box row, from the CUDA guide's tables.
int64_t swizzledChunk(Swizzle swizzle, int64_t row, int64_t chunk) {
  switch (swizzle) {
  case Swizzle::None:
    return chunk;
  case Swizzle::B32:
    return chunk ^ (row / 4 % 2);
  case Swizzle::B64:
    return chunk ^ (row / 2 % 4);
  case Swizzle::B128:
    return chunk ^ (row % 8);
  }
  return -1;
}

/// The address of element (mn, k) of one wgmma, from the canonical layouts of
/// the PTX ISA (as CUTLASS spells them out), then swizzled as an address.
int64_t wgmmaAddress(uint64_t descriptor, Major major, int64_t elementBytes, int64_t mn, int64_t k) {
  int64_t start = (descriptor & 0x3FFF) << 4;
  int64_t lbo = (descriptor >> 16 & 0x3FFF) << 4;
  int64_t sbo = (descriptor >> 32 & 0x3FFF) << 4;
  int64_t mode = descriptor >> 62, t = 16 / elementBytes, address = start;
  const int64_t spans[] = {16, 128, 64, 32};
  int64_t span = spans[mode], perSpan = span / elementBytes;
  if (major == Major::K) {
    // ((8,m),(T,2)) : ((span,SBO),(1,T)), without swizzle ((T,SBO),(1,LBO))
    address += mn % 8 * span + mn / 8 * sbo + k % t * elementBytes;
    address += k / t * (mode == 0 ? lbo : 16);
  } else if (mode == 0) {
    // ((T,1,m),(8,k)) : ((1,T,SBO),(T,LBO))
    address += mn % t * elementBytes + mn / t * sbo;
    address += k % 8 * 16 + k / 8 * lbo;
  } else {
    // ((T,span/16,m),(8,k)) : ((1,T,LBO),(span,SBO))
    address += mn % perSpan * elementBytes + mn / perSpan * lbo;
    address += k % 8 * span + k / 8 * sbo;
  }
  const int64_t bits[] = {0, 7, 3, 1};
  return address ^ (address >> 3 & bits[mode] << 4);
}

// Every element lies where TMA puts it, and no two in one place.
TEST(SharedTile, OffsetsAreThoseOfTma) {
  for (Swizzle swizzle : allSwizzles)
    for (int64_t elementBytes : {1, 2, 4})
      for (int64_t rows : {8, 80, 264}) {
        SharedTile t = tile(rows, 96, elementBytes, swizzle);
        int64_t span = static_cast<int64_t>(swizzle);
        std::set<int64_t> seen;
        for (const TmaBox &box : t.tmaBoxes()) {
          EXPECT_LE(box.rows, 256);
          EXPECT_EQ(box.cols * elementBytes, span);
          EXPECT_EQ(box.byteOffset % (8 * span), 0);
          for (int64_t r = 0; r < box.rows; ++r)
            for (int64_t c = 0; c < box.cols; ++c) {
              int64_t byte = c * elementBytes;
              int64_t expected = box.byteOffset + r * span + 16 * swizzledChunk(swizzle, r, byte / 16) + byte % 16;
              ASSERT_EQ(t.byteOffset(box.row + r, box.col + c), expected);
              EXPECT_TRUE(seen.insert(expected).second);
            }
        }
        EXPECT_EQ(int64_t(seen.size()) * elementBytes, t.bytes());
      }
}

// The linear layout of a tile says the same, backwards.
TEST(SharedTile, LayoutInvertsOffsets) {
  for (Swizzle swizzle : allSwizzles)
    for (int64_t elementBytes : {1, 2, 4}) {
      SharedTile t = tile(64, 128, elementBytes, swizzle);
      LinearLayout layout = *t.layout();
      EXPECT_TRUE(layout.isBijective());
      EXPECT_EQ(layout.outputSize(Dim::Row), 64);
      EXPECT_EQ(layout.outputSize(Dim::Col), 128);
      for (int64_t row = 0; row < 64; ++row)
        for (int64_t col = 0; col < 128; ++col) {
          int64_t offset = t.byteOffset(row, col) / elementBytes;
          ASSERT_EQ(layout.apply({{Dim::Offset, offset}}), (DimIndices{{Dim::Row, row}, {Dim::Col, col}}));
        }
    }
  EXPECT_FALSE(tile(80, 128, 2, Swizzle::B128).layout());
}

// The numbers measured to work: 128-byte swizzle, 16-bit, slabs of 64 columns.
TEST(SharedTile, MeasuredDescriptors) {
  for (int64_t rows : {64, 80, 128, 192}) {
    SharedTile t = tile(rows, 128, 2, Swizzle::B128);
    uint32_t slab = rows * 128 / 16;
    EXPECT_EQ(t.slabCols(), 64);
    EXPECT_EQ(t.alignment(), 1024);

    MatrixDescriptor k = t.descriptor(Major::K);
    EXPECT_EQ(k.highWord(), 0x40000040u);
    EXPECT_EQ(k.lowWord(), 1u << 16);
    EXPECT_EQ(k.encode(0x5400), uint64_t(0x40000040) << 32 | 1u << 16 | 0x540u);
    EXPECT_EQ(t.numSteps(Major::K), 8);
    for (int64_t step = 0; step < 8; ++step)
      EXPECT_EQ(t.stepAdvance(Major::K, step), step % 4 * 2 + step / 4 * slab);
    if (rows > 64)
      EXPECT_EQ(t.beginAdvance(Major::K, 64), 512u); // the second warpgroup

    MatrixDescriptor v = t.descriptor(Major::MN);
    EXPECT_EQ(v.highWord(), 0x40000040u);
    EXPECT_EQ(v.lowWord(), slab << 16);
    EXPECT_EQ(t.numSteps(Major::MN), rows / 16);
    for (int64_t step = 0; step < rows / 16; ++step)
      EXPECT_EQ(t.stepAdvance(Major::MN, step), step * 128);
    EXPECT_EQ(t.beginAdvance(Major::MN, 64), slab);
  }
  // dS^T, one slab: no offset to a next one.
  EXPECT_EQ(tile(128, 64, 2, Swizzle::B128).descriptor(Major::MN).lowWord(), 1u << 16);
}

// Narrower swizzles and 8-bit elements, as CUTLASS has them.
TEST(SharedTile, NarrowerDescriptors) {
  SharedTile half = tile(128, 96, 2, Swizzle::B64);
  EXPECT_EQ(half.descriptor(Major::K).highWord(), 2u << 30 | 512 / 16);
  EXPECT_EQ(half.stepAdvance(Major::K, 1), 2u);
  EXPECT_EQ(half.stepAdvance(Major::K, 2), 128u * 64 / 16);
  EXPECT_EQ(half.descriptor(Major::MN).leadingByteOffset, 128u * 64 / 16);
  EXPECT_EQ(half.stepAdvance(Major::MN, 1), 64u);
  SharedTile bytes = tile(128, 128, 1, Swizzle::B128);
  EXPECT_EQ(bytes.descriptor(Major::K).highWord(), 0x40000040u);
  EXPECT_EQ(bytes.depthPerStep(), 32);
  EXPECT_EQ(bytes.stepAdvance(Major::K, 1), 2u);
  // 96 columns in two slabs: six steps are enough.
  EXPECT_EQ(tile(128, 96, 2, Swizzle::B128).numSteps(Major::K), 6);
}

// Every wgmma over a tile reads just the elements it should, wherever the tile
// begins, with every swizzle, in both ways.
TEST(SharedTile, WgmmaReadsTheTile) {
  for (Swizzle swizzle : allSwizzles)
    for (int64_t elementBytes : {1, 2, 4})
      for (int64_t rows : {16, 80, 128}) {
        SharedTile t = tile(rows, 192, elementBytes, swizzle);
        uint32_t base = 5 * 1024;
        for (Major major : {Major::K, Major::MN}) {
          if (!t.whyNoDescriptor(major).empty()) {
            EXPECT_EQ(major, Major::MN);
            EXPECT_NE(elementBytes, 2);
            continue;
          }
          int64_t extent = major == Major::K ? rows : 192;
          int64_t unit = major == Major::K ? 8 : t.slabCols();
          for (int64_t begin = 0; begin < extent; begin += unit)
            for (int64_t step = 0; step < t.numSteps(major); ++step) {
              uint64_t descriptor =
                  t.descriptor(major).encode(base) + t.stepAdvance(major, step) + t.beginAdvance(major, begin);
              for (int64_t mn = begin; mn < extent; mn += 7)
                for (int64_t k = 0; k < t.depthPerStep(); ++k) {
                  int64_t depth = step * t.depthPerStep() + k;
                  int64_t row = major == Major::K ? mn : depth;
                  int64_t col = major == Major::K ? depth : mn;
                  ASSERT_EQ(wgmmaAddress(descriptor, major, elementBytes, mn - begin, k),
                            base + t.byteOffset(row, col));
                }
            }
        }
      }
}

// Parts of positions without common bits add up as they should.
TEST(SharedTile, OffsetPartsOfThreadAndRegister) {
  for (Swizzle swizzle : allSwizzles) {
    SharedTile t = tile(192, 80, 2, swizzle);
    for (int64_t lane = 0; lane < 32; ++lane)
      for (int64_t warp = 0; warp < 12; ++warp) {
        SharedTile::OffsetParts thread = t.offsetParts(16 * warp + lane / 4, 2 * (lane % 4));
        for (int64_t i = 0; i < 40; ++i) {
          int64_t row = 8 * (i / 2 % 2), col = 8 * (i / 4) + i % 2;
          SharedTile::OffsetParts constant = t.offsetParts(row, col);
          ASSERT_EQ(thread.add + constant.add + (thread.chunk ^ constant.chunk),
                    t.byteOffset(16 * warp + lane / 4 + row, 2 * (lane % 4) + col));
        }
      }
  }
}

// What is no tile, or none for wgmma, says why.
TEST(SharedTile, Refuses) {
  auto reason = [](int64_t rows, int64_t cols, int64_t elementBytes, Swizzle swizzle) {
    std::string why;
    EXPECT_FALSE(SharedTile::create(rows, cols, elementBytes, swizzle, &why));
    return why;
  };
  EXPECT_EQ(reason(12, 64, 2, Swizzle::B128), "rows of a shared tile come in multiples of 8, got 12");
  EXPECT_EQ(reason(16, 0, 2, Swizzle::B128), "a shared tile has columns, got 0");
  EXPECT_EQ(reason(16, 64, 8, Swizzle::B128), "elements of a shared tile have 1, 2 or 4 bytes, got 8");
  EXPECT_EQ(reason(16, 64, 2, static_cast<Swizzle>(48)), "a swizzle spans 16 (none), 32, 64 or 128 bytes, got 48");
  EXPECT_EQ(tile(32, 64, 1, Swizzle::B64).whyNoDescriptor(Major::MN),
            "wgmma reads only 16-bit elements MN-major, got 8 bits");
  EXPECT_EQ(tile(24, 64, 2, Swizzle::B128).whyNoDescriptor(Major::MN),
            "the depth of a wgmma is 16 rows of an MN-major tile, got 24");
  EXPECT_EQ(tile(24, 72, 2, Swizzle::B128).whyNoDescriptor(Major::K),
            "the depth of a wgmma is 16 columns of a K-major tile, got 72");
}

TEST(SharedTile, WidestSwizzle) {
  EXPECT_EQ(SharedTile::widestSwizzle(128, 2), Swizzle::B128);
  EXPECT_EQ(SharedTile::widestSwizzle(96, 2), Swizzle::B64);
  EXPECT_EQ(SharedTile::widestSwizzle(80, 2), Swizzle::B32);
  EXPECT_EQ(SharedTile::widestSwizzle(72, 2), Swizzle::None);
  EXPECT_EQ(SharedTile::widestSwizzle(32, 4), Swizzle::B128);
}

} // namespace
