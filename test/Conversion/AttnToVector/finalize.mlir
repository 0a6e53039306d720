// RUN: fovea-opt %s -attn-to-vector -canonicalize -split-input-file | FileCheck %s

// S3: a row whose sum is 0 gives 0, whatever the accumulator holds. One division per row.

// CHECK-LABEL: func @output
//       CHECK:   scf.for %[[I:.*]] = %c0 to %c8
//       CHECK:     %[[L:.*]] = memref.load %{{.*}}[%[[I]]]
//       CHECK:     %[[EMPTY:.*]] = arith.cmpf oeq, %[[L]], %[[ZERO:.*]] : f32
//       CHECK:     %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[L]]
//       CHECK:     %[[FACTOR:.*]] = arith.select %[[EMPTY]], %[[ZERO]], %[[INVERSE]]
//       CHECK:     scf.for
//   CHECK-NOT:       arith.divf
//       CHECK:       %[[O:.*]] = arith.mulf %{{.*}}, %[[FACTOR]]
//       CHECK:       %[[SAFE:.*]] = arith.select %[[EMPTY]], %[[ZERO]], %[[O]]
//       CHECK:       arith.truncf %[[SAFE]] : f32 to bf16
func.func @output(%acc: memref<8x16xf32>, %m: memref<8xf32>, %l: memref<8xf32>, %o: memref<8x16xbf16>) {
  attn.finalize ins(%acc, %m, %l : memref<8x16xf32>, memref<8xf32>, memref<8xf32>) outs(%o : memref<8x16xbf16>)
  return
}

// -----

// S4: LSE and maximum leave in base e.

// CHECK-LABEL: func @natural
//       CHECK:   %[[LN2:.*]] = arith.constant 0.693147182 : f32
//       CHECK:   %[[LOG:.*]] = math.log
//       CHECK:   %[[M:.*]] = arith.mulf %{{.*}}, %[[LN2]]
//       CHECK:   %[[LSE:.*]] = arith.addf %[[M]], %[[LOG]]
//       CHECK:   arith.mulf %{{.*}}, %[[LN2]]
//       CHECK:   memref.store %[[LSE]]
func.func @natural(%acc: memref<8x16xf32>, %m: memref<8xf32>, %l: memref<8xf32>, %o: memref<8x16xf32>, %lse: memref<8xf32>,
                   %max: memref<8xf32>) {
  attn.finalize base(two) ins(%acc, %m, %l : memref<8x16xf32>, memref<8xf32>, memref<8xf32>)
      outs(%o, lse %lse, max %max : memref<8x16xf32>, memref<8xf32>, memref<8xf32>)
  return
}

// -----

// S5: a sink is a natural logit; it joins the sum at the common maximum, and the state is rescaled to that.

// CHECK-LABEL: func @sink
//       CHECK:   %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
//       CHECK:   %[[M:.*]] = memref.load
//       CHECK:   %[[L:.*]] = memref.load
//       CHECK:   %[[S:.*]] = memref.load %{{.*}}[] : memref<f32>
//       CHECK:   %[[S2:.*]] = arith.mulf %[[S]], %[[LOG2E]]
//       CHECK:   %[[JOINT:.*]] = arith.maximumf %[[M]], %[[S2]]
//       CHECK:   %[[REF:.*]] = arith.select %{{.*}}, %{{.*}}, %[[JOINT]]
//       CHECK:   %[[OLD:.*]] = arith.subf %[[M]], %[[REF]]
//       CHECK:   %[[RESCALE:.*]] = math.exp2 %[[OLD]]
//       CHECK:   %[[NEW:.*]] = arith.subf %[[S2]], %[[REF]]
//       CHECK:   %[[ADDED:.*]] = math.exp2 %[[NEW]]
//       CHECK:   %[[KEPT:.*]] = arith.mulf %[[L]], %[[RESCALE]]
//       CHECK:   %[[TOTAL:.*]] = arith.addf %[[KEPT]], %[[ADDED]]
//       CHECK:   arith.divf %{{.*}}, %[[TOTAL]]
func.func @sink(%acc: memref<8x16xf32>, %m: memref<8xf32>, %l: memref<8xf32>, %s: memref<f32>, %o: memref<8x16xf32>) {
  attn.finalize base(two) ins(%acc, %m, %l : memref<8x16xf32>, memref<8xf32>, memref<8xf32>) sink(%s : memref<f32>)
      outs(%o : memref<8x16xf32>)
  return
}

