//===- Random.h - draws that are the same everywhere ------------*- C++ -*-===//
//
// The standard's distributions differ between libraries; its engines do not.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_LIB_FUZZ_RANDOM_H
#define FOVEA_TEST_LIB_FUZZ_RANDOM_H

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace fovea::fuzz {

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  /// In [0, end).
  int64_t below(int64_t end) { return int64_t(engine() % uint64_t(end)); }
  /// True in `percent` of the cases.
  bool chance(int percent) { return below(100) < percent; }
  template <typename T> T pick(const std::vector<T> &values) { return values[below(values.size())]; }
  template <typename T> void shuffle(std::vector<T> &values) {
    for (size_t i = values.size(); i > 1; --i)
      std::swap(values[i - 1], values[below(i)]);
  }

private:
  std::mt19937_64 engine;
};

} // namespace fovea::fuzz

#endif // FOVEA_TEST_LIB_FUZZ_RANDOM_H
