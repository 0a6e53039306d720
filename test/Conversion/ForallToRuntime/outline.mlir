// RUN: fovea-opt %s -fovea-forall-to-runtime -split-input-file | FileCheck %s

// Buffers and sizes travel in a context on the caller's frame; constants are
// cloned; the first dimension is the slowest.

// CHECK-LABEL: llvm.func @foveaParallelFor(i64, !llvm.ptr, !llvm.ptr)
// CHECK-LABEL: func.func @two_dimensions(
// CHECK-SAME:      %[[OUT:.+]]: memref<?x4xf32>, %[[N:.+]]: index)
// CHECK:         %[[CONTEXT:.+]] = llvm.alloca %{{.+}} x !llvm.struct<(struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>)>
// CHECK:         builtin.unrealized_conversion_cast %[[OUT]]
// CHECK:         %[[BODY:.+]] = builtin.unrealized_conversion_cast %{{.+}} : (!llvm.ptr, i64) -> () to !llvm.ptr
// CHECK:         llvm.call @foveaParallelFor(%{{.+}}, %[[BODY]], %[[CONTEXT]])
// CHECK-NOT:     scf.forall
// CHECK-LABEL: func.func private @two_dimensions_body_0(
// CHECK-SAME:      %{{.+}}: !llvm.ptr, %[[INDEX:.+]]: i64)
// CHECK-DAG:     %[[ONE:.+]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG:     %[[FOUR:.+]] = arith.constant 4 : index
// CHECK-DAG:     %[[I:.+]] = arith.index_cast %[[INDEX]]
// CHECK-DAG:     %[[COLUMN:.+]] = arith.remui %[[I]], %[[FOUR]]
// CHECK-DAG:     %[[ROW:.+]] = arith.divui %[[I]], %[[FOUR]]
// CHECK:         memref.store %[[ONE]], %{{.+}}[%[[ROW]], %[[COLUMN]]]
// CHECK-NEXT:    return
func.func @two_dimensions(%out: memref<?x4xf32>, %n: index) {
  %one = arith.constant 1.0 : f32
  scf.forall (%i, %j) in (%n, 4) {
    memref.store %one, %out[%i, %j] : memref<?x4xf32>
  }
  return
}

// -----

// Bounds and steps that are not 0 and 1 are part of the context.

// CHECK-LABEL: func.func @bounds(
// CHECK:         arith.subi
// CHECK:         arith.ceildivsi
// CHECK:         arith.maxsi
// CHECK-LABEL: func.func private @bounds_body_0(
// CHECK:         %[[SCALED:.+]] = arith.muli
// CHECK:         arith.addi %[[SCALED]]
func.func @bounds(%out: memref<?xf32>, %from: index, %to: index, %by: index) {
  %one = arith.constant 1.0 : f32
  scf.forall (%i) = (%from) to (%to) step (%by) {
    memref.store %one, %out[%i] : memref<?xf32>
  }
  return
}

// -----

// An inner loop is outlined from the outlined body.

// CHECK-LABEL: func.func private @nested_body_0(
// CHECK:         llvm.call @foveaParallelFor
// CHECK-LABEL: func.func private @nested_body_0_body_0(
// CHECK:         memref.store
func.func @nested(%out: memref<?x?xf32>, %m: index, %n: index) {
  %one = arith.constant 1.0 : f32
  scf.forall (%i) in (%m) {
    scf.forall (%j) in (%n) {
      memref.store %one, %out[%i, %j] : memref<?x?xf32>
    }
  }
  return
}

// -----

// Scratch of static size, however deep, belongs to the frame of the body.

// CHECK-LABEL: func.func private @scratch_body_0(
// CHECK-NEXT:    memref.alloca() : memref<16xf32>
// CHECK:         scf.for
func.func @scratch(%out: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%i) in (%n) {
    scf.for %k = %c0 to %n step %c1 {
      %s = memref.alloca() : memref<16xf32>
      %x = memref.load %s[%c0] : memref<16xf32>
      memref.store %x, %out[%i] : memref<?xf32>
    }
  }
  return
}
