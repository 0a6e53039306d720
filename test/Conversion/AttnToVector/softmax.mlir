// RUN: fovea-opt %s -attn-to-vector="vector-bytes=16" -canonicalize -split-input-file | FileCheck %s

// Whether the row has unit stride is known at run time: vector loads if so, and a gather otherwise.

// CHECK-LABEL: func @strided
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<4x?xf32, strided<[?, ?], offset: ?>>
//       CHECK:   %{{.*}}, %{{.*}}, %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[X]]
//       CHECK:   %[[UNIT:.*]] = arith.cmpi eq, %[[STRIDES]]#1, %c1
//       CHECK:   %[[DENSE:.*]] = memref.reinterpret_cast %[[X]]
//       CHECK:   scf.if %[[UNIT]]
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

// The state costs one scalar exponential per chunk of 2048 elements and one vector exponential per vector.

// CHECK-LABEL: func @one_exponential
//       CHECK:   scf.for %{{.*}} step %c2048
//   CHECK-NOT:     math.exp2
//       CHECK:     scf.for {{.*}} step %c16 iter_args
// CHECK-COUNT-4:     math.exp2 %{{.*}} : vector<4xf32>
//   CHECK-NOT:       math.exp2
//       CHECK:       scf.yield
//       CHECK:     vector.reduction <add>
//       CHECK:     math.exp2 %{{.*}} : f32
//   CHECK-NOT:   math.exp2
//       CHECK:   return
func.func @one_exponential(%x: memref<4x4096xf32>, %m: memref<4xf32>, %l: memref<4xf32>) {
  attn.online_softmax base(two) dimension(1) ins(%x : memref<4x4096xf32>) outs(%m, %l : memref<4xf32>, memref<4xf32>)
  return
}

// -----

// Where normalize follows, a row is read once: what the sum is made of is kept, and scaled.

// CHECK-LABEL: func @one_pass
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<4x4096xf32>
//       CHECK:   %[[KEPT:.*]] = memref.alloca() {{.*}} : memref<4104xf32>
//       CHECK:   scf.for %{{.*}} step %c2048
//       CHECK:     vector.load %[[X]]
//       CHECK:     math.exp2 %[[E:.*]] : vector<4xf32>
//       CHECK:     vector.store %{{.*}}, %[[KEPT]]
//       CHECK:   arith.divf
//   CHECK-NOT:   vector.load %[[X]]
//       CHECK:   vector.load %[[KEPT]]
//   CHECK-NOT:   vector.load %[[X]]
//       CHECK:   return
func.func @one_pass(%x: memref<4x4096xf32>, %m: memref<4xf32>, %l: memref<4xf32>, %y: memref<4x4096xf32>) {
  attn.online_softmax base(two) dimension(1) ins(%x : memref<4x4096xf32>) outs(%m, %l : memref<4xf32>, memref<4xf32>)
  attn.normalize base(two) dimension(1) ins(%x, %m, %l : memref<4x4096xf32>, memref<4xf32>, memref<4xf32>) outs(%y : memref<4x4096xf32>)
  return
}

// -----

// A row that is longer than what is kept is read twice.

// CHECK-LABEL: func @two_passes
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<4x70000xf32>
//       CHECK:   arith.divf
//       CHECK:   vector.load %[[X]]
//       CHECK:   math.exp2
func.func @two_passes(%x: memref<4x70000xf32>, %m: memref<4xf32>, %l: memref<4xf32>, %y: memref<4x70000xf32>) {
  attn.online_softmax base(two) dimension(1) ins(%x : memref<4x70000xf32>) outs(%m, %l : memref<4xf32>, memref<4xf32>)
  attn.normalize base(two) dimension(1) ins(%x, %m, %l : memref<4x70000xf32>, memref<4xf32>, memref<4xf32>) outs(%y : memref<4x70000xf32>)
  return
}

// -----

// What is left of a row is loaded and stored under a mask, not lane by lane.

// CHECK-LABEL: func @masked_ends
//   CHECK-NOT:   vector.from_elements
//       CHECK:   vector.maskedload
//       CHECK:   vector.maskedstore
//   CHECK-NOT:   memref.store %{{.*}} : memref<4x?xf32>
//       CHECK:   return
func.func @masked_ends(%x: memref<4x?xf32>, %m: memref<4xf32>, %l: memref<4xf32>, %y: memref<4x?xf32>) {
  attn.normalize dimension(1) ins(%x, %m, %l : memref<4x?xf32>, memref<4xf32>, memref<4xf32>) outs(%y : memref<4x?xf32>)
  return
}

// -----

// Results that are larger than caches are stored past them, where the size is dynamic under a test of it.

