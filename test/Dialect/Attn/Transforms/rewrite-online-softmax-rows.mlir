// RUN: fovea-opt %s -attn-rewrite-online-softmax -split-input-file | FileCheck %s

// A softmax is its state and, from the same input and score region, the normalized values.

// CHECK-LABEL: func @softmax
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<8x?xf32>, %[[B:[a-z0-9]+]]: tensor<8xf32>
//       CHECK:   %[[INF:.*]] = arith.constant 0xFF800000 : f32
//       CHECK:   %[[M:.*]] = linalg.fill ins(%[[INF]] : f32) {{.*}} -> tensor<?xf32>
//       CHECK:   %[[L:.*]] = linalg.fill ins(%{{.*}} : f32) {{.*}} -> tensor<?xf32>
//       CHECK:   %[[S:.*]]:2 = attn.online_softmax dimension(0) ins(%[[X]] : {{.*}}) captures(%[[B]] : {{.*}}) outs(%[[M]], %[[L]] :
//       CHECK:     arith.addf
//       CHECK:   attributes {attn.config = #attn.config<tile_m = 8>}
//       CHECK:   %[[Y:.*]]:2 = attn.normalize safe dimension(0) ins(%[[X]], %[[S]]#0, %[[S]]#1 : {{.*}}) captures(%[[B]] : {{.*}}) outs(%{{.*}}, lse %{{.*}} :
//       CHECK:     arith.addf
//       CHECK:   attributes {attn.config = #attn.config<tile_m = 8>}
//       CHECK:   return %[[Y]]#0, %[[Y]]#1
func.func @softmax(%x: tensor<8x?xf32>, %b: tensor<8xf32>, %o: tensor<8x?xf32>, %l: tensor<?xf32>)
    -> (tensor<8x?xf32>, tensor<?xf32>) {
  %y:2 = attn.softmax safe dimension(0) ins(%x : tensor<8x?xf32>) captures(%b : tensor<8xf32>)
      outs(%o, lse %l : tensor<8x?xf32>, tensor<?xf32>)
      maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>]
      score {
      ^bb0(%s: f32, %t: f32):
        %u = arith.addf %s, %t : f32
        attn.yield %u : f32
      } attributes {attn.config = #attn.config<tile_m = 8>}
  return %y#0, %y#1 : tensor<8x?xf32>, tensor<?xf32>
}

// -----

// The logarithm of a softmax is a kind of reading, not another state.

// CHECK-LABEL: func @log_softmax
//       CHECK:   attn.online_softmax dimension(1)
//       CHECK:   attn.normalize log_prob dimension(1)
func.func @log_softmax(%x: tensor<8x9xf32>) -> tensor<8x9xf32> {
  %y = attn.softmax log_prob dimension(1) ins(%x : tensor<8x9xf32>) outs(%x : tensor<8x9xf32>)
  return %y : tensor<8x9xf32>
}

// -----

// Cross-entropy is the state of a softmax and an elementwise loss: no probability is stored. (The loss itself is tested
// in rewrite-cross-entropy.mlir.)

// CHECK-LABEL: func @cross_entropy
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<4x9xf32>
//       CHECK:   %[[S:.*]]:2 = attn.online_softmax dimension(1) ins(%[[X]] : {{.*}} attributes {attn.config = #attn.config<tile_m = 2>}
//       CHECK:   %[[LSE:.*]] = linalg.generic {{.*}} ins(%[[S]]#0, %[[S]]#1 : {{.*}}) outs(%{{.*}} : tensor<4xf32>)
//       CHECK:   %[[LOSS:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[LSE]] : tensor<4xi64>, tensor<4xf32>)
//   CHECK-NOT:   tensor<4x9xf32>) {
//       CHECK:   return %[[LOSS]], %[[LSE]]
func.func @cross_entropy(%x: tensor<4x9xf32>, %t: tensor<4xi64>, %e: tensor<4xf32>, %l: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %r:2 = attn.cross_entropy ins(%x, %t : tensor<4x9xf32>, tensor<4xi64>)
      outs(%e, lse %l : tensor<4xf32>, tensor<4xf32>) attributes {attn.config = #attn.config<tile_m = 2>}
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}
