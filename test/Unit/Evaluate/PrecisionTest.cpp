//===- PrecisionTest.cpp - Reference and baseline -------------------------===//

#include "EvaluateText.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

/// Attention of 16 queries and 33 keys in `type`; its output.
std::vector<double> evaluateIn(ElementType type, Precision precision) {
  HostTensor q = makeVaried(type, {16, 8}, 1), k = makeVaried(type, {33, 8}, 2);
  HostTensor v = makeVaried(type, {33, 4}, 3), o = makeVaried(type, {16, 4}, 4);
  return evaluateText(llvm::formatv(R"(
    func.func @f(%q: tensor<16x8x{0}>, %k: tensor<33x8x{0}>, %v: tensor<33x4x{0}>,
                 %o0: tensor<16x4x{0}>) -> tensor<16x4x{0}> {{
      %o = attn.attention ins(%q, %k, %v : tensor<16x8x{0}>, tensor<33x8x{0}>, tensor<33x4x{0}>)
        outs(%o0 : tensor<16x4x{0}>)
      return %o : tensor<16x4x{0}>
    })",
                                    getName(type))
                          .str(),
                      {&q, &k, &v, &o}, precision)[0];
}

double getMaxDifference(const std::vector<double> &a, const std::vector<double> &b) {
  double result = 0;
  for (size_t i = 0; i != a.size(); ++i)
    result = std::max(result, std::abs(a[i] - b[i]));
  return result;
}

// The baseline is off by a few units of its own precision, and by no less.
TEST(Precision, BaselineHasTheErrorOfItsType) {
  for (ElementType type : {ElementType::F16, ElementType::BF16, ElementType::F32}) {
    double error = getMaxDifference(evaluateIn(type, Precision::Reference), evaluateIn(type, Precision::Unfused));
    double unit = getUnitRoundoff(type);
    EXPECT_LT(error, 8 * unit) << getName(type).str();
    EXPECT_GT(error, unit / 8) << getName(type).str();
  }
}

TEST(Precision, F64IsTheSameInBoth) {
  EXPECT_EQ(evaluateIn(ElementType::F64, Precision::Reference), evaluateIn(ElementType::F64, Precision::Unfused));
}

const char *sum = R"(
  func.func @f(%x: tensor<1xbf16>, %y: bf16) -> (tensor<1xbf16>, bf16) {
    %a = arith.addf %x, %x : tensor<1xbf16>
    %b = arith.addf %a, %x : tensor<1xbf16>
    %c = arith.addf %y, %y : bf16
    %d = arith.addf %c, %y : bf16
    return %b, %d : tensor<1xbf16>, bf16
  })";

// 0.1 is rounded to bf16 on the way in, whatever the precision is.
TEST(Precision, InputsAreRoundedAndReferenceResultsAreNot) {
  HostTensor x = makeTensor(ElementType::F32, {1}, 0.1);
  double in = 0.10009765625;
  Results r = evaluateText(sum, {&x, Scalar::ofFloat(0.1)});
  EXPECT_EQ(r, (Results{{3 * in}, {3 * in}}));
  r = evaluateText(sum, {&x, Scalar::ofFloat(0.1)}, Precision::Unfused);
  EXPECT_EQ(r, (Results{{0.30078125}, {0.30078125}}));
}

TEST(Precision, ResultsOfTheReferenceAreF64) {
  EXPECT_NE(evaluateIn(ElementType::BF16, Precision::Reference)[0],
            evaluateIn(ElementType::BF16, Precision::Unfused)[0]);
}

} // namespace
