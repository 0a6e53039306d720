//===- CrossEntropyTest.cpp - Losses with known answers -------------------===//

#include "EvaluateText.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

/// Two rows of four logits; targets `a` and `b`.
Results evaluateLoss(const std::string &clauses, bool reduced, llvm::ArrayRef<double> logits, int64_t a, int64_t b) {
  HostTensor x = makeTensor(ElementType::F32, {2, 4}, logits);
  HostTensor t = makeTensor(ElementType::I64, {2}, {double(a), double(b)});
  std::string type = reduced ? "tensor<f32>" : "tensor<2xf32>";
  return evaluateText(R"(
    func.func @f(%x: tensor<2x4xf32>, %t: tensor<2xi64>) -> ()" +
                          type + R"(, tensor<2xf32>) {
      %e = tensor.empty() : )" +
                          type + R"(
      %l0 = tensor.empty() : tensor<2xf32>
      %loss, %l = attn.cross_entropy )" +
                          clauses +
                          R"( ins(%x, %t : tensor<2x4xf32>, tensor<2xi64>)
        outs(%e, lse %l0 : )" +
                          type + R"(, tensor<2xf32>)
      return %loss, %l : )" +
                          type + R"(, tensor<2xf32>
    })",
                      {&x, &t});
}

TEST(CrossEntropy, UniformLogitsGiveTheLogOfTheirNumber) {
  Results r = evaluateLoss("", false, 3.0, 0, 2);
  expectNear(r[0], {std::log(4), std::log(4)});
  expectNear(r[1], {3 + std::log(4), 3 + std::log(4)});
}

TEST(CrossEntropy, IsMinusTheLogProbability) {
  Results r = evaluateLoss("", false, {1, 0, 0, 0, 1, 0, 0, 0}, 0, 1);
  double lse = std::log(std::exp(1) + 3);
  expectNear(r[0], {lse - 1, lse});
}

TEST(CrossEntropy, LabelSmoothingMixesInTheUniformDistribution) {
  Results r = evaluateLoss("label_smoothing(0.5)", false, {1, 0, 0, 0, 0, 0, 0, 0}, 0, 0);
  double lse = std::log(std::exp(1) + 3);
  expectNear(r[0], {lse - 0.5 - 0.125, std::log(4)});
}

TEST(CrossEntropy, ZLossAddsTheSquareOfTheLse) {
  Results r = evaluateLoss("z_loss(0.25)", false, 0.0, 0, 0);
  double lse = std::log(4);
  expectNear(r[0], {lse + 0.25 * lse * lse, lse + 0.25 * lse * lse});
}

TEST(CrossEntropy, IgnoredRowsHaveNoPartInTheMean) {
  std::string ignore = "ignore_index(-100) ";
  expectNear(evaluateLoss(ignore, false, 0.0, 1, -100)[0], {std::log(4), 0});
  expectNear(evaluateLoss(ignore + "reduction(mean)", true, 0.0, 1, -100)[0], {std::log(4)});
  expectNear(evaluateLoss("reduction(sum)", true, 0.0, 1, 2)[0], {2 * std::log(4)});
  expectNear(evaluateLoss(ignore + "reduction(mean)", true, 0.0, -100, -100)[0], {notANumber});
}

TEST(CrossEntropy, TargetOutOfRangeIsNan) {
  expectNear(evaluateLoss("", false, 0.0, 4, -1)[0], {notANumber, notANumber});
}

} // namespace
