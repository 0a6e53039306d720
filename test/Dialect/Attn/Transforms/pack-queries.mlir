// RUN: fovea-opt %s -attn-pack-queries -canonicalize -cse -split-input-file | FileCheck %s

// The query is packed once, in f32 and with the scale, in front of the loop over the keys; the accumulator is transposed,
// both are padded to whole vectors, and finalize reads the rows that exist.

// CHECK-DAG: #[[KEY:.*]] = affine_map<(d0, d1, d2, d3) -> (0, d1, d2)>
// CHECK-DAG: #[[ACC:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[OUT:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-LABEL: func @tile
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<1x40x64xf16>
//       CHECK:   %[[QT:.*]] = attn.pack scale(1.250000e-01) ins(%[[Q]] : tensor<1x40x64xf16>) outs(%{{.*}} : tensor<64x48xf32>)
//       CHECK:   %[[S:.*]]:3 = scf.for %[[J:.*]] = %c0 to %c96 step %c32 iter_args(%[[A:.*]] = %{{.*}}, %[[M:.*]] = %{{.*}}, %[[L:.*]] = %{{.*}})
//       CHECK:     %[[T:.*]]:3 = attn.online_attention scale(1.000000e+00) ins(%[[QT]], %{{.*}}, %{{.*}} : tensor<64x48xf32>, tensor<1x32x64xf16>, tensor<1x32x32xf16>)
//  CHECK-SAME:         at[0, %[[J]], 0, 0] outs(%[[A]], %[[M]], %[[L]] : tensor<32x48xf32>, tensor<48xf32>, tensor<48xf32>) maps [#{{.*}}, #[[KEY]],
//       CHECK:     scf.yield %[[T]]#0, %[[T]]#1, %[[T]]#2
//       CHECK:   %[[A40:.*]] = tensor.extract_slice %[[S]]#0[0, 0] [32, 40]
//       CHECK:   %[[A140:.*]] = tensor.expand_shape %[[A40]] {{.*}} into tensor<1x32x40xf32>
//       CHECK:   attn.finalize ins(%[[A140]], %{{.*}}, %{{.*}} : tensor<1x32x40xf32>, tensor<1x40xf32>, tensor<1x40xf32>)
//  CHECK-SAME:       maps [#[[ACC]], #[[ROW]], #[[ROW]], #[[OUT]]]
func.func @tile(%q: tensor<1x40x64xf16>, %k: tensor<1x96x64xf16>, %v: tensor<1x96x32xf16>, %o: tensor<1x40x32xf16>,
                %acc0: tensor<1x40x32xf32>, %row0: tensor<1x40xf32>) -> tensor<1x40x32xf16> {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c96 = arith.constant 96 : index
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %acc = linalg.fill ins(%zero : f32) outs(%acc0 : tensor<1x40x32xf32>) -> tensor<1x40x32xf32>
  %m = linalg.fill ins(%inf : f32) outs(%row0 : tensor<1x40xf32>) -> tensor<1x40xf32>
  %l = linalg.fill ins(%zero : f32) outs(%row0 : tensor<1x40xf32>) -> tensor<1x40xf32>
  %s:3 = scf.for %j = %c0 to %c96 step %c32 iter_args(%a = %acc, %x = %m, %y = %l)
      -> (tensor<1x40x32xf32>, tensor<1x40xf32>, tensor<1x40xf32>) {
    %kj = tensor.extract_slice %k[0, %j, 0] [1, 32, 64] [1, 1, 1] : tensor<1x96x64xf16> to tensor<1x32x64xf16>
    %vj = tensor.extract_slice %v[0, %j, 0] [1, 32, 32] [1, 1, 1] : tensor<1x96x32xf16> to tensor<1x32x32xf16>
    %t:3 = attn.online_attention ins(%q, %kj, %vj : tensor<1x40x64xf16>, tensor<1x32x64xf16>, tensor<1x32x32xf16>)
        at[0, 0, %j, 0, 0] outs(%a, %x, %y : tensor<1x40x32xf32>, tensor<1x40xf32>, tensor<1x40xf32>)
    scf.yield %t#0, %t#1, %t#2 : tensor<1x40x32xf32>, tensor<1x40xf32>, tensor<1x40xf32>
  }
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<1x40x32xf32>, tensor<1x40xf32>, tensor<1x40xf32>)
      outs(%o : tensor<1x40x32xf16>)
  return %r : tensor<1x40x32xf16>
}

// -----

// A bounded number of rows is padded to the bound.

