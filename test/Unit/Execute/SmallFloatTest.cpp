//===- SmallFloatTest.cpp - f16 and bf16 against APFloat ------------------===//
//
// Every value of both types, and every boundary between two of them.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/SmallFloat.h"
#include "fovea/Execute/Philox.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;
using llvm::APFloat;
using llvm::APInt;

namespace {

struct Format {
  const llvm::fltSemantics &semantics;
  uint16_t (*encode)(double);
  double (*decode)(uint16_t);
};

const Format formats[] = {
    {APFloat::IEEEhalf(), encodeF16, decodeF16},
    {APFloat::BFloat(), encodeBF16, decodeBF16},
};

class SmallFloat : public testing::TestWithParam<Format> {};

uint16_t encodeByAPFloat(const Format &format, double value) {
  APFloat number(value);
  bool losesInfo;
  number.convert(format.semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return number.bitcastToAPInt().getZExtValue();
}

void expectEncodesAsAPFloat(const Format &format, double value) {
  ASSERT_EQ(format.encode(value), encodeByAPFloat(format, value)) << value;
  ASSERT_EQ(format.encode(-value), encodeByAPFloat(format, -value)) << -value;
}

// All 65,536 bit patterns decode to what APFloat says.
TEST_P(SmallFloat, DecodesEveryPattern) {
  const Format &format = GetParam();
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    APFloat number(format.semantics, APInt(16, bits));
    double value = format.decode(bits);
    if (number.isNaN()) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      continue;
    }
    ASSERT_EQ(value, number.convertToDouble()) << bits;
    ASSERT_EQ(std::signbit(value), number.isNegative()) << bits;
    ASSERT_EQ(format.encode(value), bits);
  }
}

// Rounding changes at the midpoints of neighbours and nowhere else, so the
// midpoints and the doubles next to them show all of it. Those doubles differ
// from the midpoint by less than f32 can tell: rounding twice would fail.
TEST_P(SmallFloat, RoundsToNearestEvenAtEveryMidpoint) {
  const Format &format = GetParam();
  for (uint32_t bits = 0; bits < 0x7fff; ++bits) {
    double low = format.decode(bits), high = format.decode(bits + 1);
    if (!std::isfinite(low))
      break;
    // The largest number rounds to infinity half a step beyond it.
    if (std::isinf(high))
      high = low + (low - format.decode(bits - 1));
    double middle = (low + high) / 2;
    expectEncodesAsAPFloat(format, middle);
    expectEncodesAsAPFloat(format, std::nextafter(middle, low));
    expectEncodesAsAPFloat(format, std::nextafter(middle, high));
    ASSERT_EQ(format.encode(middle) & 1, 0) << "a tie goes to even";
  }
}

// Any double, subnormal and huge ones included.
TEST_P(SmallFloat, EncodesRandomDoublesAsAPFloat) {
  RandomStream random(1);
  for (uint64_t i = 0; i < 200000; ++i) {
    double value = llvm::bit_cast<double>(random.getBits(i));
    if (!std::isnan(value))
      expectEncodesAsAPFloat(GetParam(), value);
    // The same fraction at an exponent that matters here.
    value = std::ldexp(random.getNormal(i), int(i % 300) - 150);
    expectEncodesAsAPFloat(GetParam(), value);
  }
}

// NaN stays NaN and quiet even if its payload is only in bits that are lost.
TEST_P(SmallFloat, KeepsNaN) {
  const Format &format = GetParam();
  for (uint64_t bits : {0x7ff0000000000001, 0x7ff8000000000000}) {
    EXPECT_TRUE(std::isnan(format.decode(format.encode(llvm::bit_cast<double>(bits)))));
    uint16_t negative = format.encode(llvm::bit_cast<double>(bits | 0x8000000000000000));
    EXPECT_TRUE(negative & 0x8000);
    EXPECT_TRUE(std::isnan(format.decode(negative)));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SmallFloat, testing::ValuesIn(formats),
                         [](const auto &info) { return info.index ? "BF16" : "F16"; });

} // namespace
