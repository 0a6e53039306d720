// RUN: fovea-opt %s -fovea-forall-to-runtime -split-input-file -verify-diagnostics --remarks-filter=fovea-forall-to-runtime | FileCheck %s

// The tiles below a causal diagonal become longer: they are taken from the last to the first.

// CHECK-LABEL: func.func private @grows_body_0(
//       CHECK:   %[[INDEX:.*]] = arith.index_cast
//       CHECK:   %[[TILE:.*]] = arith.remui %[[INDEX]], %{{.*}}
//       CHECK:   %[[BACK:.*]] = arith.subi %{{.*}}, %[[TILE]]
//       CHECK:   %[[ROW:.*]] = arith.muli %[[BACK]], %c64
//       CHECK:   affine.min #{{.*}}(%[[ROW]])
func.func @grows(%out: memref<8x1024xf32>, %cst: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  // expected-remark @below {{[Passed] LongestFirst | Category:fovea-forall-to-runtime | Remark="runs backwards along dimension 1, in which iterations become longer"}}
  scf.forall (%h, %i) = (0, 0) to (8, 1024) step (1, 64) {
    %end = affine.min affine_map<(i) -> (i + 64, 1000)>(%i)
    scf.for %j = %c0 to %c64 step %c1 { // a shallower nest, whatever its length
      memref.store %cst, %out[%h, %j] : memref<8x1024xf32>
    }
    scf.for %n = %c0 to %end step %c64 {
      scf.for %j = %c0 to %c64 step %c1 {
        memref.store %cst, %out[%h, %j] : memref<8x1024xf32>
      }
    }
  }
  return
}

// -----

// A loop whose beginning falls becomes longer, too; values that the induction variable does not reach do not matter.

// CHECK-LABEL: func.func private @begins_earlier_body_0(
//       CHECK:   arith.subi
func.func @begins_earlier(%out: memref<1024xf32>, %n: index, %cst: f32) {
  %c1 = arith.constant 1 : index
  // expected-remark @below {{runs backwards along dimension 0}}
  scf.forall (%i) in (%n) {
    %begin = arith.subi %n, %i : index
    scf.for %j = %begin to %n step %c1 {
      memref.store %cst, %out[%j] : memref<1024xf32>
    }
  }
  return
}

// -----

// Loops that become shorter, that stay as long (a window), and of which it is not known stay in their order.

// CHECK-LABEL: func.func private @others_body_0(
//   CHECK-NOT:   arith.subi
//       CHECK:   return
func.func @others(%out: memref<1024xf32>, %lengths: memref<1024xindex>, %cst: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c1024 = arith.constant 1024 : index
  scf.forall (%i) in (512) {
    scf.for %j = %i to %c1024 step %c1 {
      memref.store %cst, %out[%j] : memref<1024xf32>
    }
  }
  scf.forall (%i) in (512) {
    %end = arith.addi %i, %c1 : index
    scf.for %j = %i to %end step %c1 {
      memref.store %cst, %out[%j] : memref<1024xf32>
    }
  }
  scf.forall (%i) in (512) {
    %end = memref.load %lengths[%i] : memref<1024xindex>
    scf.for %j = %c0 to %end step %c1 {
      memref.store %cst, %out[%j] : memref<1024xf32>
    }
  }
  return
}
