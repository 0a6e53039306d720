// attn-decompose writes attention and softmax as linalg ops on tensors of the full size.
// RUN: fovea-opt %s -attn-decompose -split-input-file | FileCheck %s

// Scores, maximum, exponentials, sum, p rounded to v's type (S12), p v, quotient. S6: a group of query heads reads one
// KV head by its map, and nothing is repeated.
// CHECK: #[[KV:.*]] = affine_map<(d0, d1, d2, d3) -> (d0 floordiv 4, d2, d3)>
// CHECK-LABEL: @S6_grouped_heads
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<8x?x16xbf16>, %[[KEY:[a-z0-9]*]]: tensor<2x?x16xbf16>, %[[VALUE:[a-z0-9]*]]: tensor<2x?x32xbf16>
// CHECK: %[[QK:.*]] = linalg.generic {indexing_maps = [#{{.*}}, #[[KV]], #{{.*}}["parallel", "parallel", "parallel", "reduction"]} ins(%[[Q]], %[[KEY]]
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[QK]] : tensor<8x?x?xf32>)
// CHECK: %[[M:.*]] = linalg.generic {{.*}}["parallel", "parallel", "reduction"]} ins(%[[S]] :
// CHECK: arith.maximumf
// CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%[[S]], %[[M]]
// CHECK: math.exp
// CHECK: %[[L:.*]] = linalg.generic {{.*}}["parallel", "parallel", "reduction"]} ins(%[[P]] :
// CHECK: arith.addf
// CHECK: %[[ROUNDED:.*]] = linalg.generic {{.*}} ins(%[[P]] :
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: %[[ACC:.*]] = linalg.generic {indexing_maps = [#{{.*}}, #[[KV]], #{{.*}}["parallel", "parallel", "reduction", "parallel"]} ins(%[[ROUNDED]], %[[VALUE]]
// CHECK: %[[O:.*]] = linalg.generic {{.*}} ins(%[[ACC]], %[[M]], %[[L]]
// CHECK: arith.divf
// CHECK: return %[[O]]
func.func @S6_grouped_heads(%q: tensor<8x?x16xbf16>, %k: tensor<2x?x16xbf16>, %v: tensor<2x?x32xbf16>, %o: tensor<8x?x32xbf16>) -> tensor<8x?x32xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<8x?x16xbf16>, tensor<2x?x16xbf16>, tensor<2x?x32xbf16>) outs(%o : tensor<8x?x32xbf16>)
  return %r : tensor<8x?x32xbf16>
}

// -----

// Clauses are expanded first, and the regions read positions as loop indices, moved by `at`.
// CHECK-LABEL: @regions
// CHECK: linalg.index 0
// CHECK: linalg.index 1
// CHECK: %[[KEEP:.*]] = arith.cmpi sle
// CHECK: arith.select %[[KEEP]], %{{.*}}, %{{.*}} : f32
// CHECK-NOT: attn.
// CHECK-LABEL: @positions
// CHECK: %[[J:.*]] = linalg.index 1
// CHECK: %[[C:.*]] = arith.constant 32 : index
// CHECK: arith.addi %[[J]], %[[C]]
func.func @regions(%q: tensor<?x16xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %r = attn.attention causal(top_left) ins(%q, %q, %q : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) outs(%o : tensor<?x16xf32>)
  return %r : tensor<?x16xf32>
}
func.func @positions(%x: tensor<4x8xf32>, %n: index, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) captures(%n : index) at[0, 32] outs(%o : tensor<4x8xf32>) mask {
  ^bb0(%length: index):
    %j = attn.index 1 : index
    %keep = arith.cmpi slt, %j, %length : index
    attn.yield %keep : i1
  }
  return %r : tensor<4x8xf32>
}

// -----

// S5: the sink joins the denominator and the LSE.
// CHECK-LABEL: @S5_sink
// CHECK-SAME: %[[SINK:[a-z0-9]*]]: tensor<2xf32>
// CHECK: %[[ACC:.*]] = linalg.generic {{.*}}"reduction", "parallel"]}
// CHECK: linalg.generic {{.*}} ins(%[[ACC]], %{{.*}}, %{{.*}}, %[[SINK]]
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %[[SINK]]
// CHECK: arith.maximumf
// CHECK: math.log
func.func @S5_sink(%q: tensor<2x8x16xf32>, %sink: tensor<2xf32>, %o: tensor<2x8x16xf32>, %l: tensor<2x8xf32>) -> (tensor<2x8x16xf32>, tensor<2x8xf32>) {
  %r:2 = attn.attention ins(%q, %q, %q : tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) sink(%sink : tensor<2xf32>)
      outs(%o, lse %l : tensor<2x8x16xf32>, tensor<2x8xf32>)
  return %r#0, %r#1 : tensor<2x8x16xf32>, tensor<2x8xf32>
}

// -----

// S3: only a safe softmax turns an empty row into zeros.
// CHECK-LABEL: @S3_safe
// CHECK: %[[Y:.*]] = arith.divf
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[Y]]
// CHECK-LABEL: @S3_not_safe
// CHECK: %[[Y:.*]] = arith.divf
// CHECK-NEXT: linalg.yield %[[Y]]
func.func @S3_safe(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = attn.softmax safe dimension(1) ins(%x : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return %r : tensor<4x8xf32>
}
func.func @S3_not_safe(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return %r : tensor<4x8xf32>
}

// -----

// S15: an online softmax starts from the state that it is given.
// CHECK-LABEL: @S15_state
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<4x8xf32>, %[[M:[a-z0-9]*]]: tensor<4xf32>, %[[L:[a-z0-9]*]]: tensor<4xf32>
// CHECK: %[[MAX:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<4x8xf32>) outs(%[[M]] :
// CHECK: %[[RESCALED:.*]] = linalg.generic {{.*}} ins(%[[L]], %[[M]], %[[MAX]]
// CHECK: math.exp2
// CHECK: linalg.generic {{.*}} outs(%[[RESCALED]] :
func.func @S15_state(%x: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %r:2 = attn.online_softmax base(two) dimension(1) ins(%x : tensor<4x8xf32>) outs(%m, %l : tensor<4xf32>, tensor<4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}
