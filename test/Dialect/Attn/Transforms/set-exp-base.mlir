// RUN: fovea-opt %s -attn-rewrite-online-softmax -attn-set-exp-base -canonicalize -split-input-file | FileCheck %s

// Without a score region log2(e) goes into the scale, and every reader of the state is told.

// CHECK-LABEL: func @identity
//       CHECK:   %[[S:.*]]:3 = attn.online_attention base(two) scale(0.180336878) ins(
//       CHECK:   attn.finalize base(two) ins(%[[S]]#0, %[[S]]#1, %[[S]]#2 :
func.func @identity(%q: tensor<8x64xf32>, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>) outs(%o : tensor<8x64xf32>)
  return %r : tensor<8x64xf32>
}

// -----

// The score's path is left as it is; what is added to it is multiplied, and constants fold.

// CHECK-LABEL: func @affine
//   CHECK-DAG:   %[[TWO:.*]] = arith.constant 2.885390e+00 : f32
//   CHECK-DAG:   %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
//       CHECK:   attn.online_attention base(two)
//       CHECK:   ^bb0(%[[S:.*]]: f32, %[[X:.*]]: f32, %[[FAR:.*]]: i1):
//       CHECK:     %[[A:.*]] = arith.mulf %[[S]], %[[X]]
//       CHECK:     %[[B:.*]] = arith.divf %[[A]], %[[X]]
//       CHECK:     %[[C:.*]] = arith.addf %[[B]], %[[TWO]]
//       CHECK:     %[[SCALED:.*]] = arith.mulf %[[X]], %[[LOG2E]]
//       CHECK:     %[[D:.*]] = arith.subf %[[SCALED]], %[[C]]
//       CHECK:     %[[E:.*]] = arith.negf %[[D]]
//       CHECK:     %[[Y:.*]] = arith.select %[[FAR]], %[[E]], %{{.*}}
//       CHECK:     attn.yield %[[Y]]
func.func @affine(%q: tensor<8x64xf32>, %slope: f32, %far: i1, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      captures(%slope, %far : f32, i1) outs(%o : tensor<8x64xf32>) score {
      ^bb0(%s: f32, %x: f32, %c: i1):
        %two = arith.constant 2.0 : f32
        %a = arith.mulf %s, %x : f32
        %b = arith.divf %a, %x : f32
        %d = arith.addf %b, %two : f32
        %e = arith.subf %x, %d : f32
        %f = arith.negf %e : f32
        %y = arith.select %c, %f, %x : f32
        attn.yield %y : f32
      }
  return %r : tensor<8x64xf32>
}

// -----

// S7: -inf of a score region is -inf in every base.

// CHECK-LABEL: func @infinity
//       CHECK:   %[[INF:.*]] = arith.constant 0xFF800000 : f32
//       CHECK:   attn.online_attention base(two)
//       CHECK:     arith.select %{{.*}}, %{{.*}}, %[[INF]]
func.func @infinity(%q: tensor<8x64xf32>, %near: i1, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      captures(%near : i1) outs(%o : tensor<8x64xf32>) score {
      ^bb0(%s: f32, %c: i1):
        %inf = arith.constant 0xFF800000 : f32
        %y = arith.select %c, %s, %inf : f32
        attn.yield %y : f32
      }
  return %r : tensor<8x64xf32>
}

// -----

// A scale attribute is an f32: the factor of an f64 problem is a value.

// CHECK-LABEL: func @f64
//       CHECK:   %[[SCALE:.*]] = arith.constant 0.180336880111{{[0-9]*}} : f64
//       CHECK:   attn.online_attention base(two) scale(%[[SCALE]] : f64)
func.func @f64(%q: tensor<8x64xf64>, %o: tensor<8x64xf64>) -> tensor<8x64xf64> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf64>, tensor<8x64xf64>, tensor<8x64xf64>) outs(%o : tensor<8x64xf64>)
  return %r : tensor<8x64xf64>
}

// -----

// S14: the default scale of a dynamic QK head dim is computed, that of none is 1.

// CHECK-LABEL: func @dynamic_head_dim
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<8x?xf32>
//       CHECK:   %[[DIM:.*]] = tensor.dim %[[Q]], %c1
//       CHECK:   %[[POSITIVE:.*]] = arith.maxsi %[[DIM]], %c1
//       CHECK:   math.sqrt
//       CHECK:   %[[SCALE:.*]] = arith.divf
//       CHECK:   %[[SCALE2:.*]] = arith.mulf %[[SCALE]], %{{.*}}
//       CHECK:   attn.online_attention base(two) scale(%[[SCALE2]] : f32)
func.func @dynamic_head_dim(%q: tensor<8x?xf32>, %v: tensor<8x16xf32>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %r = attn.attention ins(%q, %q, %v : tensor<8x?xf32>, tensor<8x?xf32>, tensor<8x16xf32>) outs(%o : tensor<8x16xf32>)
  return %r : tensor<8x16xf32>
}

// -----

// A scale operand of another precision is converted and multiplied.

// CHECK-LABEL: func @scale_operand
//  CHECK-SAME:   %[[SCALE:[a-z0-9]+]]: f64
//       CHECK:   %[[NARROW:.*]] = arith.truncf %[[SCALE]] : f64 to f32
//       CHECK:   %[[SCALE2:.*]] = arith.mulf %[[NARROW]], %cst
//       CHECK:   attn.online_attention base(two) scale(%[[SCALE2]] : f32)
func.func @scale_operand(%scale: f64, %q: tensor<8x64xf32>, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = attn.attention scale(%scale : f64) ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      outs(%o : tensor<8x64xf32>)
  return %r : tensor<8x64xf32>
}