// -----

// Where the queries of the state lie along the lanes, what a row needs is found for all lanes at once, and squares of the
// accumulator are transposed, four vectors at a time: first within 16 bytes, then units of 16 bytes. No element of the
// result is stored by itself but those of the columns and rows that fill no vector.

// CHECK-LABEL: func @lanes
//  CHECK-SAME:   %[[ACC:[a-z0-9]+]]: memref<24x48xf32>, %{{[a-z0-9]+}}: memref<48xf32>, %[[L:[a-z0-9]+]]: memref<48xf32>
//  CHECK-SAME:   %[[O:[a-z0-9]+]]: memref<48x24xf32>
//       CHECK:   %[[SQUARE:.*]] = memref.alloca() {alignment = 64 : i64} : memref<16x16xf32>
//       CHECK:   scf.for %[[I:.*]] = %c0 to %c48 step %c16
//       CHECK:     %[[SUM:.*]] = vector.load %[[L]][%[[I]]] : memref<48xf32>, vector<16xf32>
//       CHECK:     arith.divf %{{.*}}, %[[SUM]] : vector<16xf32>
//       CHECK:     scf.for %{{.*}} = %c0 to %c16 step %c4
// CHECK-COUNT-8:     vector.shuffle {{.*}} : vector<16xf32>, vector<16xf32>
//   CHECK-NOT:       vector.shuffle
// CHECK-COUNT-4:     vector.store %{{.*}}, %[[SQUARE]]
//       CHECK:     scf.for %{{.*}} = %c0 to %c4 step %c1
// CHECK-COUNT-4:     vector.load %[[SQUARE]]
// CHECK-COUNT-8:     vector.shuffle {{.*}} : vector<16xf32>, vector<16xf32>
//   CHECK-NOT:       vector.shuffle
// CHECK-COUNT-4:     vector.store %{{.*}}, %[[O]]
//       CHECK:     scf.for %{{.*}} = %c16 to %c24 step %c1
//       CHECK:       vector.load %[[ACC]]
// CHECK-COUNT-16:    memref.store
func.func @lanes(%acc: memref<24x48xf32>, %m: memref<48xf32>, %l: memref<48xf32>, %o: memref<48x24xf32>) {
  attn.finalize ins(%acc, %m, %l : memref<24x48xf32>, memref<48xf32>, memref<48xf32>) outs(%o : memref<48x24xf32>)
      maps [affine_map<(i, d) -> (d, i)>, affine_map<(i, d) -> (i)>, affine_map<(i, d) -> (i)>, affine_map<(i, d) -> (i, d)>]
  return
}

// -----

// A result of any stride keeps the transposition for the case that it is 1, and has a loop for the others.

// CHECK-LABEL: func @any_stride
//       CHECK:   %{{.*}}, %{{.*}}, %{{.*}}, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata
//       CHECK:   %[[UNIT:.*]] = arith.cmpi eq, %[[STRIDES]]#1, %c1
//       CHECK:   %[[END:.*]] = arith.select %[[UNIT]], %c32, %c0
//       CHECK:   scf.for %{{.*}} = %c0 to %[[END]] step %c16
//       CHECK:     vector.shuffle
//       CHECK:   scf.for %{{.*}} = %[[END]] to %c32 step %c1
func.func @any_stride(%acc: memref<32x16xf32>, %m: memref<16xf32>, %l: memref<16xf32>,
                      %o: memref<16x32xf32, strided<[?, ?], offset: ?>>) {
  attn.finalize ins(%acc, %m, %l : memref<32x16xf32>, memref<16xf32>, memref<16xf32>)
      outs(%o : memref<16x32xf32, strided<[?, ?], offset: ?>>)
      maps [affine_map<(i, d) -> (d, i)>, affine_map<(i, d) -> (i)>, affine_map<(i, d) -> (i)>, affine_map<(i, d) -> (i, d)>]
  return
}
