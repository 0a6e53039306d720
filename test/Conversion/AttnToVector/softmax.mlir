// RUN: fovea-opt %s -attn-to-vector="vector-bytes=16" -canonicalize -split-input-file | FileCheck %s

// Whether the row has unit stride is known at run time: vector loads if so, and a gather otherwise.

// CHECK-LABEL: func @strided
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<4x?xf32, strided<[?, ?], offset: ?>>
//       CHECK:   %{{.*}}, %{{.*}}, %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[X]]
//       CHECK:   %[[UNIT:.*]] = arith.cmpi eq, %[[STRIDES]]#1, %c1
//       CHECK:   scf.if %[[UNIT]]
//       CHECK:     %[[DENSE:.*]] = memref.reinterpret_cast
//       CHECK:     vector.load %[[DENSE]]
//       CHECK:   } else {
//   CHECK-NOT:     vector.load %[[X]]
// CHECK-COUNT-4:   memref.load %[[X]]
//       CHECK:     vector.from_elements
func.func @strided(%x: memref<4x?xf32, strided<[?, ?], offset: ?>>, %m: memref<4xf32>, %l: memref<4xf32>) {
  attn.online_softmax dimension(1) ins(%x : memref<4x?xf32, strided<[?, ?], offset: ?>>) outs(%m, %l : memref<4xf32>, memref<4xf32>)
  return
}

// -----

// A known stride needs no second version.

// CHECK-LABEL: func @dense
//   CHECK-NOT:   extract_strided_metadata
//       CHECK:   vector.load %{{.*}} : memref<4x?xf32>
func.func @dense(%x: memref<4x?xf32>, %m: memref<4xf32>, %l: memref<4xf32>) {
  attn.online_softmax dimension(1) ins(%x : memref<4x?xf32>) outs(%m, %l : memref<4xf32>, memref<4xf32>)
  return
}

// -----

// The state costs one scalar exponential per chunk of 1024 elements and one vector exponential per vector.

// CHECK-LABEL: func @one_exponential
//       CHECK:   scf.for %{{.*}} step %c1024
//   CHECK-NOT:     math.exp2
//       CHECK:     vector.reduction <maxnumf>
//       CHECK:     scf.for {{.*}} step %c4
//       CHECK:       math.exp2 %{{.*}} : vector<4xf32>
//       CHECK:     vector.reduction <add>
//       CHECK:     math.exp2 %{{.*}} : f32
//   CHECK-NOT:   math.exp2
//       CHECK:   return
func.func @one_exponential(%x: memref<4x4096xf32>, %m: memref<4xf32>, %l: memref<4xf32>) {
  attn.online_softmax base(two) dimension(1) ins(%x : memref<4x4096xf32>) outs(%m, %l : memref<4xf32>, memref<4xf32>)
  return
}

// -----

// S3: only `safe` makes a row without elements 0.

// CHECK-LABEL: func @normalize
//       CHECK:   %[[INVERSE:.*]] = arith.divf
//  CHECK-NEXT:   vector.broadcast %[[INVERSE]]
// CHECK-LABEL: func @normalize_safe
//       CHECK:   %[[INVERSE:.*]] = arith.divf
//       CHECK:   %[[EMPTY:.*]] = arith.cmpf oeq
//       CHECK:   %[[SAFE:.*]] = arith.select %[[EMPTY]], %{{.*}}, %[[INVERSE]]
//       CHECK:   vector.broadcast %[[SAFE]]
func.func @normalize(%x: memref<4x64xf32>, %m: memref<4xf32>, %l: memref<4xf32>, %y: memref<4x64xf32>) {
  attn.normalize dimension(1) ins(%x, %m, %l : memref<4x64xf32>, memref<4xf32>, memref<4xf32>) outs(%y : memref<4x64xf32>)
  return
}
func.func @normalize_safe(%x: memref<4x64xf32>, %m: memref<4xf32>, %l: memref<4xf32>, %y: memref<4x64xf32>) {
  attn.normalize safe dimension(1) ins(%x, %m, %l : memref<4x64xf32>, memref<4xf32>, memref<4xf32>) outs(%y : memref<4x64xf32>)
  return
}
