//===- SoftmaxTest.cpp - Softmax with known answers -----------------------===//

#include "EvaluateText.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

constexpr auto F32 = ElementType::F32;

Results evaluateSoftmax(const std::string &clauses, llvm::ArrayRef<double> values) {
  HostTensor x = makeTensor(F32, {1, int64_t(values.size())}, values);
  return evaluateText(R"(
    func.func @f(%x: tensor<1x?xf32>) -> (tensor<1x?xf32>, tensor<1xf32>) {
      %l0 = tensor.empty() : tensor<1xf32>
      %y, %l = attn.softmax )" +
                          clauses + R"( dimension(1) ins(%x : tensor<1x?xf32>)
        outs(%x, lse %l0 : tensor<1x?xf32>, tensor<1xf32>)
      return %y, %l : tensor<1x?xf32>, tensor<1xf32>
    })",
                      {&x});
}

TEST(Softmax, OfLogarithmsIsTheirShare) {
  Results r = evaluateSoftmax("", {0, std::log(3), std::log(4)});
  expectNear(r[0], {0.125, 0.375, 0.5}, 1e-7);
  expectNear(r[1], {std::log(8)}, 1e-7);
}

TEST(Softmax, LogProbSubtractsTheLse) {
  Results r = evaluateSoftmax("log_prob", {1000, 1000, 1000, 1000});
  expectNear(r[0], std::vector<double>(4, -std::log(4)));
  expectNear(r[1], {1000 + std::log(4)});
}

TEST(Softmax, S3_bare_row_of_minus_infinity_is_nan) {
  Results r = evaluateSoftmax("", {-infinity, -infinity});
  expectNear(r[0], {notANumber, notANumber});
  r = evaluateSoftmax("safe", {-infinity, -infinity});
  expectNear(r[0], {0, 0});
  expectNear(r[1], {-infinity});
}

TEST(Softmax, S13_nan_and_infinity) {
  expectNear(evaluateSoftmax("", {0, notANumber})[0], {notANumber, notANumber});
  // exp(inf - inf) is NaN and so is the sum.
  expectNear(evaluateSoftmax("", {0, infinity})[0], {notANumber, notANumber});
  expectNear(evaluateSoftmax("", {0, -infinity})[0], {1, 0});
}

TEST(Softmax, NoElementsHaveAnLse) {
  Results r = evaluateSoftmax("", {});
  expectNear(r[0], {});
  expectNear(r[1], {-infinity});
}

// Along dimension 0, with a mask, tiled by hand and normalised in base 2.
TEST(Softmax, OnlineFormAgrees) {
  HostTensor x = makeVaried(F32, {6, 3}, 5);
  const std::string regions = R"(
      score {
      ^bb0(%s: f32):
        %t = arith.mulf %s, %scale : f32
        attn.yield %t : f32
      } mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %p = arith.cmpi sge, %i, %j : index
        attn.yield %p : i1
      })";
  for (std::string kind : {"", "log_prob"}) {
    Results whole = evaluateText(R"(
    func.func @f(%x: tensor<6x3xf32>) -> (tensor<6x3xf32>, tensor<3xf32>) {
      %scale = arith.constant 2.0 : f32
      %l0 = tensor.empty() : tensor<3xf32>
      %y, %l = attn.softmax )" + kind +
                                     R"( dimension(0) ins(%x : tensor<6x3xf32>)
        outs(%x, lse %l0 : tensor<6x3xf32>, tensor<3xf32>))" +
                                     regions + R"(
      return %y, %l : tensor<6x3xf32>, tensor<3xf32>
    })",
                                 {&x});
    Results online = evaluateText(
        R"(
    func.func @f(%x: tensor<6x3xf32>) -> (tensor<6x3xf32>, tensor<3xf32>) {
      %scale = arith.constant 2.0 : f32
      %zero = arith.constant dense<0.0> : tensor<3xf32>
      %inf = arith.constant dense<0xFF800000> : tensor<3xf32>
      %a = tensor.extract_slice %x[0, 0] [2, 3] [1, 1] : tensor<6x3xf32> to tensor<2x3xf32>
      %b = tensor.extract_slice %x[2, 0] [4, 3] [1, 1] : tensor<6x3xf32> to tensor<4x3xf32>
      %m1, %s1 = attn.online_softmax dimension(0) ins(%a : tensor<2x3xf32>)
        outs(%inf, %zero : tensor<3xf32>, tensor<3xf32>))" +
            regions + R"(
      %m2, %s2 = attn.online_softmax dimension(0) ins(%b : tensor<4x3xf32>) at[2, 0]
        outs(%m1, %s1 : tensor<3xf32>, tensor<3xf32>))" +
            regions + R"(
      %y, %l = attn.normalize )" +
            kind +
            R"( dimension(0) ins(%x, %m2, %s2 : tensor<6x3xf32>, tensor<3xf32>, tensor<3xf32>)
        outs(%x, lse %zero : tensor<6x3xf32>, tensor<3xf32>))" +
            regions + R"(
      return %y, %l : tensor<6x3xf32>, tensor<3xf32>
    })",
        {&x});
    ASSERT_EQ(whole.size(), 2u);
    ASSERT_EQ(online.size(), 2u);
    expectNear(online[0], whole[0], 1e-14);
    expectNear(online[1], whole[1], 1e-14);
  }
}

} // namespace
