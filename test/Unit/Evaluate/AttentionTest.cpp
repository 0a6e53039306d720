//===- AttentionTest.cpp - Attention with known answers -------------------===//

#include "EvaluateText.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

constexpr auto F32 = ElementType::F32;

// Scale 1; q, k, v of head dim 1, so that a score is a product of numbers.
const char *plain = R"(
  func.func @f(%q: tensor<?x1xf32>, %k: tensor<?x1xf32>, %v: tensor<?x1xf32>,
               %o0: tensor<?x1xf32>, %l0: tensor<?xf32>)
      -> (tensor<?x1xf32>, tensor<?xf32>, tensor<?xf32>) {
    %r:3 = attn.attention scale(1.0)
      ins(%q, %k, %v : tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>)
      outs(%o0, lse %l0, max %l0 : tensor<?x1xf32>, tensor<?xf32>, tensor<?xf32>)
    return %r#0, %r#1, %r#2 : tensor<?x1xf32>, tensor<?xf32>, tensor<?xf32>
  })";

Results evaluatePlain(llvm::ArrayRef<double> q, llvm::ArrayRef<double> k, llvm::ArrayRef<double> v,
                      Precision precision = Precision::Reference) {
  int64_t rows = q.size(), keys = k.size();
  HostTensor query = makeTensor(F32, {rows, 1}, q);
  HostTensor key = makeTensor(F32, {keys, 1}, k);
  HostTensor value = makeTensor(F32, {keys, 1}, v);
  HostTensor o = makeTensor(F32, {rows, 1}, 0.0);
  HostTensor l = makeTensor(F32, {rows}, 0.0);
  return evaluateText(plain, {&query, &key, &value, &o, &l}, precision);
}

TEST(Attention, OneKeyGivesItsValueAndScore) {
  Results r = evaluatePlain({3}, {2}, {7});
  expectNear(r[0], {7});
  expectNear(r[1], {6});
  expectNear(r[2], {6});
}

TEST(Attention, EqualScoresGiveTheMean) {
  Results r = evaluatePlain({0.5}, {2, 2, 2, 2}, {1, 2, 3, 10});
  expectNear(r[0], {4});
  expectNear(r[1], {1 + std::log(4)});
  expectNear(r[2], {1});
}

TEST(Attention, TwoKeysAreWeightedByTheLogistic) {
  Results r = evaluatePlain({1}, {0.75, 0}, {1, 0});
  expectNear(r[0], {1 / (1 + std::exp(-0.75))});
  expectNear(r[1], {std::log(1 + std::exp(0.75))});
}

TEST(Attention, S14_without_a_qk_head_dim_all_scores_are_0) {
  const char *text = R"(
  func.func @f(%q: tensor<?x?xf32>, %k: tensor<?x?xf32>, %v: tensor<?x1xf32>,
               %o0: tensor<?x1xf32>, %l0: tensor<?xf32>)
      -> (tensor<?x1xf32>, tensor<?xf32>) {
    %r:2 = attn.attention
      ins(%q, %k, %v : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x1xf32>)
      outs(%o0, lse %l0 : tensor<?x1xf32>, tensor<?xf32>)
    return %r#0, %r#1 : tensor<?x1xf32>, tensor<?xf32>
  })";
  HostTensor query = makeTensor(F32, {1, 0}, {});
  HostTensor key = makeTensor(F32, {2, 0}, {});
  HostTensor value = makeTensor(F32, {2, 1}, {3, 5});
  HostTensor o = makeTensor(F32, {1, 1}, 0.0);
  HostTensor l = makeTensor(F32, {1}, 0.0);
  for (Precision precision : {Precision::Reference, Precision::Unfused}) {
    Results r = evaluateText(text, {&query, &key, &value, &o, &l}, precision);
    expectNear(r[0], {4});
    expectNear(r[1], {std::log(2)}, /*tolerance=*/1e-7);
  }
}

TEST(Attention, S3_no_keys) {
  Results r = evaluatePlain({1, 2}, {}, {});
  expectNear(r[0], {0, 0});
  expectNear(r[1], {-infinity, -infinity});
  expectNear(r[2], {-infinity, -infinity});
}

TEST(Attention, S3_scores_of_minus_infinity) {
  for (Precision precision : {Precision::Reference, Precision::Unfused}) {
    Results r = evaluatePlain({1}, {-infinity, -infinity}, {1, 2}, precision);
    expectNear(r[0], {0});
    expectNear(r[1], {-infinity});
  }
}

TEST(Attention, S13_nan_and_infinity_propagate) {
  for (double bad : {notANumber, infinity}) {
    Results r = evaluatePlain({1}, {bad, 0}, {1, 2});
    expectNear(r[0], {notANumber});
    expectNear(r[1], {notANumber});
  }
  // A value that is not finite shows where its key takes part.
  expectNear(evaluatePlain({1}, {1, 0}, {infinity, 2})[0], {infinity});
}

