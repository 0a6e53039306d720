// RUN: fovea-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-lower-channels)))' | FileCheck %s

// Warpgroup w enters by barrier 1 + w and leaves by the next one's; the last one lets the first one in.

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @three_warpgroups
  gpu.func @three_warpgroups() kernel {
    // CHECK: role(consumer)
    // CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
    // CHECK-DAG: %[[TWO:.*]] = arith.constant 2 : i32
    // CHECK-DAG: %[[W:.*]] = cta.warpgroup_index
    // CHECK: %[[LAST:.*]] = arith.cmpi eq, %[[W]], %[[TWO]]
    // CHECK: %[[OWN:.*]] = arith.addi %[[W]], %[[ONE]]
    // CHECK: %[[BEHIND:.*]] = arith.addi %[[OWN]]
    // CHECK: %[[NEXT:.*]] = arith.select %[[LAST]], %[[ONE]], %[[BEHIND]]
    // CHECK: scf.if %[[LAST]] {
    // CHECK-NEXT: cta.named_barrier %[[ONE]] threads(256) arrive
    // CHECK-NEXT: }
    // CHECK-NEXT: cta.named_barrier %[[OWN]] threads(256){{$}}
    // CHECK-NEXT: cta.named_barrier %[[NEXT]] threads(256) arrive
    cta.warp_specialize role(consumer) warps(12) registers(160) {
      cta.section_enter
      cta.section_leave
    }
    gpu.return
  }
}

// -----

// One warpgroup has nobody to exclude.

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @one_warpgroup
  gpu.func @one_warpgroup() kernel {
    // CHECK: cta.warp_specialize role(consumer) warps(4) registers(0) {
    // CHECK-NEXT: }
    cta.warp_specialize role(consumer) warps(4) registers(0) {
      cta.section_enter
      cta.section_leave
    }
    gpu.return
  }
}
