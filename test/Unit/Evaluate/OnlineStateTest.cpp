//===- OnlineStateTest.cpp - States agree with the whole ------------------===//
//
// attention as a state that is folded over parts of the keys, split and merged,
// in either base: always the function that attention is.
//
//===----------------------------------------------------------------------===//

#include "EvaluateText.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

constexpr auto F32 = ElementType::F32;

struct Problem {
  HostTensor q = makeVaried(F32, {5, 3}, 1), k = makeVaried(F32, {8, 3}, 2);
  HostTensor v = makeVaried(F32, {8, 2}, 3), s = makeTensor(F32, {}, 0.25);
  std::vector<EvaluateArgument> arguments = {&q, &k, &v, &s};
};

const std::string signature = R"(
  func.func @f(%q: tensor<5x3xf32>, %k: tensor<8x3xf32>, %v: tensor<8x2xf32>, %sink: tensor<f32>)
      -> (tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>) {
    %zero = arith.constant 0.0 : f32
    %inf = arith.constant 0xFF800000 : f32
    %eo = tensor.empty() : tensor<5x2xf32>
    %el = tensor.empty() : tensor<5xf32>
    %a = linalg.fill ins(%zero : f32) outs(%eo : tensor<5x2xf32>) -> tensor<5x2xf32>
    %m = linalg.fill ins(%inf : f32) outs(%el : tensor<5xf32>) -> tensor<5xf32>
    %l = linalg.fill ins(%zero : f32) outs(%el : tensor<5xf32>) -> tensor<5xf32>
)";

// Causal with an offset of 1, and a score that is not affine.
const std::string regions = R"(
    score {
    ^bb0(%x: f32):
      %t = math.tanh %x : f32
      attn.yield %t : f32
    } mask {
      %i = attn.index 0 : index
      %j = attn.index 1 : index
      %c1 = arith.constant 1 : index
      %d = arith.addi %i, %c1 : index
      %p = arith.cmpi sle, %j, %d : index
      attn.yield %p : i1
    }
)";

const std::string finalize = R"(
    %r:3 = attn.finalize ins(%st#0, %st#1, %st#2 : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
      sink(%sink : tensor<f32>) outs(%eo, lse %el, max %el : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
    return %r#0, %r#1, %r#2 : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>
  }
)";