// CHECK-LABEL: func @bounded_rows
//       CHECK:   %[[ROWS:.*]] = affine.min
//       CHECK:   attn.pack {{.*}} ins(%{{.*}} : tensor<?x64xf32>) outs(%{{.*}} : tensor<64x32xf32>)
//       CHECK:   tensor.extract_slice %{{.*}}[0, 0] [64, %[[ROWS]]] [1, 1] : tensor<64x32xf32> to tensor<64x?xf32>
func.func @bounded_rows(%q: tensor<1000x64xf32>, %k: tensor<96x64xf32>, %m0: index) -> tensor<?x64xf32> {
  %rows = affine.min affine_map<(d0) -> (1000 - d0, 24)>(%m0)
  %tile = tensor.extract_slice %q[%m0, 0] [%rows, 64] [1, 1] : tensor<1000x64xf32> to tensor<?x64xf32>
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e = tensor.empty(%rows) : tensor<?x64xf32>
  %f = tensor.empty(%rows) : tensor<?xf32>
  %acc = linalg.fill ins(%zero : f32) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %m = linalg.fill ins(%inf : f32) outs(%f : tensor<?xf32>) -> tensor<?xf32>
  %l = linalg.fill ins(%zero : f32) outs(%f : tensor<?xf32>) -> tensor<?xf32>
  %s:3 = attn.online_attention ins(%tile, %k, %k : tensor<?x64xf32>, tensor<96x64xf32>, tensor<96x64xf32>)
      outs(%acc, %m, %l : tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>)
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?x64xf32>)
  return %r : tensor<?x64xf32>
}

// -----

// S15: a state that comes in and is not the identity takes part through attn.merge.

// CHECK-LABEL: func @incoming_state
//  CHECK-SAME:   %{{[a-z0-9]+}}: {{.*}}, %[[ACC:[a-z0-9]+]]: tensor<40x64xf32>, %[[M:[a-z0-9]+]]: tensor<40xf32>, %[[L:[a-z0-9]+]]: tensor<40xf32>
//       CHECK:   attn.online_attention
//       CHECK:   %[[S:.*]]:3 = attn.merge ins({{.*}} : tensor<1x40x64xf32>, tensor<1x40xf32>, tensor<1x40xf32>) outs(%[[ACC]], %[[M]], %[[L]] :
//       CHECK:   attn.finalize ins(%[[S]]#0, %[[S]]#1, %[[S]]#2 :
func.func @incoming_state(%q: tensor<40x64xf32>, %acc: tensor<40x64xf32>, %m: tensor<40xf32>, %l: tensor<40xf32>)
    -> tensor<40x64xf32> {
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<40x64xf32>, tensor<40x64xf32>, tensor<40x64xf32>)
      outs(%acc, %m, %l : tensor<40x64xf32>, tensor<40xf32>, tensor<40xf32>)
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<40x64xf32>, tensor<40xf32>, tensor<40xf32>) outs(%acc : tensor<40x64xf32>)
  return %r : tensor<40x64xf32>
}

// -----

// So does a state of constants that are not the identity.

// CHECK-LABEL: func @filled_with_zeros
//       CHECK:   attn.merge
func.func @filled_with_zeros(%q: tensor<40x64xf32>, %acc0: tensor<40x64xf32>, %row0: tensor<40xf32>) -> tensor<40x64xf32> {
  %zero = arith.constant 0.0 : f32
  %acc = linalg.fill ins(%zero : f32) outs(%acc0 : tensor<40x64xf32>) -> tensor<40x64xf32>
  %row = linalg.fill ins(%zero : f32) outs(%row0 : tensor<40xf32>) -> tensor<40xf32>
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<40x64xf32>, tensor<40x64xf32>, tensor<40x64xf32>)
      outs(%acc, %row, %row : tensor<40x64xf32>, tensor<40xf32>, tensor<40xf32>)
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<40x64xf32>, tensor<40xf32>, tensor<40xf32>) outs(%acc0 : tensor<40x64xf32>)
  return %r : tensor<40x64xf32>
}

// -----

// A tile whose keys lie along the lanes is left as it is.

// CHECK-LABEL: func @keys_on_lanes
//   CHECK-NOT:   attn.pack
//       CHECK:   attn.online_attention
//  CHECK-SAME:     ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<1x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>)
func.func @keys_on_lanes(%q: tensor<1x8xf32>, %k: tensor<6x8xf32>, %acc: tensor<1x8xf32>, %m: tensor<1xf32>,
                         %l: tensor<1xf32>) -> (tensor<1x8xf32>, tensor<1xf32>, tensor<1xf32>) {
  %s:3 = attn.online_attention ins(%q, %k, %k : tensor<1x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>)
      outs(%acc, %m, %l : tensor<1x8xf32>, tensor<1xf32>, tensor<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return %s#0, %s#1, %s#2 : tensor<1x8xf32>, tensor<1xf32>, tensor<1xf32>
}
