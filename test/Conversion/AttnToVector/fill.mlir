// RUN: fovea-opt %s -attn-to-vector="vector-bytes=32" -canonicalize -split-input-file | FileCheck %s

// Rows of floats in unit stride are filled by vectors, and element by element only where no vector fits.

// CHECK-LABEL: func @rows
//  CHECK-SAME:   %[[X:.*]]: f32, %[[Y:.*]]: memref<4x?xf32>
//   CHECK-DAG:   %[[N:.*]] = memref.dim %[[Y]], %c1
//   CHECK-DAG:   %[[V:.*]] = vector.broadcast %[[X]] : f32 to vector<8xf32>
//       CHECK:   %[[REST:.*]] = arith.remui %[[N]], %c8
//       CHECK:   %[[END:.*]] = arith.subi %[[N]], %[[REST]]
//       CHECK:   scf.for %[[I:.*]] = %c0 to %c4 step %c1
//       CHECK:     scf.for %[[J:.*]] = %c0 to %[[END]] step %c8
//       CHECK:       vector.store %[[V]], %[[Y]][%[[I]], %[[J]]]
//       CHECK:     scf.for %[[J:.*]] = %[[END]] to %[[N]] step %c1
//       CHECK:       memref.store %[[X]], %[[Y]][%[[I]], %[[J]]]
//   CHECK-NOT:   linalg.fill
func.func @rows(%x: f32, %y: memref<4x?xf32>) {
  linalg.fill ins(%x : f32) outs(%y : memref<4x?xf32>)
  return
}

// -----

// Any other fill is upstream's to lower.

// CHECK-LABEL:  func @others
// CHECK-COUNT-4:  linalg.fill
func.func @others(%x: f32, %i: i8, %strided: memref<4x16xf32, strided<[64, 2]>>, %short: memref<4x7xf32>, %scalar: memref<f32>,
                  %integers: memref<64xi8>) {
  linalg.fill ins(%x : f32) outs(%strided : memref<4x16xf32, strided<[64, 2]>>)
  linalg.fill ins(%x : f32) outs(%short : memref<4x7xf32>)
  linalg.fill ins(%x : f32) outs(%scalar : memref<f32>)
  linalg.fill ins(%i : i8) outs(%integers : memref<64xi8>)
  return
}
