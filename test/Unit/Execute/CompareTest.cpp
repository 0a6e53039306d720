//===- CompareTest.cpp - Is a result right? -------------------------------===//
//
// Each rule of the header: what just passes and what just fails.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Compare.h"
#include "Expect.h"

#include <limits>

using namespace fovea;
using llvm::cantFail;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

/// `count` times `value`, with `first` at the front.
std::vector<double> repeat(double value, size_t count, double first) {
  std::vector<double> values(count, value);
  values[0] = first;
  return values;
}

HostTensor makeVector(ElementType type, llvm::ArrayRef<double> values) {
  return makeTensor(type, {static_cast<int64_t>(values.size())}, values);
}

Verdict judge(ElementType type, llvm::ArrayRef<double> result, llvm::ArrayRef<double> reference,
              CompareOptions options = {}) {
  return cantFail(compare(makeVector(type, result), makeVector(ElementType::F64, reference), options));
}

TEST(Compare, NaNOnOneSideFails) {
  Verdict verdict = judge(ElementType::F32, {1, nan, 3}, {1, 2, 3});
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.numMismatches, 1);
  expectContains(verdict.summary(), "first at [1]: got nan, expected 2");
  EXPECT_FALSE(judge(ElementType::F32, {1, 2, 3}, {1, nan, 3}).passed);
  EXPECT_TRUE(judge(ElementType::F32, {1, nan, 3}, {1, nan, 3}).passed);
}

TEST(Compare, InfinitiesMustMatch) {
  EXPECT_TRUE(judge(ElementType::F32, {-infinity, 1}, {-infinity, 1}).passed);
  EXPECT_FALSE(judge(ElementType::F32, {infinity, 1}, {-infinity, 1}).passed);
  EXPECT_FALSE(judge(ElementType::F32, {-1e30, 1}, {-infinity, 1}).passed);
  EXPECT_FALSE(judge(ElementType::F32, {infinity, 1}, {1e30, 1}).passed);
  EXPECT_FALSE(judge(ElementType::F32, {nan, 1}, {infinity, 1}).passed);
}

// 70000 is infinity in f16: no f16 result could be better.
TEST(Compare, ReferenceBeyondTheTypeIsInfinity) {
  EXPECT_TRUE(judge(ElementType::F16, {infinity, 1}, {70000, 1}).passed);
  EXPECT_FALSE(judge(ElementType::F16, {65504, 1}, {70000, 1}).passed);
}

TEST(Compare, F32IsRelativeToItsRow) {
  // Two rows of eight, of magnitudes 1000 and 1, an error of 5e-3 in one.
  std::vector<double> reference(16, 1);
  std::fill_n(reference.begin(), 8, 1000);
  reference[0] = reference[8] = 0.5; // rows of one value have a rule of their own
  auto judgeErrorAt = [&](size_t index) {
    std::vector<double> values = reference;
    values[index] += 5e-3;
    return cantFail(
        compare(makeTensor(ElementType::F32, {2, 8}, values), makeTensor(ElementType::F64, {2, 8}, reference)));
  };
  EXPECT_TRUE(judgeErrorAt(3).passed);
  Verdict verdict = judgeErrorAt(11);
  EXPECT_FALSE(verdict.passed);
  EXPECT_NEAR(verdict.error, 5e-3, 1e-6);
  EXPECT_EQ(verdict.limit, 1e-5);
  expectContains(verdict.summary(), "FAIL f32: row-relative error 5.00e-03 > 1.00e-05 at [1, 3]");
}

TEST(Compare, F64HasItsOwnLimit) {
  auto judgeError = [](double error) { return judge(ElementType::F64, repeat(1, 8, 1 + error), repeat(1, 8, 1)); };
  EXPECT_TRUE(judgeError(9e-13).passed);
  EXPECT_FALSE(judgeError(2e-12).passed);
}

// A fully masked row is exactly zero.
TEST(Compare, RowOfZerosToleratesNothing) {
  std::vector<double> zeros(8, 0);
  EXPECT_TRUE(judge(ElementType::F32, zeros, zeros).passed);
  EXPECT_FALSE(judge(ElementType::F32, repeat(0, 8, 1e-30), zeros).passed);
}

