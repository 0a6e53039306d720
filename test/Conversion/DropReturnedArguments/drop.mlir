// RUN: fovea-opt %s -fovea-drop-returned-arguments | FileCheck %s

// The result that is argument 1 goes, the fresh one stays, and calls use what
// they passed; the caller in turn returns its own argument.

// CHECK-LABEL: func.func @callee(
// CHECK-SAME:      -> memref<4xf32> attributes {fovea.returned_arguments = array<i64: 1, -1>}
// CHECK:         %[[FRESH:.+]] = memref.alloc
// CHECK:         return %[[FRESH]] : memref<4xf32>
func.func @callee(%x: memref<?xf32>, %out: memref<?xf32>) -> (memref<?xf32>, memref<4xf32>) {
  %fresh = memref.alloc() : memref<4xf32>
  return %out, %fresh : memref<?xf32>, memref<4xf32>
}

// CHECK-LABEL: func.func @caller(
// CHECK-SAME:      attributes {fovea.returned_arguments = array<i64: 0>}
// CHECK:         call @callee(%{{.+}}, %arg0) : (memref<?xf32>, memref<?xf32>) -> memref<4xf32>
// CHECK:         return{{$}}
func.func @caller(%out: memref<?xf32>) -> memref<?xf32> {
  %r, %f = call @callee(%out, %out) : (memref<?xf32>, memref<?xf32>) -> (memref<?xf32>, memref<4xf32>)
  memref.dealloc %f : memref<4xf32>
  return %r : memref<?xf32>
}
