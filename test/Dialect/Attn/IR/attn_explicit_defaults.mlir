// Attributes that are given at their default print as nothing and read back the same.
// RUN: fovea-opt %s --round-trip | FileCheck %s

// CHECK: attn.softmax dimension(0) ins
// CHECK: attn.online_softmax dimension(0) ins
// CHECK: attn.cross_entropy ins
func.func @defaults(%x: tensor<4xf32>, %m: tensor<f32>, %t: tensor<i32>) {
  %0 = "attn.softmax"(%x, %x) <{dimension = 0 : i64, kind = #attn<softmax_kind prob>, operandSegmentSizes = array<i32: 1, 0, 0, 1>}> ({}, {}) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1:2 = attn.online_softmax base(e) dimension(0) ins(%x : tensor<4xf32>) at[] outs(%m, %m : tensor<f32>, tensor<f32>)
  %2 = attn.cross_entropy reduction(none) ins(%x, %t : tensor<4xf32>, tensor<i32>) outs(%m : tensor<f32>)
  return
}