// Rows of one element, one of them small by cancellation.
TEST(Compare, ShortRowsAreJudgedTogether) {
  EXPECT_TRUE(cantFail(compare(makeTensor(ElementType::F32, {2, 1}, {1, 2e-7}),
                               makeTensor(ElementType::F64, {2, 1}, {1, 1e-7})))
                  .passed);
}

// Rows of one value throughout, the second small by cancellation.
TEST(Compare, ConstantRowsAreJudgedTogether) {
  auto judgeRows = [](double value) {
    std::vector<double> values(8, 1), expected(8, 1);
    values.resize(16, value);
    expected.resize(16, 1e-7);
    return cantFail(
        compare(makeTensor(ElementType::F32, {2, 8}, values), makeTensor(ElementType::F64, {2, 8}, expected)));
  };
  EXPECT_TRUE(judgeRows(2e-7).passed);
  EXPECT_FALSE(judgeRows(2e-5).passed);
}

// An LSE near 0 is exact to an absolute error.
TEST(Compare, MagnitudeFloorSavesLogarithms) {
  CompareOptions options;
  EXPECT_FALSE(judge(ElementType::F32, {2e-7}, {1e-7}, options).passed);
  options.magnitudeFloor = 1;
  EXPECT_TRUE(judge(ElementType::F32, {2e-7}, {1e-7}, options).passed);
  EXPECT_FALSE(judge(ElementType::F32, {2e-5}, {1e-7}, options).passed);
}

TEST(Compare, HardCapScalesWithLargeReferencesOnly) {
  auto judgeError = [](ElementType type, double magnitude, double error) {
    return judge(type, {0, magnitude}, {error, magnitude});
  };
  EXPECT_TRUE(judgeError(ElementType::F16, 0.1, 1.9e-3).passed);
  EXPECT_FALSE(judgeError(ElementType::F16, 0.1, 2.1e-3).passed);
  EXPECT_TRUE(judgeError(ElementType::F16, 4, 7.9e-3).passed);
  EXPECT_FALSE(judgeError(ElementType::F16, 4, 8.1e-3).passed);
  EXPECT_TRUE(judgeError(ElementType::BF16, 0.1, 1.59e-2).passed);
  Verdict verdict = judgeError(ElementType::BF16, 0.1, 1.61e-2);
  EXPECT_FALSE(verdict.passed);
  expectContains(verdict.summary(), "FAIL bf16: max error 1.61e-02 > 1.60e-02 at [0]");
  expectContains(verdict.summary(), "(hard cap)");
}

/// Judges f16 zeros against `reference` given a baseline that is off by
/// `baselineError` at every element.
Verdict judgeWithBaseline(const std::vector<double> &reference, double baselineError, bool rescale = false) {
  std::vector<double> zeros(reference.size(), 0), baseline = reference;
  for (double &value : baseline)
    value += baselineError;
  HostTensor tensor = makeVector(ElementType::F64, baseline);
  CompareOptions options;
  options.baseline = &tensor;
  options.conditionalRescale = rescale;
  return judge(ElementType::F16, zeros, reference, options);
}

TEST(Compare, MaximumIsAtMostTwiceTheBaseline) {
  std::vector<double> reference = repeat(0, 2000, 1e-3);
  EXPECT_TRUE(judgeWithBaseline(reference, 5.1e-4).passed);
  Verdict verdict = judgeWithBaseline(reference, 4.9e-4);
  EXPECT_FALSE(verdict.passed);
  EXPECT_NEAR(verdict.limit, 9.8e-4, 1e-9);
  expectContains(verdict.summary(), "(limits from the unfused baseline)");
}

TEST(Compare, MeanIsAtMostATenthAboveTheBaseline) {
  std::vector<double> reference(2000, 1e-3);
  EXPECT_TRUE(judgeWithBaseline(reference, 0.92e-3).passed);
  Verdict verdict = judgeWithBaseline(reference, 0.9e-3);
  EXPECT_FALSE(verdict.passed);
  EXPECT_LE(verdict.error, verdict.limit);
  expectContains(verdict.summary(), "mean error 1.00e-03 > 9.90e-04");
  EXPECT_TRUE(judgeWithBaseline(reference, 0.9e-3, /*rescale=*/true).passed);
  EXPECT_FALSE(judgeWithBaseline(reference, 0.7e-3, /*rescale=*/true).passed);
}

