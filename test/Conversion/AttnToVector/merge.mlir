// RUN: fovea-opt %s -attn-to-vector -canonicalize -split-input-file | FileCheck %s

// S15: the common maximum is found first, then every part is weighted by its distance from it. S7: where all are -inf
// the distance is taken from 0.

// CHECK-LABEL: func @attention_states
//       CHECK:   scf.for %[[I:.*]] = %c0 to %c8
//       CHECK:     scf.for %{{.*}} = %c0 to %c4
//       CHECK:       arith.maximumf
//       CHECK:     %[[EMPTY:.*]] = arith.cmpf oeq, %[[MAX:.*]], %{{.*}} : f32
//       CHECK:     %[[REF:.*]] = arith.select %[[EMPTY]], %{{.*}}, %[[MAX]]
//       CHECK:     scf.for %[[S:.*]] = %c0 to %c4
//       CHECK:       %[[M:.*]] = memref.load %{{.*}}[%[[S]], %[[I]]]
//       CHECK:       %[[D:.*]] = arith.subf %[[M]], %[[REF]]
//       CHECK:       %[[WEIGHT:.*]] = math.exp2 %[[D]]
//       CHECK:       math.fma %{{.*}}, %[[WEIGHT]], %{{.*}} : f32
//       CHECK:       scf.for %{{.*}} = %c0 to %c16
//       CHECK:         math.fma %{{.*}}, %[[WEIGHT]], %{{.*}} : f32
func.func @attention_states(%accs: memref<4x8x16xf32>, %ms: memref<4x8xf32>, %ls: memref<4x8xf32>, %acc: memref<8x16xf32>,
                            %m: memref<8xf32>, %l: memref<8xf32>) {
  attn.merge base(two) ins(%accs, %ms, %ls : memref<4x8x16xf32>, memref<4x8xf32>, memref<4x8xf32>)
      outs(%acc, %m, %l : memref<8x16xf32>, memref<8xf32>, memref<8xf32>)
  return
}

// -----

// The state of a softmax has no accumulator.

// CHECK-LABEL: func @softmax_states
//       CHECK:   scf.for %{{.*}} = %c0 to %c8
//       CHECK:     arith.maximumf
//       CHECK:     math.fma
//   CHECK-NOT:     math.fma
//       CHECK:   return
func.func @softmax_states(%ms: memref<4x8xf32>, %ls: memref<4x8xf32>, %m: memref<8xf32>, %l: memref<8xf32>) {
  attn.merge ins(%ms, %ls : memref<4x8xf32>, memref<4x8xf32>) outs(%m, %l : memref<8xf32>, memref<8xf32>)
  return
}
