//===- FunctionTest.cpp - The ops around attention ------------------------===//

#include "EvaluateText.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace fovea;

namespace {

constexpr auto F32 = ElementType::F32;

TEST(Function, CallsLoopsAndBranches) {
  Results r = evaluateText(R"(
    func.func @double(%x: index) -> index {
      %r = arith.addi %x, %x : index
      return %r : index
    }
    func.func @f(%n: index) -> index {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %c0) -> index {
        %m = arith.remsi %i, %c2 : index
        %odd = arith.cmpi eq, %m, %c1 : index
        %t = scf.if %odd -> index {
          %d = func.call @double(%i) : (index) -> index
          scf.yield %d : index
        } else {
          scf.yield %c0 : index
        }
        %u = arith.addi %s, %t : index
        scf.yield %u : index
      }
      return %r : index
    })",
                           {Scalar::ofSigned(6)});
  EXPECT_EQ(r, (Results{{2 * (1 + 3 + 5)}}));
}

TEST(Function, MatmulAndItsTransposeByLinalg) {
  HostTensor a = makeTensor(F32, {2, 3}, {1, 2, 3, 4, 5, 6});
  HostTensor b = makeTensor(F32, {3, 2}, {1, 0, 0, 1, 1, 1});
  Results r = evaluateText(R"(
    func.func @f(%a: tensor<2x?xf32>, %b: tensor<?x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
      %zero = arith.constant dense<0.0> : tensor<2x2xf32>
      %c = linalg.matmul ins(%a, %b : tensor<2x?xf32>, tensor<?x2xf32>) outs(%zero : tensor<2x2xf32>) -> tensor<2x2xf32>
      %t = linalg.transpose ins(%c : tensor<2x2xf32>) outs(%zero : tensor<2x2xf32>) permutation = [1, 0]
      return %c, %t : tensor<2x2xf32>, tensor<2x2xf32>
    })",
                           {&a, &b});
  EXPECT_EQ(r, (Results{{4, 5, 10, 11}, {4, 10, 5, 11}}));
}

TEST(Function, GenericWithIndexGroupsAndBroadcast) {
  HostTensor x = makeTensor(F32, {2}, {10, 20});
  Results r = evaluateText(R"(
    func.func @f(%x: tensor<2xf32>) -> (tensor<4xf32>, tensor<2x2xf32>) {
      %e = tensor.empty() : tensor<4xf32>
      %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0 floordiv 2)>, affine_map<(d0) -> (d0)>],
                           iterator_types = ["parallel"]}
          ins(%x : tensor<2xf32>) outs(%e : tensor<4xf32>) {
      ^bb0(%a: f32, %b: f32):
        %i = linalg.index 0 : index
        %j = arith.index_cast %i : index to i32
        %f = arith.sitofp %j : i32 to f32
        %s = arith.addf %a, %f : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      %e2 = tensor.empty() : tensor<2x2xf32>
      %z = linalg.broadcast ins(%x : tensor<2xf32>) outs(%e2 : tensor<2x2xf32>) dimensions = [0]
      return %y, %z : tensor<4xf32>, tensor<2x2xf32>
    })",
                           {&x});
  EXPECT_EQ(r, (Results{{10, 11, 22, 23}, {10, 20, 10, 20}}));
}

TEST(Function, SlicesShapesAndPadding) {
  HostTensor x = makeTensor(F32, {2, 3}, {1, 2, 3, 4, 5, 6});
  Results r = evaluateText(R"(
    func.func @f(%x: tensor<2x3xf32>) -> (tensor<2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<3x4xf32>) {
      %zero = arith.constant 0.0 : f32
      %column = tensor.extract_slice %x[0, 2] [2, 1] [1, 1] : tensor<2x3xf32> to tensor<2xf32>
      %flat = tensor.collapse_shape %x [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
      %other = tensor.expand_shape %flat [[0, 1]] output_shape [3, 2] : tensor<6xf32> into tensor<3x2xf32>
      %inserted = tensor.insert_slice %column into %x[0, 0] [2, 1] [1, 1] : tensor<2xf32> into tensor<2x3xf32>
      %padded = tensor.pad %x low[1, 0] high[0, 1] {
      ^bb0(%i: index, %j: index):
        tensor.yield %zero : f32
      } : tensor<2x3xf32> to tensor<3x4xf32>
      return %column, %other, %inserted, %padded : tensor<2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<3x4xf32>
    })",
                           {&x});
  EXPECT_EQ(r, (Results{{3, 6}, {1, 2, 3, 4, 5, 6}, {3, 2, 3, 6, 5, 6}, {0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0}}));
}

TEST(Function, IndicesAreTakenApartAndPutTogether) {
  Results r = evaluateText(R"(
    func.func @f(%i: index) -> (index, index, index, index) {
      %a:3 = affine.delinearize_index %i into (4, 3, 5) : index, index, index
      %b = affine.linearize_index [%a#0, %a#1, %a#2] by (4, 3, 5) : index
      return %a#0, %a#1, %a#2, %b : index, index, index, index
    })",
                           {Scalar::ofSigned(37)});
  EXPECT_EQ(r, (Results{{2}, {1}, {2}, {37}}));
}

TEST(Function, IntegersWrapAtTheirWidth) {
  Results r = evaluateText(R"(
    func.func @f(%x: i8) -> (i8, i1, i32, i32, i1) {
      %c1 = arith.constant 1 : i8
      %s = arith.addi %x, %c1 : i8
      %u = arith.cmpi ult, %x, %s : i8
      %z = arith.extui %s : i8 to i32
      %t = arith.constant true
      %e = arith.extsi %t : i1 to i32
      %n = arith.cmpi slt, %s, %x : i8
      return %s, %u, %z, %e, %n : i8, i1, i32, i32, i1
    })",
                           {Scalar::ofSigned(127)});
  EXPECT_EQ(r, (Results{{-128}, {1}, {128}, {-1}, {1}}));
}

TEST(Function, ErrorsNameTheOpAndItsPlace) {
  std::string error = errorOfText(R"(func.func @f() -> index {
  %c0 = arith.constant 0 : index
  %x = arith.divsi %c0, %c0 : index
  return %x : index
})",
                                  {});
  EXPECT_NE(error.find(":3:8: 'arith.divsi' is undefined"), std::string::npos) << error;
  error = errorOfText(R"(func.func @f(%x: tensor<2xf32>) {
  return
})",
                      {Scalar::ofSigned(1)});
  EXPECT_NE(error.find("argument 0: got a scalar, expected a tensor"), std::string::npos) << error;
  error = errorOfText(R"(func.func @f() {
  %m = scf.while : () -> index {
    %t = arith.constant true
    %c0 = arith.constant 0 : index
    scf.condition(%t) %c0 : index
  } do {
  ^bb0(%x: index):
    scf.yield
  }
  return
})",
                      {});
  EXPECT_NE(error.find(":2:8: 'scf.while' is not an op that the evaluator knows"), std::string::npos) << error;
}

TEST(Function, EndlessRecursionIsAnError) {
  std::string error = errorOfText(R"(func.func @f() {
  func.call @f() : () -> ()
  return
})",
                                  {});
  EXPECT_NE(error.find("is the 200th nested call"), std::string::npos) << error;
}

} // namespace
