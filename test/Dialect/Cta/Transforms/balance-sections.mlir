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

  // Nor is a prologue with an epilogue, where no loop is left between them: a product is waited for on the way.
  // CHECK-LABEL: gpu.func @straight
  // CHECK-NOT: cta.section
  // CHECK: gpu.return
  gpu.func @straight(%a: tensor<64x64xbf16>, %b: !cta.tile<64x64xbf16>) kernel {
    cta.section_enter
    %f = cta.dot_async %a, %b : tensor<64x64xbf16>, !cta.tile<64x64xbf16> -> !cta.inflight<tensor<64x64xf32>>
    %s = cta.dot_wait %f : !cta.inflight<tensor<64x64xf32>>
    %p = arith.truncf %s : tensor<64x64xf32> to tensor<64x64xbf16>
    %g = cta.dot_async %p, %b : tensor<64x64xbf16>, !cta.tile<64x64xbf16> -> !cta.inflight<tensor<64x64xf32>>
    cta.section_leave
    %o = cta.dot_wait %g : !cta.inflight<tensor<64x64xf32>>
    gpu.return
  }
}
