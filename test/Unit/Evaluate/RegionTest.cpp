//===- RegionTest.cpp - Score and mask regions ----------------------------===//
//
// Captures of all three kinds, positions, branches, and what is refused.
//
//===----------------------------------------------------------------------===//

#include "EvaluateText.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

constexpr auto F32 = ElementType::F32;

/// Two queries and three keys of score 0 with the values 1, 2 and 4.
Results evaluateRegions(const std::string &parameters, const std::string &captures, const std::string &regions,
                        std::vector<EvaluateArgument> more) {
  HostTensor q = makeTensor(F32, {2, 1}, 0.0), k = makeTensor(F32, {3, 1}, 0.0);
  HostTensor v = makeTensor(F32, {3, 1}, {1, 2, 4});
  HostTensor o = makeTensor(F32, {2, 1}, 0.0), l = makeTensor(F32, {2}, 0.0);
  std::vector<EvaluateArgument> arguments = {&q, &k, &v, &o, &l};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return evaluateText(R"(
    func.func @f(%q: tensor<2x1xf32>, %k: tensor<3x1xf32>, %v: tensor<3x1xf32>,
                 %o0: tensor<2x1xf32>, %l0: tensor<2xf32>)" +
                          parameters + R"()
        -> (tensor<2x1xf32>, tensor<2xf32>) {
      %outside = arith.constant 1.0 : f32
      %o, %l = attn.attention ins(%q, %k, %v : tensor<2x1xf32>, tensor<3x1xf32>, tensor<3x1xf32>) )" +
                          captures + R"(
        outs(%o0, lse %l0 : tensor<2x1xf32>, tensor<2xf32>) )" +
                          regions + R"(
      return %o, %l : tensor<2x1xf32>, tensor<2xf32>
    })",
                      arguments);
}

TEST(Region, ScalarCapture) {
  Results r = evaluateRegions(", %x: f32", "captures(%x : f32)", R"(
    score {
    ^bb0(%s: f32, %y: f32):
      %t = arith.addf %s, %y : f32
      attn.yield %t : f32
    })",
                              {Scalar::ofFloat(3)});
  expectNear(r[1], {3 + std::log(3), 3 + std::log(3)});
}

TEST(Region, CaptureReadAtThePosition) {
  HostTensor lengths = makeTensor(ElementType::I32, {2, 1}, {1, 2});
  Results r = evaluateRegions(", %n: tensor<2x1xi32>", "captures(%n : tensor<2x1xi32>)", R"(
    mask {
    ^bb0(%length: i32):
      %j = attn.index 1 : index
      %j32 = arith.index_cast %j : index to i32
      %p = arith.cmpi slt, %j32, %length : i32
      attn.yield %p : i1
    })",
                              {&lengths});
  expectNear(r[0], {1, 1.5});
}

// A table of relative positions, read at i - j + 2.
TEST(Region, WholeCaptureReadAtComputedIndices) {
  HostTensor table = makeTensor(F32, {4}, {10, 20, 30, 40});
  Results r = evaluateRegions(", %b: tensor<4xf32>", "captures(%b : tensor<4xf32>)", R"(
    score {
    ^bb0(%s: f32, %t: tensor<4xf32>):
      %i = attn.index 0 : index
      %j = attn.index 1 : index
      %n = affine.apply affine_map<(d0, d1) -> (d0 - d1 + 2)>(%i, %j)
      %x = tensor.extract %t[%n] : tensor<4xf32>
      attn.yield %x : f32
    })",
                              {&table});
  auto lse = [](double a, double b, double c) { return std::log(std::exp(a) + std::exp(b) + std::exp(c)); };
  expectNear(r[1], {lse(30, 20, 10), lse(40, 30, 20)});
}

TEST(Region, BranchesAndValuesFromOutside) {
  Results r = evaluateRegions("", "", R"(
    score {
    ^bb0(%s: f32):
      %j = attn.index 1 : index
      %c1 = arith.constant 1 : index
      %is = arith.cmpi eq, %j, %c1 : index
      %t = scf.if %is -> f32 {
        %u = arith.addf %outside, %outside : f32
        scf.yield %u : f32
      } else {
        scf.yield %s : f32
      }
      attn.yield %t : f32
    })",
                              {});
  double lse = std::log(2 + std::exp(2));
  expectNear(r[1], {lse, lse});
}

TEST(Region, OutOfBoundsIsAnError) {
  HostTensor q = makeTensor(F32, {1, 1}, 0.0), table = makeTensor(F32, {2}, 0.0);
  std::string error = errorOfText(R"(
    func.func @f(%q: tensor<1x1xf32>, %b: tensor<2xf32>) -> tensor<1x1xf32> {
      %o = attn.attention ins(%q, %q, %q : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>)
        captures(%b : tensor<2xf32>) outs(%q : tensor<1x1xf32>)
        score {
        ^bb0(%s: f32, %t: tensor<2xf32>):
          %c2 = arith.constant 2 : index
          %x = tensor.extract %t[%c2] : tensor<2xf32>
          attn.yield %x : f32
        }
      return %o : tensor<1x1xf32>
    })",
                                  {&q, &table});
  EXPECT_NE(error.find(":8:16: 'tensor.extract' is undefined"), std::string::npos) << error;
}

} // namespace
