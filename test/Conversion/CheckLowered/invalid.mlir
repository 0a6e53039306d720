// RUN: fovea-opt %s -fovea-check-lowered -verify-diagnostics

// The first op of attn that is left is reported.
func.func @left(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @below {{is not lowered by this pipeline in the form it has}}
  %r = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%y : tensor<4x8xf32>)
  return %r : tensor<4x8xf32>
}
