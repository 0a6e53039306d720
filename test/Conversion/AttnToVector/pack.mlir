// RUN: fovea-opt %s -attn-to-vector="vector-bytes=16" -canonicalize -split-input-file | FileCheck %s

// A vector of the target is one element of as many rows, widened and scaled; rows that do not exist repeat the last one.
// Rows of unit stride are read as vectors and transposed, others element by element.

// CHECK-LABEL: func @rows
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<?x8xbf16, strided<[?, ?], offset: ?>>, %[[Y:[a-z0-9]+]]: memref<8x8xf32>
//       CHECK:   %[[ROWS:.*]] = memref.dim %[[X]], %c0
//       CHECK:   %[[LAST:.*]] = arith.subi %[[ROWS]], %c1
//       CHECK:   scf.for %[[M:.*]] = %c0 to %c8 step %c4
//       CHECK:     scf.for %[[K:.*]] = %c0 to %[[END:.*]] step %c4
//       CHECK:       %[[M0:.*]] = arith.minsi %[[M]], %[[LAST]]
//       CHECK:       vector.load %{{.*}}[%[[M0]], %[[K]]] : memref<?x8xbf16, strided<[?, 1], offset: ?>>, vector<4xbf16>
// CHECK-COUNT-8:     vector.shuffle {{.*}} : vector<4xf32>, vector<4xf32>
//   CHECK-NOT:       vector.shuffle
// CHECK-COUNT-4:     vector.store
//       CHECK:     %[[M0:.*]] = arith.minsi %[[M]], %[[LAST]]
//       CHECK:     scf.for %[[K:.*]] = %[[END]] to %c8 step %c1
//       CHECK:       memref.load %[[X]][%[[M0]], %[[K]]]
//       CHECK:       %[[V:.*]] = vector.from_elements {{.*}} : vector<4xbf16>
//       CHECK:       %[[WIDE:.*]] = arith.extf %[[V]] : vector<4xbf16> to vector<4xf32>
//       CHECK:       %[[SCALED:.*]] = arith.mulf %[[WIDE]], %{{.*}}
//       CHECK:       vector.store %[[SCALED]], %[[Y]][%[[K]], %[[M]]]
func.func @rows(%x: memref<?x8xbf16, strided<[?, ?], offset: ?>>, %y: memref<8x8xf32>) {
  attn.pack scale(1.250000e-01) ins(%x : memref<?x8xbf16, strided<[?, ?], offset: ?>>) outs(%y : memref<8x8xf32>)
  return
}

// -----

// S9: bits become bytes; what has no columns is one row of vectors.

// CHECK-LABEL: func @bits
//  CHECK-SAME:   %{{[a-z0-9]+}}: memref<?xi1>, %[[Y:[a-z0-9]+]]: memref<16xi8>
//       CHECK:   %[[V:.*]] = vector.from_elements {{.*}} : vector<4xi1>
//       CHECK:   %[[BYTES:.*]] = arith.extui %[[V]] : vector<4xi1> to vector<4xi8>
//       CHECK:   vector.store %[[BYTES]], %[[Y]][%{{[a-z0-9]+}}]
func.func @bits(%x: memref<?xi1>, %y: memref<16xi8>) {
  attn.pack ins(%x : memref<?xi1>) outs(%y : memref<16xi8>) maps [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>]
  return
}