TEST(Compare, BadBaselineExcusesNothing) { EXPECT_FALSE(judgeWithBaseline(repeat(0, 2000, 3e-3), 1).passed); }

TEST(Compare, BaselineThatIsNotFiniteSaysNothing) {
  HostTensor baseline = makeVector(ElementType::F64, {nan, nan});
  CompareOptions options;
  options.baseline = &baseline;
  Verdict verdict = judge(ElementType::F16, {0, 1}, {1e-3, 1}, options);
  EXPECT_TRUE(verdict.passed);
  EXPECT_FALSE(verdict.hasBaseline);
}

// Exact by chance: one rounding of the largest value is still no failure.
TEST(Compare, ExactBaselineAllowsOneRounding) {
  HostTensor baseline = makeVector(ElementType::F64, {1, 1});
  CompareOptions options;
  options.baseline = &baseline;
  EXPECT_TRUE(judge(ElementType::F16, {1 - 0x1p-11, 1}, {1, 1}, options).passed);
  EXPECT_FALSE(judge(ElementType::F16, {1 - 0x1p-10, 1}, {1, 1}, options).passed);
}

// One key has the weight 1, which is not rounded; ours may be relative to another maximum.
TEST(Compare, MeanOfAnExactBaselineAllowsOneRounding) {
  auto judgeAll = [](double value) {
    std::vector<double> ones(2000, 1);
    HostTensor baseline = makeVector(ElementType::F64, ones);
    CompareOptions options;
    options.baseline = &baseline;
    options.precision = ElementType::F16;
    return judge(ElementType::F32, std::vector<double>(2000, value), ones, options);
  };
  EXPECT_TRUE(judgeAll(1 - 0x1p-12).passed);
  Verdict verdict = judgeAll(1 - 0x1.1p-11);
  EXPECT_FALSE(verdict.passed);
  EXPECT_LT(*verdict.meanLimit, verdict.meanError);
}

// An f32 result of bf16 operands.
TEST(Compare, PrecisionOverridesTheResultsType) {
  CompareOptions options;
  options.precision = ElementType::BF16;
  EXPECT_TRUE(judge(ElementType::F32, {1.01}, {1}, options).passed);
  EXPECT_FALSE(judge(ElementType::F32, {1.01}, {1}).passed);
}

TEST(Compare, IntegersAreEqual) {
  int64_t large = int64_t(1) << 53;
  HostTensor a = cantFail(HostTensor::contiguous(ElementType::I64, {2}));
  HostTensor b = cantFail(HostTensor::contiguous(ElementType::I64, {2}));
  a.setInt({0}, 5);
  b.setInt({0}, 5);
  a.setInt({1}, large);
  b.setInt({1}, large);
  EXPECT_TRUE(cantFail(compare(a, b)).passed);
  b.setInt({1}, large + 1); // The same double.
  Verdict verdict = cantFail(compare(a, b));
  EXPECT_FALSE(verdict.passed);
  expectContains(verdict.summary(), "FAIL i64: 1 of 2 elements differ");
}

TEST(Compare, EmptyPasses) { EXPECT_TRUE(judge(ElementType::F16, {}, {}).passed); }

TEST(Compare, RefusesOtherShapesAndKinds) {
  HostTensor pair = makeTensor(ElementType::F32, {2}, {1, 2});
  HostTensor row = makeTensor(ElementType::F32, {1, 2}, {1, 2});
  HostTensor integers = makeTensor(ElementType::I32, {2}, {1, 2});
  EXPECT_EQ(errorOf(compare(pair, row)), "cannot compare 2xf32 with 1x2xf32");
  EXPECT_EQ(errorOf(compare(pair, integers)), "cannot compare 2xf32 with 2xi32");
  CompareOptions options;
  options.baseline = &row;
  EXPECT_EQ(errorOf(compare(pair, pair, options)), "cannot compare 2xf32 with 1x2xf32");
}

} // namespace
