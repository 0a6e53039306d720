// RUN: fovea-opt %s -attn-to-vector="vector-bytes=16 read-streams=1 prefetch-bytes=0" -canonicalize -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-to-vector="vector-bytes=16 read-streams=2 prefetch-bytes=256" -canonicalize -split-input-file | FileCheck %s --check-prefix=TWO

// As one stream, keys are read row by row as they lie, one key's columns after the other's, and nothing is asked for
// ahead; as two, a row of each half in turn, two rows ahead.

// CHECK-LABEL: func @one_row
//  CHECK-SAME:   %{{[a-z0-9]+}}: memref<1x32xf32>, %[[K:[a-z0-9]+]]: memref<?x32xf32>
//   CHECK-NOT:   memref.prefetch
//       CHECK:   %[[KEYS:.*]] = memref.reinterpret_cast %[[K]]
//       CHECK:   scf.for %[[N:.*]] = %c0 to %{{.*}} step %c4 {
//       CHECK:     scf.for %[[C0:.*]] = %c0 to %c32 step %c16 {{.*}} -> (vector<4xf32>)
//       CHECK:       vector.load %[[KEYS]][%[[N]], %[[C0]]]
//       CHECK:     %[[N1:.*]] = arith.addi %[[N]], %c1
//       CHECK:     scf.for %[[C1:.*]] = %c0 to %c32 step %c16 {{.*}} -> (vector<4xf32>)
//       CHECK:       vector.load %[[KEYS]][%[[N1]], %[[C1]]]
//       CHECK:     vector.store %{{.*}}[%c0, %[[N]]] : memref<1x256xf32>, vector<4xf32>
//   CHECK-NOT:   memref.prefetch
//       CHECK:   return
// TWO-LABEL: func @one_row
//  TWO-SAME:   %{{[a-z0-9]+}}: memref<1x32xf32>, %[[K:[a-z0-9]+]]: memref<?x32xf32>
//       TWO:   %[[KEYS:.*]] = memref.reinterpret_cast %[[K]]
//       TWO:   scf.for %[[N:.*]] = %c0 to %[[PART:.*]] step %c2 {
//       TWO:     %[[M:.*]] = arith.addi %[[N]], %[[PART]]
//       TWO:     scf.for %[[C:.*]] = %c0 to %c32 step %c16 {{.*}} -> (vector<4xf32>, vector<4xf32>)
//       TWO:       %[[AHEAD:.*]] = arith.addi %[[N]], %c2
//       TWO:       memref.prefetch %[[KEYS]][%[[AHEAD]], %[[C]]]
//       TWO:       vector.load %[[KEYS]][%[[N]], %[[C]]]
//       TWO:       vector.load %[[KEYS]][%[[M]], %[[C]]]
//       TWO:     vector.store %{{.*}}[%c0, %[[N]]] : memref<1x256xf32>, vector<2xf32>
//       TWO:     vector.store %{{.*}}[%c0, %[[M]]] : memref<1x256xf32>, vector<2xf32>
func.func @one_row(%q: memref<1x32xf32>, %k: memref<?x32xf32>, %v: memref<?x32xf32>, %acc: memref<1x32xf32>,
                   %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x32xf32>, memref<?x32xf32>, memref<?x32xf32>)
      outs(%acc, %m, %l : memref<1x32xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}
