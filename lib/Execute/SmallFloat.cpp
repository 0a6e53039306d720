//===- SmallFloat.cpp - f16 and bf16 in software --------------------------===//
//
// Both types are the same algorithm with a different split of the 15 bits
// below the sign into exponent and fraction.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/SmallFloat.h"

#include "llvm/ADT/bit.h"

#include <cmath>
#include <limits>

using namespace fovea;

namespace {

constexpr int f64FractionBits = 52;
constexpr int f64Bias = 1023;
constexpr uint64_t f64FractionMask = (uint64_t(1) << f64FractionBits) - 1;

template <int fractionBits> struct Format {
  static constexpr int exponentBits = 15 - fractionBits;
  static constexpr int bias = (1 << (exponentBits - 1)) - 1;
  static constexpr int minExponent = 1 - bias; ///< of a normal number
  static constexpr uint16_t infinity = ((1 << exponentBits) - 1) << fractionBits;
  static constexpr uint16_t quietBit = 1 << (fractionBits - 1);
  static constexpr uint16_t fractionMask = (1 << fractionBits) - 1;
};

using F16 = Format<10>;
using BF16 = Format<7>;

/// `value / 2^shift`, rounded to nearest, ties to even; `shift` > 0.
uint64_t shiftRightRounding(uint64_t value, int shift) {
  if (shift >= 64)
    return 0; // Below half: a significand has 53 bits.
  uint64_t quotient = value >> shift;
  uint64_t rest = value & ((uint64_t(1) << shift) - 1);
  uint64_t half = uint64_t(1) << (shift - 1);
  bool up = rest > half || (rest == half && (quotient & 1));
  return quotient + up;
}

template <int fractionBits> uint16_t encode(double value) {
  using F = Format<fractionBits>;
  uint64_t bits = llvm::bit_cast<uint64_t>(value);
  uint16_t sign = (bits >> 63) << 15;
  uint64_t fraction = bits & f64FractionMask;
  if (std::isnan(value))
    return sign | F::infinity | F::quietBit | (fraction >> (f64FractionBits - fractionBits));
  if (std::isinf(value))
    return sign | F::infinity;

  int biased = (bits >> f64FractionBits) & 0x7ff;
  if (biased == 0) // Zero, or far below the smallest subnormal of either type.
    return sign;
  int exponent = biased - f64Bias;
  uint64_t significand = fraction | (uint64_t(1) << f64FractionBits);
  int shift = f64FractionBits - fractionBits;
  if (exponent < F::minExponent) // Subnormal: the fraction loses its tail.
    return sign | shiftRightRounding(significand, shift + F::minExponent - exponent);
  if (exponent > F::bias)
    return sign | F::infinity;
  // The implicit bit adds one to the exponent field, hence `- 1`; a carry out
  // of the fraction does so too, up to infinity.
  uint64_t magnitude = (uint64_t(exponent + F::bias - 1) << fractionBits) + shiftRightRounding(significand, shift);
  return sign | magnitude;
}

template <int fractionBits> double decode(uint16_t bits) {
  using F = Format<fractionBits>;
  int biased = (bits & 0x7fff) >> fractionBits;
  uint16_t fraction = bits & F::fractionMask;
  double magnitude;
  if (biased == (1 << F::exponentBits) - 1)
    magnitude = fraction ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  else if (biased == 0)
    magnitude = std::ldexp(fraction, F::minExponent - fractionBits);
  else
    magnitude = std::ldexp(fraction + (1 << fractionBits), biased - F::bias - fractionBits);
  return std::copysign(magnitude, bits & 0x8000 ? -1.0 : 1.0);
}

} // namespace

uint16_t fovea::encodeF16(double value) { return encode<10>(value); }
uint16_t fovea::encodeBF16(double value) { return encode<7>(value); }
double fovea::decodeF16(uint16_t bits) { return decode<10>(bits); }
double fovea::decodeBF16(uint16_t bits) { return decode<7>(bits); }
