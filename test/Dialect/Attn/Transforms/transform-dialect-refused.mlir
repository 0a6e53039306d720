// RUN: not fovea-opt %s -split-input-file -transform-interpreter 2>&1 | FileCheck %s

// Tilings that are no function of the op are refused with the reason.

// An outer reduction interleaves keys.

func.func @outer_reduction(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
                           %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  // CHECK: error: {{.*}}supports the outer-parallel partial reduction only
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  return %s#0 : tensor<64x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %fill:3, %part, %merge, %loop = transform.structured.tile_reduction_using_for %op by tile_sizes = [0, 4]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The softmax dimension cannot be cut without a state.

func.func @softmax_dimension(%x: tensor<8x512xf32>, %y: tensor<8x512xf32>) -> tensor<8x512xf32> {
  // CHECK: error: {{.*}}cannot be tiled along dimension 1
  %r = attn.softmax dimension(1) ins(%x : tensor<8x512xf32>) outs(%y : tensor<8x512xf32>)
  return %r : tensor<8x512xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.softmax"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 64]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A part of the QK head dim gives no score.

func.func @contraction(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
                       %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  // CHECK: error: {{.*}}cannot be tiled along dimension 2, the contraction of the score
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  return %s#0 : tensor<64x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 0, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// S6: a tile of heads is one head or whole groups.

func.func @part_of_a_group(%q: tensor<6x8x32xf32>, %k: tensor<2x16x32xf32>, %v: tensor<2x16x8xf32>,
                           %acc: tensor<6x8x8xf32>, %m: tensor<6x8xf32>, %l: tensor<6x8xf32>) -> tensor<6x8x8xf32> {
  // CHECK: error: {{.*}}must be one head or whole groups of 3 heads (S6)
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<6x8x32xf32>, tensor<2x16x32xf32>, tensor<2x16x8xf32>)
      outs(%acc, %m, %l : tensor<6x8x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>)
  return %s#0 : tensor<6x8x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [2]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
