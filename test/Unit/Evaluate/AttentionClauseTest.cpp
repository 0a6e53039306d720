//===- AttentionClauseTest.cpp - The clauses, one by one ------------------===//
//
// With queries of 0 every score is 0 before the clause, so outputs count keys
// and the LSE is the logarithm of that count.
//
//===----------------------------------------------------------------------===//

#include "EvaluateText.h"

#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

constexpr auto F32 = ElementType::F32;

/// `rows` queries of `q` and the keys 0, 1, ... of score q (key k has K = 1 and
/// V = `v[k]`); `extra` are more arguments of the function, `types` theirs.
Results evaluateClause(llvm::StringRef before, llvm::StringRef after, int64_t rows, llvm::ArrayRef<double> v,
                       double q = 0, llvm::StringRef extra = "", std::vector<EvaluateArgument> more = {}) {
  int64_t keys = v.size();
  HostTensor query = makeTensor(F32, {1, rows, 1}, q);
  HostTensor key = makeTensor(F32, {1, keys, 1}, 1.0);
  HostTensor value = makeTensor(F32, {1, keys, 1}, v);
  HostTensor o = makeTensor(F32, {1, rows, 1}, notANumber);
  HostTensor l = makeTensor(F32, {1, rows}, notANumber);
  std::string text = llvm::formatv(
      R"(
    func.func @f(%q: tensor<1x?x1xf32>, %k: tensor<1x?x1xf32>, %v: tensor<1x?x1xf32>,
                 %o0: tensor<1x?x1xf32>, %l0: tensor<1x?xf32>{2})
        -> (tensor<1x?x1xf32>, tensor<1x?xf32>, tensor<1x?xf32>) {{
      %r:3 = attn.attention {0} scale(1.0)
        ins(%q, %k, %v : tensor<1x?x1xf32>, tensor<1x?x1xf32>, tensor<1x?x1xf32>) {1}
        outs(%o0, lse %l0, max %l0 : tensor<1x?x1xf32>, tensor<1x?xf32>, tensor<1x?xf32>)
      return %r#0, %r#1, %r#2 : tensor<1x?x1xf32>, tensor<1x?xf32>, tensor<1x?xf32>
    })",
      before, after, extra);
  std::vector<EvaluateArgument> arguments = {&query, &key, &value, &o, &l};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return evaluateText(text, arguments);
}

TEST(AttentionClause, S1_causal_top_left) {
  Results r = evaluateClause("causal(top_left)", "", 3, {1, 2, 3, 4});
  expectNear(r[0], {1, 1.5, 2});
  expectNear(r[1], {0, std::log(2), std::log(3)});
}

TEST(AttentionClause, S1_causal_bottom_right) {
  Results r = evaluateClause("causal(bottom_right)", "", 3, {1, 2, 3, 4});
  expectNear(r[0], {1.5, 2, 2.5});
}

// More queries than keys: the first ones see no key.
TEST(AttentionClause, S3_fully_masked_row) {
  Results r = evaluateClause("causal(bottom_right)", "", 3, {5});
  expectNear(r[0], {0, 0, 5});
  expectNear(r[1], {-infinity, -infinity, 0});
  expectNear(r[2], {-infinity, -infinity, 0});
}

TEST(AttentionClause, S1_causal_offset) {
  Results r = evaluateClause("causal(%n)", "", 2, {1, 2, 3, 4}, 0, ", %n: index", {Scalar::ofSigned(2)});
  expectNear(r[0], {2, 2.5});
}

TEST(AttentionClause, S11_window_is_inclusive) {
  Results r = evaluateClause("align(top_left) window(1, 1)", "", 4, {1, 2, 4, 8});
  expectNear(r[0], {1.5, 7. / 3, 14. / 3, 6});
  r = evaluateClause("align(top_left) window(*, 0)", "", 2, {1, 2, 4});
  expectNear(r[0], {1, 1.5});
  r = evaluateClause("align(bottom_right) window(0, *)", "", 2, {1, 2, 4});
  expectNear(r[0], {3, 4});
}

