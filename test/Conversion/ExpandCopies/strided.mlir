// RUN: fovea-opt %s -fovea-expand-copies | FileCheck %s

// A strided copy becomes a loop, a contiguous one stays.

// CHECK-LABEL: func.func @copies(
// CHECK:         scf.for
// CHECK:           memref.store
// CHECK:         memref.copy %{{.+}}, %{{.+}} : memref<?xf32> to memref<?xf32>
func.func @copies(%a: memref<?xf32, strided<[?]>>, %b: memref<?xf32>, %c: memref<?xf32>) {
  memref.copy %a, %b : memref<?xf32, strided<[?]>> to memref<?xf32>
  memref.copy %b, %c : memref<?xf32> to memref<?xf32>
  return
}
