// RUN: fovea-opt %s -fovea-deallocate-buffers -split-input-file | FileCheck %s

// Where nothing is taken from the heap and no buffer crosses a function's boundary, nothing changes: not even what a
// clean-up would remove.

// CHECK-LABEL: func @stack_only
//       CHECK:   memref.alloca
//       CHECK:   %[[UNUSED:.*]] = arith.addi
//   CHECK-NOT:   memref.dealloc
//       CHECK:   return
func.func @stack_only(%x: memref<4xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %b = memref.alloca() : memref<4xf32>
  %unused = arith.addi %n, %n : index
  memref.copy %b, %x : memref<4xf32> to memref<4xf32>
  return
}

// -----

// An allocation is freed at the end of its block.

// CHECK-LABEL: func @heap
//       CHECK:   %[[B:.*]] = memref.alloc(
//       CHECK:   memref.copy %[[B]]
//       CHECK:   memref.dealloc %[[B]]
//       CHECK:   return
func.func @heap(%x: memref<?xf32>, %n: index) {
  %b = memref.alloc(%n) : memref<?xf32>
  memref.copy %b, %x : memref<?xf32> to memref<?xf32>
  return
}

// -----

// A buffer that a function returns belongs to its caller, who frees it.

// CHECK-LABEL: func @caller
//       CHECK:   %[[B:.*]] = call @make
//       CHECK:   memref.dealloc
func.func private @make(%n: index) -> memref<?xf32> {
  %b = memref.alloc(%n) : memref<?xf32>
  return %b : memref<?xf32>
}
func.func @caller(%x: memref<?xf32>, %n: index) {
  %b = call @make(%n) : (index) -> memref<?xf32>
  memref.copy %b, %x : memref<?xf32> to memref<?xf32>
  return
}

// -----

// A function that returns its argument returns a copy, as there is nothing else that a caller could free.

// CHECK-LABEL: func @returned_argument
//       CHECK:   memref.copy
func.func @returned_argument(%x: memref<4xf32>) -> memref<4xf32> {
  return %x : memref<4xf32>
}

// -----

// Memory that its owner says to free stays the owner's, alone and beside memory that nobody speaks of.

// CHECK-LABEL: func @manual
//       CHECK:   %[[UNUSED:.*]] = arith.addi
//       CHECK:   memref.dealloc
//   CHECK-NOT:   memref.dealloc
//       CHECK:   return
func.func @manual(%x: memref<?xf32>, %n: index) {
  %b = memref.alloc(%n) {bufferization.manual_deallocation} : memref<?xf32>
  %unused = arith.addi %n, %n : index
  memref.copy %b, %x : memref<?xf32> to memref<?xf32>
  memref.dealloc %b {bufferization.manual_deallocation} : memref<?xf32>
  return
}

// -----

// CHECK-LABEL: func @both
//       CHECK:   %[[A:.*]] = memref.alloc(
//       CHECK:   %[[B:.*]] = memref.alloc(
//   CHECK-DAG:   memref.dealloc %[[A]]
//   CHECK-DAG:   memref.dealloc %[[B]]
//       CHECK:   return
func.func @both(%x: memref<?xf32>, %n: index) {
  %a = memref.alloc(%n) {bufferization.manual_deallocation} : memref<?xf32>
  memref.copy %x, %a : memref<?xf32> to memref<?xf32>
  %b = memref.alloc(%n) : memref<?xf32>
  memref.copy %a, %b : memref<?xf32> to memref<?xf32>
  memref.dealloc %a {bufferization.manual_deallocation} : memref<?xf32>
  memref.copy %b, %x : memref<?xf32> to memref<?xf32>
  return
}
