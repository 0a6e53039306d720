//===- ScalarTest.cpp - Conversions between element types -----------------===//
//
// One rounding per conversion, and a word on every value that does not fit.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Scalar.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace fovea;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

struct Stored {
  bool fits;
  Scalar value;
};

Stored store(ElementType type, Scalar value) {
  char bytes[8];
  bool fits = value.store(type, bytes);
  return {fits, Scalar::load(type, bytes)};
}

TEST(ElementType, NamesRoundTrip) {
  for (unsigned i = 0; i <= unsigned(ElementType::UI64); ++i) {
    auto type = static_cast<ElementType>(i);
    EXPECT_EQ(parseElementType(getName(type)), type);
    EXPECT_EQ(isFloat(type) + isSignedInteger(type) + isUnsignedInteger(type), 1);
  }
  EXPECT_EQ(parseElementType("f8"), std::nullopt);
}

// 2^54 + 2^46 + 1 is just above the midpoint of two bf16 neighbours; as a
// double it would be the midpoint and go down, to even.
TEST(Scalar, IntegersRoundOnceToSmallFloats) {
  int64_t aboveTie = (int64_t(1) << 54) + (int64_t(1) << 46) + 1;
  double up = std::ldexp(1 + 0x1p-7, 54);
  EXPECT_EQ(store(ElementType::BF16, Scalar::ofSigned(aboveTie)).value.toDouble(), up);
  EXPECT_EQ(store(ElementType::BF16, Scalar::ofSigned(-aboveTie)).value.toDouble(), -up);
  EXPECT_EQ(store(ElementType::BF16, Scalar::ofUnsigned(aboveTie)).value.toDouble(), up);
}

TEST(Scalar, IntegersRoundToNearestDouble) {
  for (int64_t value : {(int64_t(1) << 53) + 1, (int64_t(1) << 54) + 1, (int64_t(1) << 54) + 3, INT64_MAX, INT64_MIN})
    EXPECT_EQ(store(ElementType::F64, Scalar::ofSigned(value)).value.toDouble(), static_cast<double>(value));
}

TEST(Scalar, LargeIntegersSurvive) {
  EXPECT_EQ(store(ElementType::I64, Scalar::ofSigned(INT64_MAX)).value.toInt(), INT64_MAX);
  EXPECT_EQ(store(ElementType::Index, Scalar::ofSigned(INT64_MIN)).value.toInt(), INT64_MIN);
  EXPECT_EQ(store(ElementType::UI64, Scalar::ofUnsigned(UINT64_MAX)).value.toDouble(), 0x1p64);
}

TEST(Scalar, FloatsRoundToNearestEvenInteger) {
  for (auto [value, expected] :
       {std::pair<double, int64_t>{0.5, 0}, {1.5, 2}, {2.5, 2}, {-1.5, -2}, {-0.5, 0}, {127.4, 127}}) {
    Stored stored = store(ElementType::I8, Scalar::ofFloat(value));
    EXPECT_TRUE(stored.fits);
    EXPECT_EQ(stored.value.toInt(), expected) << value;
  }
}

// What does not fit is clamped and reported.
TEST(Scalar, ReportsIntegersOutOfRange) {
  struct Case {
    ElementType type;
    Scalar value;
    int64_t expected;
  };
  for (const Case &c : {
           Case{ElementType::I8, Scalar::ofFloat(127.5), 127},
           Case{ElementType::I8, Scalar::ofFloat(-129), -128},
           Case{ElementType::I8, Scalar::ofSigned(128), 127},
           Case{ElementType::I16, Scalar::ofSigned(-40000), -32768},
           Case{ElementType::I32, Scalar::ofUnsigned(1u << 31), INT32_MAX},
           Case{ElementType::I64, Scalar::ofFloat(0x1p63), INT64_MAX},
           Case{ElementType::I64, Scalar::ofUnsigned(UINT64_MAX), INT64_MAX},
           Case{ElementType::I64, Scalar::ofFloat(nan), 0},
           Case{ElementType::I32, Scalar::ofFloat(-infinity), INT32_MIN},
           Case{ElementType::UI8, Scalar::ofSigned(-1), 0},
           Case{ElementType::UI8, Scalar::ofFloat(256), 255},
           Case{ElementType::UI16, Scalar::ofSigned(65536), 65535},
           Case{ElementType::UI32, Scalar::ofFloat(nan), 0},
       }) {
    Stored stored = store(c.type, c.value);
    EXPECT_FALSE(stored.fits) << getName(c.type).str();
    EXPECT_EQ(stored.value.toInt(), c.expected) << getName(c.type).str();
  }
  EXPECT_TRUE(store(ElementType::I64, Scalar::ofFloat(-0x1p63)).fits);
  EXPECT_TRUE(store(ElementType::UI64, Scalar::ofFloat(0x1.fp63)).fits);
}

// Overflow of a finite number is reported; infinity itself is a value.
TEST(Scalar, ReportsFloatsOutOfRange) {
  EXPECT_TRUE(store(ElementType::F16, Scalar::ofFloat(65519)).fits);
  EXPECT_FALSE(store(ElementType::F16, Scalar::ofFloat(65520)).fits);
  EXPECT_FALSE(store(ElementType::F32, Scalar::ofFloat(1e300)).fits);
  EXPECT_TRUE(store(ElementType::BF16, Scalar::ofFloat(1e38)).fits);
  EXPECT_TRUE(store(ElementType::F16, Scalar::ofFloat(-infinity)).fits);
  EXPECT_TRUE(store(ElementType::F32, Scalar::ofFloat(nan)).fits);
}

TEST(Scalar, BoolIsWhetherNotZero) {
  EXPECT_EQ(store(ElementType::I1, Scalar::ofFloat(0.25)).value.toInt(), 1);
  EXPECT_EQ(store(ElementType::I1, Scalar::ofFloat(-0.0)).value.toInt(), 0);
  EXPECT_EQ(store(ElementType::I1, Scalar::ofSigned(256)).value.toInt(), 1);
  EXPECT_EQ(store(ElementType::I1, Scalar::ofUnsigned(0)).value.toInt(), 0);
}

} // namespace
