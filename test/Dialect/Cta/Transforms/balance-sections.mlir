// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-balance-sections)))' | FileCheck %s

gpu.module @kernels {
  // What is entered before a loop with sections of its own and left after it is no section: the loop takes turns, too.
  // CHECK-LABEL: gpu.func @around
  // CHECK-NOT: cta.section
  // CHECK: scf.for
  // CHECK-NEXT: cta.section_enter
  // CHECK-NEXT: cta.section_leave
  // CHECK-NEXT: }
  // CHECK-NOT: cta.section
  // CHECK: gpu.return
  gpu.func @around(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    cta.section_enter
    scf.for %i = %c0 to %n step %c1 {
      cta.section_enter
      cta.section_leave
    }
    cta.section_leave
    gpu.return
  }

  // Halves that meet in one block stay, those of a prologue and an epilogue do not.
  // CHECK-LABEL: gpu.func @flattened
  // CHECK-NOT: cta.section
  // CHECK: scf.for
  // CHECK-NEXT: scf.for
  // CHECK-NEXT: cta.section_enter
  // CHECK-NEXT: cta.section_leave
  // CHECK-NEXT: }
  // CHECK-NEXT: cta.section_enter
  // CHECK-NEXT: cta.section_leave
  // CHECK-NEXT: }
  // CHECK-NEXT: gpu.return
  gpu.func @flattened(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    cta.section_enter
    scf.for %t = %c0 to %n step %c1 {
      scf.for %i = %c0 to %n step %c1 {
        cta.section_enter
        cta.section_leave
      }
      cta.section_enter
      cta.section_leave
    }
    gpu.return
  }
}