Results evaluateWhole(Precision precision = Precision::Reference) {
  Problem problem;
  return evaluateText(signature + R"(
    %r:3 = attn.attention scale(0.5) ins(%q, %k, %v : tensor<5x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>)
      sink(%sink : tensor<f32>) outs(%eo, lse %el, max %el : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
    )" + regions + R"(
    return %r#0, %r#1, %r#2 : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32> })",
                      problem.arguments, precision);
}

void expectWhole(const std::string &body, Precision precision = Precision::Reference, double tolerance = 1e-13) {
  Problem problem;
  Results expected = evaluateWhole(precision);
  Results actual = evaluateText(signature + body, problem.arguments, precision);
  ASSERT_EQ(expected.size(), 3u);
  ASSERT_EQ(actual.size(), 3u);
  for (unsigned i = 0; i != 3; ++i)
    expectNear(actual[i], expected[i], tolerance);
}

const std::string online = R"(
    %st:3 = attn.online_attention scale(0.5) ins(%q, %k, %v : tensor<5x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>)
      outs(%a, %m, %l : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
)";

TEST(OnlineState, OneStep) { expectWhole(online + regions + finalize); }

TEST(OnlineState, OneStepUnfused) { expectWhole(online + regions + finalize, Precision::Unfused, 1e-6); }

// Tiles of 3 keys, with the position that `at` gives and a uniform `partial`.
const std::string tiles = R"(
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %c8 = arith.constant 8 : index
    %st:3 = scf.for %n = %c0 to %c8 step %c3 iter_args(%a1 = %a, %m1 = %m, %l1 = %l)
        -> (tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>) {
      %size = affine.min affine_map<(d0) -> (3, 8 - d0)>(%n)
      %k1 = tensor.extract_slice %k[%n, 0] [%size, 3] [1, 1] : tensor<8x3xf32> to tensor<?x3xf32>
      %v1 = tensor.extract_slice %v[%n, 0] [%size, 2] [1, 1] : tensor<8x2xf32> to tensor<?x2xf32>
      %part = arith.constant true
      %t:3 = attn.online_attention partial(%part) scale(0.5)
        ins(%q, %k1, %v1 : tensor<5x3xf32>, tensor<?x3xf32>, tensor<?x2xf32>) at[0, %n, 0, 0]
        outs(%a1, %m1, %l1 : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
)" + regions + R"(
      scf.yield %t#0, %t#1, %t#2 : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>
    }
)";

TEST(OnlineState, AnyTilingOfTheKeys) { expectWhole(tiles + finalize); }

TEST(OnlineState, PartialFalseKeepsAll) {
  Problem problem;
  std::string all = tiles;
  all.replace(all.find("constant true"), 13, "constant false");
  std::string unmasked = online + regions.substr(0, regions.find("mask"));
  Results a = evaluateText(signature + all + finalize, problem.arguments);
  Results b = evaluateText(signature + unmasked + finalize, problem.arguments);
  for (unsigned i = 0; i != 3; ++i)
    expectNear(a[i], b[i], 1e-13);
}

// Two halves in a forall, then S15.
TEST(OnlineState, S15_merging_a_split_gives_the_whole) {
  expectWhole(R"(
    %ma = tensor.generate { ^bb0(%x: index, %y: index, %z: index): tensor.yield %zero : f32 } : tensor<2x5x2xf32>
    %ml = tensor.splat %zero : tensor<2x5xf32>
    %mm = tensor.splat %inf : tensor<2x5xf32>
    %parts:3 = scf.forall (%w) in (2) shared_outs(%pa = %ma, %pm = %mm, %pl = %ml)
        -> (tensor<2x5x2xf32>, tensor<2x5xf32>, tensor<2x5xf32>) {
      %n = affine.apply affine_map<(d0) -> (d0 * 4)>(%w)
      %k1 = tensor.extract_slice %k[%n, 0] [4, 3] [1, 1] : tensor<8x3xf32> to tensor<4x3xf32>
      %v1 = tensor.extract_slice %v[%n, 0] [4, 2] [1, 1] : tensor<8x2xf32> to tensor<4x2xf32>
      %t:3 = attn.online_attention scale(0.5)
        ins(%q, %k1, %v1 : tensor<5x3xf32>, tensor<4x3xf32>, tensor<4x2xf32>) at[0, %n, 0, 0]
        outs(%a, %m, %l : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
)" + regions + R"(
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %t#0 into %pa[%w, 0, 0] [1, 5, 2] [1, 1, 1] : tensor<5x2xf32> into tensor<2x5x2xf32>
        tensor.parallel_insert_slice %t#1 into %pm[%w, 0] [1, 5] [1, 1] : tensor<5xf32> into tensor<2x5xf32>
        tensor.parallel_insert_slice %t#2 into %pl[%w, 0] [1, 5] [1, 1] : tensor<5xf32> into tensor<2x5xf32>
      }
    }
    %st:3 = attn.merge ins(%parts#0, %parts#1, %parts#2 : tensor<2x5x2xf32>, tensor<2x5xf32>, tensor<2x5xf32>)
      outs(%a, %m, %l : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
)" + finalize);
}

// The region carries log2(e); state and finalize are in base 2.
TEST(OnlineState, BaseTwo) {
  std::string body = online + regions + finalize;
  auto replace = [&](const std::string &from, const std::string &to) {
    body.replace(body.find(from), from.size(), to);
  };
  replace("attn.online_attention", "attn.online_attention base(two)");
  replace("attn.finalize", "attn.finalize base(two)");
  replace("attn.yield %t : f32", R"(
      %log2e = arith.constant 1.44269504 : f32
      %y = arith.mulf %t, %log2e : f32
      attn.yield %y : f32)");
  expectWhole(body, Precision::Reference, 1e-7); // log2e is an f32 here.
}

TEST(OnlineState, S3_merge_and_finalize_of_identities) {
  Problem problem;
  std::string body = finalize;
  body.replace(body.find("sink(%sink : tensor<f32>)"), 25, "");
  Results r = evaluateText(signature + R"(
    %ma = tensor.empty() : tensor<0x5x2xf32>
    %ml = tensor.empty() : tensor<0x5xf32>
    %st:3 = attn.merge ins(%ma, %ml, %ml : tensor<0x5x2xf32>, tensor<0x5xf32>, tensor<0x5xf32>)
      outs(%a, %m, %l : tensor<5x2xf32>, tensor<5xf32>, tensor<5xf32>)
)" + body,
                           problem.arguments);
  ASSERT_EQ(r.size(), 3u);
  expectNear(r[0], std::vector<double>(10, 0));
  expectNear(r[1], std::vector<double>(5, -infinity));
  expectNear(r[2], std::vector<double>(5, -infinity));
}

TEST(OnlineState, PackTransposesScalesAndPads) {
  HostTensor q = makeTensor(F32, {2, 3}, {1, 2, 3, 4, 5, 6});
  Results r = evaluateText(R"(
    func.func @f(%q: tensor<2x3xf32>) -> tensor<3x4xf32> {
      %e = tensor.empty() : tensor<3x4xf32>
      %t = attn.pack scale(2.0) ins(%q : tensor<2x3xf32>) outs(%e : tensor<3x4xf32>)
      return %t : tensor<3x4xf32>
    })",
                           {&q});
  expectNear(r[0], {2, 8, 0, 0, 4, 10, 0, 0, 6, 12, 0, 0});
}

} // namespace
