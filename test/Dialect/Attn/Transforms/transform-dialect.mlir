// RUN: fovea-opt %s -split-input-file -verify-diagnostics -transform-interpreter -canonicalize -cse | FileCheck %s

// The ops are scheduled by upstream's transform dialect: a script may take the place of stages 4 to 6.

// CHECK-LABEL: func @tile_online_attention
//       CHECK:   scf.forall (%[[I:.*]]) in (4)
//       CHECK:     %[[ROW:.*]] = affine.apply
//       CHECK:     attn.online_attention ins(%{{.*}} : tensor<16x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
//  CHECK-SAME:       at[%[[ROW]], 0, 0, 0]
func.func @tile_online_attention(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
                                 %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  return %s#0 : tensor<64x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op tile_sizes [16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Keys are tiled in sequence by feeding the state through.

// CHECK-LABEL: func @tile_keys_in_sequence
//       CHECK:   scf.for %[[J:.*]] = %c0 to %c128 step %c32 iter_args
//       CHECK:     attn.online_attention ins(%{{.*}} : tensor<64x32xf32>, tensor<32x32xf32>, tensor<32x16xf32>)
//  CHECK-SAME:       at[0, %[[J]], 0, 0]
func.func @tile_keys_in_sequence(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
                                 %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  return %s#0 : tensor<64x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [0, 32]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Keys are split in parallel; attn.merge combines the parts (S15).

// CHECK-LABEL: func @split_keys
//       CHECK:   %[[P:.*]]:3 = scf.forall (%[[J:.*]]) in (4)
//  CHECK-SAME:       -> (tensor<4x64x16xf32>, tensor<4x64xf32>, tensor<4x64xf32>)
//       CHECK:     attn.online_attention ins(%{{.*}} : tensor<64x32xf32>, tensor<32x32xf32>, tensor<32x16xf32>)
//       CHECK:   attn.merge ins(%[[P]]#0, %[[P]]#1, %[[P]]#2
func.func @split_keys(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
                      %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  return %s#0 : tensor<64x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.online_attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %fill:3, %part, %merge, %loop = transform.structured.tile_reduction_using_forall %op
        by num_threads = [0, 4] tile_sizes = []
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @fuse_into_finalize
//       CHECK:   scf.for
//       CHECK:     attn.online_attention
//       CHECK:     attn.finalize
func.func @fuse_into_finalize(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
    %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>, %o: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>) outs(%o : tensor<64x16xf32>)
  return %r : tensor<64x16xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.finalize"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.fuse %op tile_sizes [16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @tile_softmax
//       CHECK:   scf.forall (%{{.*}}) in (4)
//       CHECK:     attn.softmax dimension(1) ins(%{{.*}} : tensor<2x512xf32>)
func.func @tile_softmax(%x: tensor<8x512xf32>, %y: tensor<8x512xf32>) -> tensor<8x512xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<8x512xf32>) outs(%y : tensor<8x512xf32>)
  return %r : tensor<8x512xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.softmax"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_forall %op tile_sizes [2]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
