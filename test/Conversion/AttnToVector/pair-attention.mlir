// RUN: fovea-opt %s -attn-to-vector="bf16-pairs=true" -canonicalize -cse -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-to-vector="bf16-pairs=true amx-bf16=true" -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=AMX

// Where there are no tiles, products of the same operands are dot products of pairs, one key for all lanes: 8 keys by 32
// queries, a pair of head dims at a time.

// CHECK-LABEL: func @products
//   CHECK-NOT:   amx.
//       CHECK:   scf.for {{.*}} step %c64
//       CHECK:     scf.for {{.*}} step %c32
//       CHECK:       %[[FROM:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : memref<?xbf16, strided<[1], offset: ?>>
//       CHECK:       scf.for {{.*}} to %c32 step %c8 {
//       CHECK:         scf.for {{.*}} to %c2 step %c1
//       CHECK:           scf.for {{.*}} to %c16 step %c1
//       CHECK:             %[[B0:.*]] = vector.load %{{.*}} : memref<2x2x16x32xbf16>, vector<32xbf16>
//       CHECK:             %[[B1:.*]] = vector.load %{{.*}} : memref<2x2x16x32xbf16>, vector<32xbf16>
//       CHECK:             %[[PAIR:.*]] = vector.load %[[FROM]][{{.*}}] : {{.*}}, vector<2xbf16>
//       CHECK:             %[[DWORD:.*]] = vector.bitcast %[[PAIR]] : vector<2xbf16> to vector<1xi32>
//       CHECK:             %[[ALL:.*]] = vector.broadcast %[[DWORD]] : vector<1xi32> to vector<16xi32>
//       CHECK:             %[[A:.*]] = vector.bitcast %[[ALL]] : vector<16xi32> to vector<32xbf16>
//       CHECK:             %[[C:.*]] = x86vector.avx512.dot %{{.*}}, %[[A]], %[[B0]] : vector<32xbf16> -> vector<16xf32>
//       CHECK:             x86vector.avx512.dot %{{.*}}, %[[A]], %[[B1]]
// CHECK-COUNT-14:          x86vector.avx512.dot
//   CHECK-NOT:             x86vector.avx512.dot
//       CHECK:             scf.yield
// CHECK-COUNT-16:      vector.store %{{.*}} : memref<64x32xf32>, vector<16xf32>
//
// Tiles are used where there are any.
//   AMX-LABEL: func @products
//     AMX-NOT:   x86vector
//         AMX:   amx.tile_mulf
//     AMX-NOT:   x86vector
//         AMX:   return
func.func @products(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x32xbf16>, %acc: memref<32x32xf32>,
                    %m: memref<32xf32>, %l: memref<32xf32>) {
  attn.online_attention base(two) ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// Rows of the accumulator need not fill a tile: of 37 value dims, 32 are in blocks of eight and five in a smaller one.

// CHECK-LABEL: func @rest_of_value_dims
//  CHECK-SAME:   %[[ACC:[a-z0-9]+]]: memref<37x32xf32>
//       CHECK:   scf.for {{.*}} to %c32 step %c8
// CHECK-COUNT-16:  vector.load %[[ACC]]
// CHECK-COUNT-16:  vector.store %{{.*}}, %[[ACC]]
// CHECK-COUNT-10:vector.load %[[ACC]]
// CHECK-COUNT-10:x86vector.avx512.dot
//   CHECK-NOT:   x86vector.avx512.dot
// CHECK-COUNT-10:vector.store %{{.*}}, %[[ACC]]
func.func @rest_of_value_dims(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x37xbf16>,
                              %acc: memref<37x32xf32>, %m: memref<32xf32>, %l: memref<32xf32>) {
  attn.online_attention base(two) fixed_max ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x37xbf16>)
      outs(%acc, %m, %l : memref<37x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}