TEST(AttentionClause, SoftcapOfTheScaledScore) {
  Results r = evaluateClause("softcap(2.0)", "", 1, {1}, 6);
  expectNear(r[1], {2 * std::tanh(3.0)});
}

TEST(AttentionClause, S2_softcap_comes_before_the_bias) {
  HostTensor bias = makeTensor(F32, {1}, 10.0);
  Results r = evaluateClause("softcap(2.0)", "bias(%b : tensor<1xf32>)", 1, {1}, 6, ", %b: tensor<1xf32>", {&bias});
  expectNear(r[1], {2 * std::tanh(3.0) + 10});
}

TEST(AttentionClause, AlibiFallsWithTheDistance) {
  HostTensor slopes = makeTensor(F32, {1}, 0.5);
  Results r =
      evaluateClause("align(top_left)", "alibi(%s : tensor<1xf32>)", 2, {1, 0, 0}, 0, ", %s: tensor<1xf32>", {&slopes});
  double half = std::exp(-0.5), one = std::exp(-1);
  expectNear(r[0], {1 / (1 + half + one), half / (half + 1 + half)});
}

// Rank, extent 1 and dynamic extents of 1 all broadcast.
TEST(AttentionClause, S10_bias_broadcasts) {
  HostTensor perKey = makeTensor(F32, {2}, {0, std::log(3)});
  Results r = evaluateClause("", "bias(%b : tensor<?xf32>)", 2, {0, 1}, 0, ", %b: tensor<?xf32>", {&perKey});
  expectNear(r[0], {0.75, 0.75}, 1e-7);
  HostTensor perQuery = makeTensor(F32, {2, 1}, {1, 5});
  r = evaluateClause("", "bias(%b : tensor<?x?xf32>)", 2, {0, 1}, 0, ", %b: tensor<?x?xf32>", {&perQuery});
  expectNear(r[1], {1 + std::log(2), 5 + std::log(2)});
}

TEST(AttentionClause, S9_true_keeps) {
  HostTensor keep = makeTensor(ElementType::I1, {1, 2, 3}, {1, 0, 1, 0, 0, 0});
  Results r = evaluateClause("", "keep(%m : tensor<1x2x3xi1>)", 2, {1, 2, 3}, 0, ", %m: tensor<1x2x3xi1>", {&keep});
  expectNear(r[0], {2, 0});
  expectNear(r[1], {std::log(2), -infinity});
}

TEST(AttentionClause, S8_masked_values_may_be_anything) {
  HostTensor keep = makeTensor(ElementType::I1, {3}, {1, 0, 0});
  Results r =
      evaluateClause("", "keep(%m : tensor<3xi1>)", 1, {1, notANumber, infinity}, 0, ", %m: tensor<3xi1>", {&keep});
  expectNear(r[0], {1});
}

TEST(AttentionClause, S5_sink_joins_the_denominator_only) {
  HostTensor sink = makeTensor(F32, {1}, std::log(2));
  Results r = evaluateClause("", "sink(%s : tensor<1xf32>)", 1, {4, 8}, 0, ", %s: tensor<1xf32>", {&sink});
  expectNear(r[0], {3}, 1e-6);
  expectNear(r[1], {std::log(4)}, 1e-7);
  expectNear(r[2], {0}); // The maximum is that of the scores.
}

TEST(AttentionClause, S3_sink_of_a_masked_row) {
  HostTensor sink = makeTensor(F32, {1}, 1.5);
  Results r =
      evaluateClause("causal(bottom_right)", "sink(%s : tensor<1xf32>)", 2, {4}, 0, ", %s: tensor<1xf32>", {&sink});
  EXPECT_EQ(r[0][0], 0);
  EXPECT_EQ(r[1][0], 1.5);
}

} // namespace
