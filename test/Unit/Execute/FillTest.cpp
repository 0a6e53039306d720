//===- FillTest.cpp - Generated contents of host tensors ------------------===//
//
// The generator against its published vectors, the quantile function against
// erfc, and fills that depend on nothing but the logical index.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Fill.h"
#include "Expect.h"
#include "fovea/Execute/Philox.h"

#include <cmath>
#include <set>

using namespace fovea;
using llvm::cantFail;

namespace {

HostTensor makeRandom(ElementType type, llvm::ArrayRef<int64_t> shape, const RandomOptions &options = {}) {
  HostTensor tensor = cantFail(HostTensor::contiguous(type, shape));
  fillRandom(tensor, options);
  return tensor;
}

// The known answers of the Random123 distribution.
TEST(Philox, KnownAnswers) {
  using Words = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Phi(quantile(p)) = p in all three pieces of the approximation.
TEST(NormalQuantile, InvertsTheDistribution) {
  for (int exponent = 1; exponent <= 53; ++exponent)
    for (double factor : {1.0, 0.77, 0.51}) {
      double p = std::ldexp(factor, -exponent);
      double x = normalQuantile(p);
      EXPECT_NEAR(std::erfc(-x / std::sqrt(2.0)) / 2 / p, 1, 1e-13) << p;
      if (exponent < 30) // 1 - p loses p's bits.
        EXPECT_NEAR(normalQuantile(1 - p), -x, 1e-6 * std::fabs(x)) << p;
    }
  EXPECT_EQ(normalQuantile(0.5), 0);
}

// Expected values from a second implementation (Python's `inv_cdf` on top of
// Philox); exact on every machine. The last one is from the tail.
TEST(RandomStream, SameOnEveryMachine) {
  RandomStream random(42, 3);
  EXPECT_EQ(random.getBits(0), 0x72148a910a51a6b2u);
  EXPECT_EQ(random.getNormal(0), -0x1.1800d24500022p-3);
  EXPECT_EQ(random.getNormal(1058), -0x1.018ba9ff29e52p+2);
}

TEST(FillRandom, FloatsAreUnitNormal) {
  std::vector<double> values = valuesOf(makeRandom(ElementType::F64, {100000}));
  double moments[5] = {};
  for (double value : values)
    for (int power = 1; power <= 4; ++power)
      moments[power] += std::pow(value, power) / values.size();
  EXPECT_NEAR(moments[1], 0, 0.02);
  EXPECT_NEAR(moments[2], 1, 0.02);
  EXPECT_NEAR(moments[3], 0, 0.05);
  EXPECT_NEAR(moments[4], 3, 0.1);
}

TEST(FillRandom, IntegersAreUniformBelowTheLimit) {
  RandomOptions options;
  options.integerLimit = 10;
  std::vector<int> counts(10);
  for (double value : valuesOf(makeRandom(ElementType::I32, {100000}, options)))
    ++counts.at(static_cast<size_t>(value));
  for (int count : counts)
    EXPECT_NEAR(count, 10000, 500);
}

TEST(FillRandom, BoolsAreFair) {
  double sum = 0;
  for (double value : valuesOf(makeRandom(ElementType::I1, {100000})))
    sum += value;
  EXPECT_NEAR(sum, 50000, 800);
}

// The same numbers whatever the strides; a narrower type rounds them.
TEST(FillRandom, DependsOnLogicalIndexOnly) {
  HostTensor rows = makeRandom(ElementType::F64, {3, 4});
  HostTensor columns = cantFail(HostTensor::strided(ElementType::F64, {3, 4}, {1, 7}));
  fillRandom(columns, {});
  EXPECT_EQ(valuesOf(rows), valuesOf(columns));
  EXPECT_EQ(valuesOf(cantFail(rows.convert(ElementType::F16))), valuesOf(makeRandom(ElementType::F16, {3, 4})));
}

TEST(FillRandom, SeedsAndStreamsDiffer) {
  std::set<std::vector<double>> distinct;
  for (uint64_t seed : {0, 1})
    for (uint32_t stream : {0, 1}) {
      RandomOptions options;
      options.seed = seed;
      options.stream = stream;
      distinct.insert(valuesOf(makeRandom(ElementType::F32, {8}, options)));
    }
  EXPECT_EQ(distinct.size(), 4u);
}

// Each stored element is drawn once: all rows are row 0.
TEST(FillRandom, BroadcastRepeatsTheFirst) {
  HostTensor tensor = cantFail(HostTensor::strided(ElementType::F64, {3, 4}, {0, 1}));
  fillRandom(tensor, {});
  std::vector<double> whole = valuesOf(makeRandom(ElementType::F64, {3, 4}));
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t column = 0; column < 4; ++column)
      EXPECT_EQ(tensor.getDouble({row, column}), whole[column]);
}

TEST(FillRandom, LeavesGapsPoisoned) {
  HostTensor tensor = cantFail(HostTensor::strided(ElementType::F32, {2, 2}, {4, 1}));
  fillRandom(tensor, {});
  EXPECT_TRUE(std::isnan(tensor.loadAt(2).toDouble()));
}

TEST(FillZeros, IsZero) {
  HostTensor tensor = cantFail(HostTensor::contiguous(ElementType::BF16, {3}));
  fillZeros(tensor);
  EXPECT_EQ(valuesOf(tensor), std::vector<double>(3, 0));
}

TEST(FillIota, CountsInRowMajorOrder) {
  HostTensor tensor = cantFail(HostTensor::strided(ElementType::I32, {2, 3}, {1, 2}));
  EXPECT_EQ(errorOf(fillIota(tensor)), "");
  EXPECT_EQ(valuesOf(tensor), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  HostTensor bools = cantFail(HostTensor::contiguous(ElementType::I1, {3}));
  EXPECT_EQ(errorOf(fillIota(bools)), "");
  EXPECT_EQ(valuesOf(bools), (std::vector<double>{0, 1, 0}));
}

TEST(FillIota, RefusesIndicesOutOfRange) {
  HostTensor tensor = cantFail(HostTensor::contiguous(ElementType::I8, {129}));
  EXPECT_EQ(errorOf(fillIota(tensor)), "iota does not fit 129xi8: the index 128 is out of the element "
                                       "type's range");
}

} // namespace
