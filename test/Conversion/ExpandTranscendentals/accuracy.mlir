// RUN: fovea-run %s --input iota --check | FileCheck %s
// RUN: fovea-run %s --input iota --check --pipeline-options="avx512=false" | FileCheck %s

// The functions against their evaluation in f64. Every element is a row, so that its error is relative to itself.

// CHECK-COUNT-4: 4096x1xf32: PASS
#id = affine_map<(i, j) -> (i, j)>
func.func @functions(%n: tensor<4096x1xf32>, %e2: tensor<4096x1xf32>, %e: tensor<4096x1xf32>, %t: tensor<4096x1xf32>,
                     %l: tensor<4096x1xf32>)
    -> (tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>) {
  %r:4 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%n : tensor<4096x1xf32>)
      outs(%e2, %e, %t, %l : tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>) {
  ^bb0(%i: f32, %o0: f32, %o1: f32, %o2: f32, %o3: f32):
    %eps = arith.constant 0.0546875 : f32
    %lo = arith.constant -112.0 : f32
    %x = math.fma %i, %eps, %lo : f32
    %y0 = math.exp2 %x : f32
    %half = arith.constant 0.5 : f32
    %z = arith.mulf %x, %half : f32
    %y1 = math.exp %z : f32
    %small = arith.constant 0.0625 : f32
    %w = arith.mulf %x, %small : f32
    %y2 = math.tanh %w : f32
    %three = arith.constant 3.0 : f32
    %p = arith.addf %i, %three : f32
    %y3 = math.log %p : f32
    linalg.yield %y0, %y1, %y2, %y3 : f32, f32, f32, f32
  } -> (tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>)
  return %r#0, %r#1, %r#2, %r#3 : tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>, tensor<4096x1xf32>
}
