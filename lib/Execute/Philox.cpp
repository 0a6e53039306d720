//===- Philox.cpp - Counter-based random numbers --------------------------===//
//
// Only IEEE additions, multiplications, divisions and square roots, none of
// them contracted, so that results agree to the last bit between machines.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Philox.h"

#include <cmath>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

using namespace fovea;

std::array<uint32_t, 4> fovea::philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t(0xD2511F53) * counter[0];
    uint64_t product1 = uint64_t(0xCD9E8D57) * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// Natural logarithm of x > 0 by the series of atanh, to about 1e-16.
static double logarithm(double x) {
  int exponent;
  double mantissa = std::frexp(x, &exponent); // In [0.5, 1).
  if (mantissa < 0x1.6a09e667f3bcdp-1) {      // sqrt(0.5), to centre on 1.
    mantissa *= 2;
    --exponent;
  }
  double z = (mantissa - 1) / (mantissa + 1), square = z * z;
  double sum = 0;
  for (int odd = 23; odd >= 1; odd -= 2)
    sum = sum * square + 1.0 / odd;
  return exponent * 0x1.62e42fefa39efp-1 + 2 * z * sum;
}

/// Value of the polynomial with `coefficients`, constant term first.
static double evaluate(const double (&coefficients)[8], double x) {
  double value = 0;
  for (int degree = 7; degree >= 0; --degree)
    value = value * x + coefficients[degree];
  return value;
}

double fovea::normalQuantile(double p) {
  // Numerator and denominator for the centre, the flank and the tail.
  static const double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                             1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                             3.3430575583588128105e4, 2.5090809287301226727e3};
  static const double b[] = {1.0,
                             4.2313330701600911252e1,
                             6.8718700749205790830e2,
                             5.3941960214247511077e3,
                             2.1213794301586595867e4,
                             3.9307895800092710610e4,
                             2.8729085735721942674e4,
                             5.2264952788528545610e3};
  static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                             3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                             2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static const double d[] = {1.0,
                             2.05319162663775882187e0,
                             1.67638483018380384940e0,
                             6.89767334985100004550e-1,
                             1.48103976427480074590e-1,
                             1.51986665636164571966e-2,
                             5.47593808499534494600e-4,
                             1.05075007164441684324e-9};
  static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                             2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                             2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static const double f[] = {1.0,
                             5.99832206555887937690e-1,
                             1.36929880922735805310e-1,
                             1.48753612908506148525e-2,
                             7.86869131145613259100e-4,
                             1.84631831751005468180e-5,
                             1.42151175831644588870e-7,
                             2.04426310338993978564e-15};

  double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    double r = 0.180625 - q * q;
    return q * evaluate(a, r) / evaluate(b, r);
  }
  double r = std::sqrt(-logarithm(q < 0 ? p : 1 - p));
  double magnitude = r <= 5 ? evaluate(c, r - 1.6) / evaluate(d, r - 1.6) : evaluate(e, r - 5) / evaluate(f, r - 5);
  return q < 0 ? -magnitude : magnitude;
}

uint64_t RandomStream::getBits(uint64_t index) const {
  std::array<uint32_t, 4> bits =
      philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), stream, 0}, key);
  return uint64_t(bits[1]) << 32 | bits[0];
}

double RandomStream::getNormal(uint64_t index) const {
  // 53 bits and a half: neither 0 nor 1, symmetric about 0.5.
  double uniform = (static_cast<double>(getBits(index) >> 12) + 0.5) * 0x1p-52;
  return normalQuantile(uniform);
}

uint64_t RandomStream::getBelow(uint64_t limit, uint64_t index) const {
  // The high half of the product: no modulo bias that could be measured.
  return static_cast<unsigned __int128>(getBits(index)) * limit >> 64;
}