// CHECK-LABEL: func @streamed
//       CHECK:   vector.store {{.*}} {alignment = 16 : i64, nontemporal = true}
// CHECK-LABEL: func @perhaps_streamed
//       CHECK:   scf.if %{{.*}} {
//       CHECK:     vector.store {{.*}} {alignment = 16 : i64, nontemporal = true}
//       CHECK:   } else {
//   CHECK-NOT:     nontemporal
//       CHECK:     vector.store
// CHECK-LABEL: func @not_streamed
//   CHECK-NOT:   nontemporal
//       CHECK:   return
func.func @streamed(%x: memref<4096x4096xf32>, %m: memref<4096xf32>, %l: memref<4096xf32>, %y: memref<4096x4096xf32>) {
  attn.normalize dimension(1) ins(%x, %m, %l : memref<4096x4096xf32>, memref<4096xf32>, memref<4096xf32>) outs(%y : memref<4096x4096xf32>)
  return
}
func.func @perhaps_streamed(%x: memref<?x4096xf32>, %m: memref<?xf32>, %l: memref<?xf32>, %y: memref<?x4096xf32>) {
  attn.normalize dimension(1) ins(%x, %m, %l : memref<?x4096xf32>, memref<?xf32>, memref<?xf32>) outs(%y : memref<?x4096xf32>)
  return
}
func.func @not_streamed(%x: memref<4096x256xf32>, %m: memref<4096xf32>, %l: memref<4096xf32>, %y: memref<4096x256xf32>) {
  attn.normalize dimension(1) ins(%x, %m, %l : memref<4096x256xf32>, memref<4096xf32>, memref<4096xf32>) outs(%y : memref<4096x256xf32>)
  return
}

// -----

// A row that is stored past the cache waits for the next one: it is stored where that one's exponentials are computed,
// from the other half of the scratch buffer.

// CHECK-LABEL: func @overlapped
//  CHECK-SAME:   %{{[a-z0-9]+}}: memref<512x8192xf32>, %{{.*}}, %{{.*}}, %[[Y:[a-z0-9]+]]: memref<512x8192xf32>
//       CHECK:   %[[KEPT:.*]] = memref.alloca() {{.*}} : memref<16400xf32>
//       CHECK:   scf.for %[[ROW:.*]] = %c0 to %c512 {{.*}} iter_args(%[[WAITS:.*]] = %false,
//       CHECK:     %[[BEFORE:.*]] = arith.subi %[[ROW]], %c1
//       CHECK:     scf.if %[[WAITS]]
//       CHECK:       scf.for
//       CHECK:         math.exp2 %{{.*}} : vector<4xf32>
//       CHECK:         vector.load %[[KEPT]]
//       CHECK:         vector.store %{{.*}}, %[[Y]][%[[BEFORE]], %{{.*}}] {alignment = 16 : i64, nontemporal = true}
//       CHECK:         scf.yield
func.func @overlapped(%x: memref<512x8192xf32>, %m: memref<512xf32>, %l: memref<512xf32>, %y: memref<512x8192xf32>) {
  attn.online_softmax base(two) dimension(1) ins(%x : memref<512x8192xf32>) outs(%m, %l : memref<512xf32>, memref<512xf32>)
  attn.normalize base(two) dimension(1) ins(%x, %m, %l : memref<512x8192xf32>, memref<512xf32>, memref<512xf32>) outs(%y : memref<512x8192xf32>)
  return
}

// -----

// Only a row at a multiple of a vector's size waits, and the last does not; what does not wait is written at once.

// CHECK-LABEL: func @waits
//       CHECK:   scf.for %[[ROW:.*]] = %c0 to %c512
//       CHECK:     %[[LAST:.*]] = arith.cmpi eq, %[[ROW]], %c511
//       CHECK:     %[[ALIGNED:.*]] = arith.cmpi eq, %{{.*}}, %c0
//       CHECK:     %[[WAITS:.*]] = arith.select %[[LAST]], %false, %[[ALIGNED]]
//       CHECK:     scf.if %[[WAITS]] {
//  CHECK-NEXT:     } else {
//       CHECK:       vector.store {{.*}} {alignment = 16 : i64, nontemporal = true}
//       CHECK:     scf.yield %[[WAITS]],
func.func @waits(%x: memref<512x8191xf32>, %m: memref<512xf32>, %l: memref<512xf32>, %y: memref<512x8191xf32>) {
  attn.online_softmax base(two) dimension(1) ins(%x : memref<512x8191xf32>) outs(%m, %l : memref<512xf32>, memref<512xf32>)
  attn.normalize base(two) dimension(1) ins(%x, %m, %l : memref<512x8191xf32>, memref<512xf32>, memref<512xf32>) outs(%y : memref<512x8191xf32>)
  return
}

// -----

// While a chunk's exponentials are computed the next chunk is fetched, and behind the last the first of the next row.

// CHECK-LABEL: func @prefetched
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<4x4096xf32>
//       CHECK:   scf.for %[[ROW:.*]] = %c0 to %c4
//       CHECK:     scf.for %[[BEGIN:.*]] = %c0 to %c4096 step %c2048
//       CHECK:       arith.minsi %{{.*}}, %c4096
//       CHECK:       %[[AHEAD:.*]] = arith.addi %[[BEGIN]], %c2048
//       CHECK:       scf.for %[[AT:.*]] = %c0
//       CHECK:         %[[IN_ROW:.*]] = arith.cmpi slt, %[[AHEAD]], %c4096
//       CHECK:         %[[NEXT:.*]] = arith.minsi %{{.*}}, %c3
//       CHECK:         %[[FROM:.*]] = arith.select %[[IN_ROW]], %[[ROW]], %[[NEXT]]
//       CHECK:         %[[BASE:.*]] = arith.select %[[IN_ROW]], %[[AHEAD]], %c0
//       CHECK:         %[[PLACE:.*]] = arith.addi %[[BASE]], %[[AT]]
//       CHECK:         memref.prefetch %[[X]][%[[FROM]], %[[PLACE]]], read
func.func @prefetched(%x: memref<4x4096xf32>, %m: memref<4xf32>, %l: memref<4xf32>) {
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
