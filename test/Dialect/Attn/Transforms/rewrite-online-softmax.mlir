// RUN: fovea-opt %s -attn-rewrite-online-softmax -split-input-file | FileCheck %s

// attention starts from the identity of the state (0, -inf, 0), folds the keys into it and reads the output off (S15).

// CHECK-LABEL: func @attention
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<2x?x64xf32>, %[[K:[a-z0-9]+]]: {{.*}}, %[[V:[a-z0-9]+]]: {{.*}}, %[[O:[a-z0-9]+]]: tensor<2x?x32xf32>)
//       CHECK:   %[[ROWS:.*]] = tensor.dim %[[Q]], %c1
//       CHECK:   tensor.empty(%[[ROWS]]) : tensor<2x?x32xf32>
//       CHECK:   %[[ACC:.*]] = linalg.fill ins(%cst : f32)
//       CHECK:   %[[INF:.*]] = arith.constant 0xFF800000 : f32
//       CHECK:   %[[M:.*]] = linalg.fill ins(%[[INF]] : f32) {{.*}} -> tensor<2x?xf32>
//       CHECK:   %[[ZERO:.*]] = arith.constant 0.0{{.*}} : f32
//       CHECK:   %[[L:.*]] = linalg.fill ins(%[[ZERO]] : f32) {{.*}} -> tensor<2x?xf32>
//       CHECK:   %[[S:.*]]:3 = attn.online_attention scale(1.250000e-01) ins(%[[Q]], %[[K]], %[[V]] : {{.*}}) outs(%[[ACC]], %[[M]], %[[L]] :
//       CHECK:   %[[R:.*]] = attn.finalize ins(%[[S]]#0, %[[S]]#1, %[[S]]#2 : {{.*}}) outs(%[[O]] :
//       CHECK:   return %[[R]]
func.func @attention(%q: tensor<2x?x64xf32>, %k: tensor<2x?x64xf32>, %v: tensor<2x?x32xf32>, %o: tensor<2x?x32xf32>)
    -> tensor<2x?x32xf32> {
  %r = attn.attention scale(1.250000e-01) ins(%q, %k, %v : tensor<2x?x64xf32>, tensor<2x?x64xf32>, tensor<2x?x32xf32>)
      outs(%o : tensor<2x?x32xf32>)
  return %r : tensor<2x?x32xf32>
}

// -----

// S5, S4: sink, LSE and maximum belong to the reading; the state does not know the sink.

// CHECK-LABEL: func @sink_lse_max
//  CHECK-SAME:   %[[SINK:[a-z0-9]+]]: tensor<8xf32>
//       CHECK:   attn.online_attention
//   CHECK-NOT:     %[[SINK]]
//       CHECK:   %[[R:.*]]:3 = attn.finalize ins({{.*}}) sink(%[[SINK]] : tensor<8xf32>) outs(%{{.*}}, lse %{{.*}}, max %{{.*}} :
//       CHECK:   return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @sink_lse_max(%q: tensor<8x16x64xf32>, %sink: tensor<8xf32>, %o: tensor<8x16x64xf32>, %l: tensor<8x16xf32>,
                        %m: tensor<8x16xf32>) -> (tensor<8x16x64xf32>, tensor<8x16xf32>, tensor<8x16xf32>) {
  %r:3 = attn.attention ins(%q, %q, %q : tensor<8x16x64xf32>, tensor<8x16x64xf32>, tensor<8x16x64xf32>)
      sink(%sink : tensor<8xf32>) outs(%o, lse %l, max %m : tensor<8x16x64xf32>, tensor<8x16xf32>, tensor<8x16xf32>)
  return %r#0, %r#1, %r#2 : tensor<8x16x64xf32>, tensor<8x16xf32>, tensor<8x16xf32>
}

// -----

// Operands keep their maps; the state is laid out batch, head, query, value all the same.

// CHECK-DAG: #[[Q:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d0, d1, d4)>
// CHECK-DAG: #[[K:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d0, d1 floordiv 4, d4)>
// CHECK-DAG: #[[V:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d0, d1 floordiv 4, d5)>
// CHECK-DAG: #[[ACC:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d5)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2)>
// CHECK-DAG: #[[STATE:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[SUM:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-DAG: #[[OUT:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d0, d1, d3)>
// CHECK-LABEL: func @layout
//       CHECK:   attn.online_attention {{.*}} outs(%{{.*}} : tensor<2x8x16x32xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
//  CHECK-SAME:       maps [#[[Q]], #[[K]], #[[V]], #[[ACC]], #[[ROW]], #[[ROW]]]
//       CHECK:   attn.finalize {{.*}} outs(%{{.*}} : tensor<16x2x8x32xf32>) maps [#[[STATE]], #[[SUM]], #[[SUM]], #[[OUT]]]
func.func @layout(%q: tensor<16x2x8x64xf32>, %k: tensor<48x2x2x64xf32>, %v: tensor<48x2x2x32xf32>,
                  %o: tensor<16x2x8x32xf32>) -> tensor<16x2x8x32xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<16x2x8x64xf32>, tensor<48x2x2x64xf32>, tensor<48x2x2x32xf32>)
      outs(%o : tensor<16x2x8x32xf32>)
      maps [affine_map<(b, h, m, n, k, d) -> (m, b, h, k)>, affine_map<(b, h, m, n, k, d) -> (n, b, h floordiv 4, k)>,
            affine_map<(b, h, m, n, k, d) -> (n, b, h floordiv 4, d)>, affine_map<(b, h, m, n, k, d) -> (m, b, h, d)>]
  return %r : tensor<16x2x8x32xf32>
}

