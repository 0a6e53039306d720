// RUN: fovea-opt %s -attn-pack-queries="amx-bf16=true" -canonicalize -cse -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-pack-queries="bf16-pairs=true" -canonicalize -cse -split-input-file | FileCheck %s

// For a matrix unit the query stays as it lies, with the scale on the op; the state is transposed and padded to panels
// of 32 queries, and the config stays for the maximum's lag.

// CHECK-DAG: #[[QUERY:.*]] = affine_map<(d0, d1, d2, d3) -> (0, d0, d2)>
// CHECK-DAG: #[[KEY:.*]] = affine_map<(d0, d1, d2, d3) -> (0, d1, d2)>
// CHECK-LABEL: func @tile
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<1x40x64xbf16>
//   CHECK-NOT:   attn.pack
//       CHECK:   attn.online_attention scale(5.000000e-01) ins(%[[Q]], %{{.*}}, %{{.*}} : tensor<1x40x64xbf16>,
//  CHECK-SAME:       outs(%{{.*}} : tensor<32x64xf32>, tensor<64xf32>, tensor<64xf32>) maps [#[[QUERY]], #[[KEY]],
//  CHECK-SAME:       attn.config = #attn.config<tile_n = 256, rescale_log2 = 8>
//       CHECK:   tensor.extract_slice %{{.*}}#0[0, 0] [32, 40]
func.func @tile(%q: tensor<1x40x64xbf16>, %k: tensor<1x96x64xbf16>, %v: tensor<1x96x32xbf16>, %o: tensor<1x40x32xbf16>,
                %acc0: tensor<1x40x32xf32>, %row0: tensor<1x40xf32>) -> tensor<1x40x32xbf16> {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %acc = linalg.fill ins(%zero : f32) outs(%acc0 : tensor<1x40x32xf32>) -> tensor<1x40x32xf32>
  %m = linalg.fill ins(%inf : f32) outs(%row0 : tensor<1x40xf32>) -> tensor<1x40xf32>
  %l = linalg.fill ins(%zero : f32) outs(%row0 : tensor<1x40xf32>) -> tensor<1x40xf32>
  %s:3 = attn.online_attention scale(5.000000e-01) ins(%q, %k, %v : tensor<1x40x64xbf16>, tensor<1x96x64xbf16>, tensor<1x96x32xbf16>)
      outs(%acc, %m, %l : tensor<1x40x32xf32>, tensor<1x40xf32>, tensor<1x40xf32>)
      attributes {attn.config = #attn.config<tile_n = 256, rescale_log2 = 8>}
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<1x40x32xf32>, tensor<1x40xf32>, tensor<1x40xf32>)
      outs(%o : tensor<1x40x32xbf16>)
  return %r : tensor<1x40x32xbf16>
}

// -----

// A query of one vector, f32, and what is kept from the unit are packed for vectors.

// CHECK-LABEL: func @few_rows
//       CHECK:   attn.pack {{.*}} outs(%{{.*}} : tensor<64x16xf32>)
// CHECK-LABEL: func @wide
//       CHECK:   attn.pack {{.*}} outs(%{{.*}} : tensor<64x48xf32>)
// CHECK-LABEL: func @kept_away
//       CHECK:   attn.pack {{.*}} outs(%{{.*}} : tensor<64x48xf32>)
func.func @few_rows(%q: tensor<1x8x64xbf16>, %k: tensor<1x96x64xbf16>, %acc: tensor<1x8x64xf32>, %m: tensor<1x8xf32>)
    -> tensor<1x8x64xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %k : tensor<1x8x64xbf16>, tensor<1x96x64xbf16>, tensor<1x96x64xbf16>)
      outs(%acc, %m, %m : tensor<1x8x64xf32>, tensor<1x8xf32>, tensor<1x8xf32>)
  return %s#0 : tensor<1x8x64xf32>
}
func.func @wide(%q: tensor<1x40x64xf32>, %k: tensor<1x96x64xf32>, %acc: tensor<1x40x64xf32>, %m: tensor<1x40xf32>)
    -> tensor<1x40x64xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %k : tensor<1x40x64xf32>, tensor<1x96x64xf32>, tensor<1x96x64xf32>)
      outs(%acc, %m, %m : tensor<1x40x64xf32>, tensor<1x40xf32>, tensor<1x40xf32>)
  return %s#0 : tensor<1x40x64xf32>
}
func.func @kept_away(%q: tensor<1x40x64xbf16>, %k: tensor<1x96x64xbf16>, %acc: tensor<1x40x64xf32>, %m: tensor<1x40xf32>)
    -> tensor<1x40x64xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %k : tensor<1x40x64xbf16>, tensor<1x96x64xbf16>, tensor<1x96x64xbf16>)
      outs(%acc, %m, %m : tensor<1x40x64xf32>, tensor<1x40xf32>, tensor<1x40xf32>) attributes {fovea.vector_only}
  return %s#0 : tensor<1x40x64xf32>
}