TEST(Attention, DefaultScaleIsThatOfTheHeadDim) {
  HostTensor q = makeTensor(F32, {1, 4}, 1.0), k = makeTensor(F32, {1, 4}, 1.0);
  HostTensor v = makeTensor(F32, {1, 3}, {1, 2, 3});
  HostTensor o = makeTensor(F32, {1, 3}, 0.0), l = makeTensor(F32, {1}, 0.0);
  Results r = evaluateText(R"(
    func.func @f(%q: tensor<1x4xf32>, %k: tensor<1x4xf32>, %v: tensor<1x3xf32>,
                 %o0: tensor<1x3xf32>, %l0: tensor<1xf32>) -> (tensor<1x3xf32>, tensor<1xf32>) {
      %o, %l = attn.attention ins(%q, %k, %v : tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x3xf32>)
        outs(%o0, lse %l0 : tensor<1x3xf32>, tensor<1xf32>)
      return %o, %l : tensor<1x3xf32>, tensor<1xf32>
    })",
                           {&q, &k, &v, &o, &l});
  expectNear(r[0], {1, 2, 3});
  expectNear(r[1], {2}); // 4 / sqrt(4)
}

TEST(Attention, S6_query_heads_share_kv_heads) {
  HostTensor q = makeTensor(F32, {4, 1, 1}, 0.0);
  HostTensor k = makeTensor(F32, {2, 2, 1}, 0.0);
  HostTensor v = makeTensor(F32, {2, 2, 1}, {1, 3, 10, 30});
  HostTensor o = makeTensor(F32, {4, 1, 1}, 0.0);
  Results r = evaluateText(R"(
    func.func @f(%q: tensor<4x1x1xf32>, %k: tensor<2x2x1xf32>, %v: tensor<2x2x1xf32>,
                 %o0: tensor<4x1x1xf32>) -> tensor<4x1x1xf32> {
      %o = attn.attention ins(%q, %k, %v : tensor<4x1x1xf32>, tensor<2x2x1xf32>, tensor<2x2x1xf32>)
        outs(%o0 : tensor<4x1x1xf32>)
      return %o : tensor<4x1x1xf32>
    })",
                           {&q, &k, &v, &o});
  expectNear(r[0], {2, 2, 20, 20});
}

// [length, head, dim] instead of [head, length, dim].
TEST(Attention, MapsGiveAnotherLayout) {
  HostTensor q = makeTensor(F32, {1, 2, 1}, 0.0);
  HostTensor k = makeTensor(F32, {2, 2, 1}, 0.0);
  HostTensor v = makeTensor(F32, {2, 2, 1}, {1, 10, 3, 30});
  HostTensor o = makeTensor(F32, {2, 1, 1}, 0.0);
  Results r = evaluateText(R"(
    func.func @f(%q: tensor<1x2x1xf32>, %k: tensor<2x2x1xf32>, %v: tensor<2x2x1xf32>,
                 %o0: tensor<2x1x1xf32>) -> tensor<2x1x1xf32> {
      %o = attn.attention ins(%q, %k, %v : tensor<1x2x1xf32>, tensor<2x2x1xf32>, tensor<2x2x1xf32>)
        outs(%o0 : tensor<2x1x1xf32>)
        maps [affine_map<(h, m, n, k, d) -> (m, h, k)>, affine_map<(h, m, n, k, d) -> (n, h, k)>,
              affine_map<(h, m, n, k, d) -> (n, h, d)>, affine_map<(h, m, n, k, d) -> (h, m, d)>]
      return %o : tensor<2x1x1xf32>
    })",
                           {&q, &k, &v, &o});
  expectNear(r[0], {2, 20});
}

TEST(Attention, S14_extents_that_differ_are_refused) {
  HostTensor q = makeTensor(F32, {1, 2}, 0.0), k = makeTensor(F32, {1, 3}, 0.0);
  HostTensor v = makeTensor(F32, {1, 1}, 0.0), o = makeTensor(F32, {1, 1}, 0.0);
  std::string error = errorOfText(R"(
    func.func @f(%q: tensor<1x?xf32>, %k: tensor<1x?xf32>, %v: tensor<1x1xf32>,
                 %o0: tensor<1x1xf32>) -> tensor<1x1xf32> {
      %o = attn.attention ins(%q, %k, %v : tensor<1x?xf32>, tensor<1x?xf32>, tensor<1x1xf32>)
        outs(%o0 : tensor<1x1xf32>)
      return %o : tensor<1x1xf32>
    })",
                                  {&q, &k, &v, &o});
  EXPECT_NE(error.find("has extent 3 along dimension 1, expected 2 (S14)"), std::string::npos) << error;
}

} // namespace
