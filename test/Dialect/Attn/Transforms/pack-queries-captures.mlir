// RUN: fovea-opt %s -attn-pack-queries -canonicalize -cse -split-input-file | FileCheck %s

// Scalars, what varies with the key only and whole tensors are captured as they are; what varies with the query is
// packed, with the queries innermost.

// CHECK-DAG: #[[NONE:.*]] = affine_map<(d0, d1, d2, d3) -> ()>
// CHECK-DAG: #[[KEY:.*]] = affine_map<(d0, d1, d2, d3) -> (d1)>
// CHECK-DAG: #[[BOTH:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d0)>
// CHECK-DAG: #[[QUERY:.*]] = affine_map<(d0, d1, d2, d3) -> (d0)>
// CHECK-LABEL: func @captures
//  CHECK-SAME:   %[[C:[a-z0-9]+]]: f32, %[[K:[a-z0-9]+]]: tensor<96xf32>, %[[QK:[a-z0-9]+]]: tensor<40x96xf32>, %[[Q:[a-z0-9]+]]: tensor<40xf32>, %[[W:[a-z0-9]+]]: tensor<31xf32>
//       CHECK:   %[[QKP:.*]] = attn.pack ins(%[[QK]] : tensor<40x96xf32>) outs(%{{.*}} : tensor<96x48xf32>)
//       CHECK:   %[[QP:.*]] = attn.pack ins(%[[Q]] : tensor<40xf32>) outs(%{{.*}} : tensor<48xf32>)
//       CHECK:   attn.online_attention {{.*}} captures(%[[C]], %[[K]], %[[QKP]], %[[QP]], %[[W]] : f32, tensor<96xf32>, tensor<96x48xf32>, tensor<48xf32>, tensor<31xf32>)
//  CHECK-SAME:       maps [#{{.*}}, #{{.*}}, #{{.*}}, #[[NONE]], #[[KEY]], #[[BOTH]], #[[QUERY]], #[[NONE]],
func.func @captures(%c: f32, %k: tensor<96xf32>, %qk: tensor<40x96xf32>, %r: tensor<40xf32>, %w: tensor<31xf32>,
                    %q: tensor<40x64xf32>, %kv: tensor<96x64xf32>, %acc: tensor<40x64xf32>, %m: tensor<40xf32>,
                    %l: tensor<40xf32>) -> tensor<40x64xf32> {
  %s:3 = attn.online_attention ins(%q, %kv, %kv : tensor<40x64xf32>, tensor<96x64xf32>, tensor<96x64xf32>)
      captures(%c, %k, %qk, %r, %w : f32, tensor<96xf32>, tensor<40x96xf32>, tensor<40xf32>, tensor<31xf32>)
      outs(%acc, %m, %l : tensor<40x64xf32>, tensor<40xf32>, tensor<40xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> ()>, affine_map<(m, n, k, d) -> (n)>, affine_map<(m, n, k, d) -> (m, n)>,
            affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> ()>,
            affine_map<(m, n, k, d) -> (m, d)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
      score {
      ^bb0(%x: f32, %c0: f32, %c1: f32, %c2: f32, %c3: f32, %c4: tensor<31xf32>):
        %x1 = arith.addf %x, %c0 : f32
        %x2 = arith.addf %x1, %c1 : f32
        %x3 = arith.addf %x2, %c2 : f32
        %x4 = arith.addf %x3, %c3 : f32
        %j = attn.index 1 : index
        %t = tensor.extract %c4[%j] : tensor<31xf32>
        %x5 = arith.addf %x4, %t : f32
        attn.yield %x5 : f32
      }
  return %s#0 : tensor<40x64xf32>
}

// -----

// S9: a boolean mask is packed as bytes, which the region compares with 0.

// CHECK-LABEL: func @keep
//       CHECK:   %[[P:.*]] = attn.pack ins(%{{.*}} : tensor<40x96xi1>) outs(%{{.*}} : tensor<96x48xi8>)
//       CHECK:   attn.online_attention {{.*}} captures(%[[P]] : tensor<96x48xi8>)
//       CHECK:   ^bb0(%[[BYTE:.*]]: i8):
//       CHECK:     %[[BIT:.*]] = arith.cmpi ne, %[[BYTE]], %c0_i8
//       CHECK:     attn.yield %[[BIT]]
func.func @keep(%keep: tensor<40x96xi1>, %q: tensor<40x64xf32>, %kv: tensor<96x64xf32>, %acc: tensor<40x64xf32>,
                %m: tensor<40xf32>, %l: tensor<40xf32>) -> tensor<40x64xf32> {
  %s:3 = attn.online_attention ins(%q, %kv, %kv : tensor<40x64xf32>, tensor<96x64xf32>, tensor<96x64xf32>)
      captures(%keep : tensor<40x96xi1>) outs(%acc, %m, %l : tensor<40x64xf32>, tensor<40xf32>, tensor<40xf32>)
      mask {
      ^bb0(%b: i1):
        attn.yield %b : i1
      }
  return %s#0 : tensor<40x64xf32>
}

// -----

// The position along a dimension of extent 1 becomes a captured scalar; that of the query stops at the tile's last row,
// since the lanes beyond it repeat that row.

// CHECK-LABEL: func @positions
//  CHECK-SAME:   %[[B:[a-z0-9]+]]: index, %[[M0:[a-z0-9]+]]: index
//       CHECK:   %[[LAST:.*]] = affine.apply #{{.*}}()[%[[M0]]]
//       CHECK:   attn.online_attention {{.*}} captures(%[[B]], %[[LAST]] : index, index) at[%[[M0]], 0, 0, 0]
//       CHECK:   ^bb0(%[[BATCH:.*]]: index, %[[END:.*]]: index):
//   CHECK-DAG:     %[[I:.*]] = attn.index 0
//   CHECK-DAG:     %[[ROW:.*]] = arith.minsi %[[I]], %[[END]]
//   CHECK-DAG:     %[[J:.*]] = attn.index 1
//       CHECK:     %[[SHIFTED:.*]] = arith.addi %[[ROW]], %[[BATCH]]
//       CHECK:     arith.cmpi sle, %[[J]], %[[SHIFTED]]
func.func @positions(%b: index, %m0: index, %q: tensor<1x40x64xf32>, %kv: tensor<1x96x64xf32>, %acc: tensor<1x40x64xf32>,
                     %m: tensor<1x40xf32>, %l: tensor<1x40xf32>) -> tensor<1x40x64xf32> {
  %s:3 = attn.online_attention ins(%q, %kv, %kv : tensor<1x40x64xf32>, tensor<1x96x64xf32>, tensor<1x96x64xf32>)
      at[%b, %m0, 0, 0, 0] outs(%acc, %m, %l : tensor<1x40x64xf32>, tensor<1x40xf32>, tensor<1x40xf32>)
      mask {
        %batch = attn.index 0 : index
        %i = attn.index 1 : index
        %j = attn.index 2 : index
        %shifted = arith.addi %i, %batch : index
        %keep = arith.cmpi sle, %j, %shifted : index
        attn.yield %keep : i1
      }
  return %s#0 : tensor<1x40x64xf32>
}
