// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-split-ranges)))' | FileCheck %s

// Where a loop is split, bounds that ranges decide go, also where one is taken of the other.

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @chain
  // CHECK: scf.for %[[I:.*]] = %c0
  // CHECK-NEXT: memref.store %[[I]]
  gpu.func @chain(%m: memref<10xindex>, %n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c10 = arith.constant 10 : index
    %c-1 = arith.constant -1 : index
    scf.for %i = %c0 to %c10 step %c1 {
      %a = arith.maxsi %i, %c-1 : index
      %b = arith.minsi %a, %c10 : index
      memref.store %b, %m[%i] : memref<10xindex>
    }
    scf.for %j = %c0 to %c10 step %c1 {
      %masked = arith.cmpi slt, %j, %n : index
      scf.if %masked {
        memref.store %c0, %m[%j] : memref<10xindex>
      }
    }
    gpu.return
  }
}
