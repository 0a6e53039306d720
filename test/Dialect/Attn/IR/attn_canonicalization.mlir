// Score ops lose what does nothing: identity scores, masks that keep all, captures that nobody reads.
// RUN: fovea-opt %s -canonicalize -split-input-file | FileCheck %s

// CHECK-LABEL: @identity_score
// CHECK: attn.attention ins(
// CHECK-NOT: score
// CHECK: return
func.func @identity_score(%q: tensor<8x16xf32>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) outs(%o : tensor<8x16xf32>) score {
  ^bb0(%s: f32):
    attn.yield %s : f32
  }
  return %r : tensor<8x16xf32>
}

// -----

// The captures of a region that goes are dropped with it, and `partial` with the mask.
// CHECK-LABEL: @true_mask
// CHECK: attn.online_attention ins(
// CHECK-NOT: captures
// CHECK-NOT: mask
// CHECK: return
func.func @true_mask(%q: tensor<8x16xf32>, %p: i1, %n: index, %acc: tensor<8x16xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>) -> tensor<8x16xf32> {
  %r:3 = attn.online_attention partial(%p) ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>)
      captures(%n : index) outs(%acc, %m, %l : tensor<8x16xf32>, tensor<8xf32>, tensor<8xf32>) mask {
  ^bb0(%a: index):
    %true = arith.constant true
    attn.yield %true : i1
  }
  return %r#0 : tensor<8x16xf32>
}

// -----

// A mask that keeps nothing stays: it gives S3.
// CHECK-LABEL: @false_mask
// CHECK: attn.softmax
// CHECK-SAME: mask
func.func @false_mask(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%x : tensor<4x8xf32>) mask {
    %false = arith.constant false
    attn.yield %false : i1
  }
  return %y : tensor<4x8xf32>
}

// -----

// An unread capture goes with its map and its arguments; the others keep theirs.
// CHECK: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: @unread_capture
// CHECK-SAME: %[[READ:[a-z0-9]*]]: tensor<8xf32>
// CHECK: captures(%[[READ]] : tensor<8xf32>)
// CHECK-SAME: maps [#{{[a-z0-9]*}}, #{{[a-z0-9]*}}, #{{[a-z0-9]*}}, #{{[a-z0-9]*}}]
// CHECK: ^bb0(%[[S:.*]]: f32, %[[A:.*]]: f32):
// CHECK: arith.addf %[[S]], %[[A]]
func.func @unread_capture(%x: tensor<4x8xf32>, %unread: tensor<4xf32>, %read: tensor<8xf32>, %l: tensor<4xf32>) -> (tensor<4x8xf32>, tensor<4xf32>) {
  %y:2 = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) captures(%unread, %read : tensor<4xf32>, tensor<8xf32>)
      outs(%x, lse %l : tensor<4x8xf32>, tensor<4xf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1)>,
            affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>] score {
  ^bb0(%s: f32, %a: f32, %b: f32):
    %t = arith.addf %s, %b : f32
    attn.yield %t : f32
  }
  return %y#0, %y#1 : tensor<4x8xf32>, tensor<4xf32>
}
