//===- Philox.h - Counter-based random numbers ------------------*- C++ -*-===//
//
// A random number as a pure function of (seed, stream, index): element i of a
// tensor gets the same value whatever the order, strides, thread or machine.
// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011. Nothing here calls the mathematics library of the platform.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_PHILOX_H
#define FOVEA_EXECUTE_PHILOX_H

#include <array>
#include <cstdint>

namespace fovea {

/// The bijection of the paper: ten rounds over a 128-bit counter.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// The quantile function of the unit normal distribution for 0 < p < 1, to
/// about 1e-15: algorithm AS 241 (PPND16) of Wichura, 1988.
double normalQuantile(double p);

/// One sequence of numbers. Streams of one seed are independent.
class RandomStream {
public:
  explicit RandomStream(uint64_t seed, uint32_t stream = 0)
      : key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, stream(stream) {}

  uint64_t getBits(uint64_t index) const;
  /// Unit normal, of magnitude below 8.3.
  double getNormal(uint64_t index) const;
  /// Uniform over 0 .. limit - 1.
  uint64_t getBelow(uint64_t limit, uint64_t index) const;
  bool getBool(uint64_t index) const { return getBits(index) >> 63; }

private:
  std::array<uint32_t, 2> key;
  uint32_t stream;
};

} // namespace fovea

#endif // FOVEA_EXECUTE_PHILOX_H