// -----

// Both regions move to the online op with their captures; the configuration goes with both parts.

// CHECK-LABEL: func @regions
//  CHECK-SAME:   %[[TABLE:[a-z0-9]+]]: tensor<31xf32>, %[[KEEP:[a-z0-9]+]]: tensor<16xi1>
//       CHECK:   attn.online_attention {{.*}} captures(%[[TABLE]], %[[KEEP]] : tensor<31xf32>, tensor<16xi1>)
//  CHECK-SAME:     score {
//       CHECK:       tensor.extract
//       CHECK:     } mask {
//       CHECK:     } attributes {attn.config = #attn.config<tile_m = 8>}
//       CHECK:   attn.finalize
//   CHECK-NOT:     mask
//  CHECK-SAME:     attributes {attn.config = #attn.config<tile_m = 8>}
func.func @regions(%q: tensor<16x64xf16>, %table: tensor<31xf32>, %keep: tensor<16xi1>, %o: tensor<16x64xf16>)
    -> tensor<16x64xf16> {
  %r = attn.attention ins(%q, %q, %q : tensor<16x64xf16>, tensor<16x64xf16>, tensor<16x64xf16>)
      captures(%table, %keep : tensor<31xf32>, tensor<16xi1>) outs(%o : tensor<16x64xf16>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> ()>, affine_map<(m, n, k, d) -> (n)>, affine_map<(m, n, k, d) -> (m, d)>]
      score {
      ^bb0(%s: f32, %t: tensor<31xf32>, %x: i1):
        %j = attn.index 1 : index
        %b = tensor.extract %t[%j] : tensor<31xf32>
        %y = arith.addf %s, %b : f32
        attn.yield %y : f32
      } mask {
      ^bb0(%t: tensor<31xf32>, %x: i1):
        attn.yield %x : i1
      } attributes {attn.config = #attn.config<tile_m = 8>}
  return %r : tensor<16x64xf16>
}

// -----

// S12: the state of an f64 problem is f64, that of a narrower one f32.

// CHECK-LABEL: func @precision
//       CHECK:   attn.online_attention {{.*}} outs(%{{.*}} : tensor<8x64xf64>, tensor<8xf64>, tensor<8xf64>)
//       CHECK:   attn.online_attention {{.*}} outs(%{{.*}} : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>)
func.func @precision(%q: tensor<8x64xf64>, %p: tensor<8x64xbf16>) -> (tensor<8x64xf64>, tensor<8x64xbf16>) {
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf64>, tensor<8x64xf64>, tensor<8x64xf64>) outs(%q : tensor<8x64xf64>)
  %s = attn.attention ins(%p, %p, %p : tensor<8x64xbf16>, tensor<8x64xbf16>, tensor<8x64xbf16>) outs(%p : tensor<8x64xbf16>)
  return %r, %s : tensor<8x64xf64>, tensor<8x64xbf16>
}

// -----

// S14: a value without columns is computed on one column of zeros for the sake of the LSE; the output stays as it came.

// CHECK-LABEL: func @no_columns
//  CHECK-SAME:   %[[O:[a-z0-9]+]]: tensor<8x0xf32>, %[[L:[a-z0-9]+]]: tensor<8xf32>)
//       CHECK:   %[[V:.*]] = linalg.fill ins(%cst : f32) {{.*}} -> tensor<16x1xf32>
//       CHECK:   attn.online_attention ins(%{{.*}}, %{{.*}}, %[[V]] :
//       CHECK:   %[[R:.*]]:2 = attn.finalize {{.*}} outs(%{{.*}}, lse %[[L]] : tensor<8x1xf32>, tensor<8xf32>)
//       CHECK:   return %[[O]], %[[R]]#1
func.func @no_columns(%q: tensor<8x64xf32>, %k: tensor<16x64xf32>, %v: tensor<16x0xf32>, %o: tensor<8x0xf32>,
                      %l: tensor<8xf32>) -> (tensor<8x0xf32>, tensor<8xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<8x64xf32>, tensor<16x64xf32>, tensor<16x0xf32>)
      outs(%o, lse %l : tensor<8x0xf32>, tensor<8xf32>)
  return %r#0, %r#1 : tensor<8x0xf32>, tensor<8xf32>
}
