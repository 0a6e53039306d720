// RUN: fovea-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-lower-channels)))' | FileCheck %s

// A use on a condition counts if it holds; a slot that a loop carries is its number; a ring of one slot has slot 0.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!ch = !cta.channel<!tile, depth = 1>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @conditional
  gpu.func @conditional(%n: i32) kernel {
    // CHECK: %[[FULL:.*]] = cta.shared "Q full"
    // CHECK: %[[EMPTY:.*]] = cta.shared "Q empty"
    %c0 = arith.constant 0 : i32
    %Q = cta.channel "Q" : !ch
    // CHECK: role(consumer)
    // CHECK: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) : (i32, i32, i32) -> (i32, i32, i32) {
    // CHECK: scf.condition(%{{.*}}) %{{.*}}, %{{.*}}, %{{.*}} : i32, i32, i32
    // CHECK: ^bb0(%{{.*}}: i32, %{{.*}}: i32, %[[COUNT:.*]]: i32):
    // CHECK: cta.mbarrier_arrive %[[EMPTY]]
    // CHECK: %[[OK:.*]] = arith.cmpi slt
    // CHECK: %[[SLOT:.*]] = arith.constant 0 : i32
    // CHECK: %[[COUNTED:.*]] = arith.addi %[[COUNT]]
    // CHECK: %[[NEXT:.*]] = arith.select %[[OK]], %[[COUNTED]], %[[COUNT]]
    // CHECK: cta.mbarrier_wait %[[FULL]] parity %{{.*}} if %[[OK]]
    // CHECK: scf.yield %{{.*}}, %[[SLOT]], %[[NEXT]] : i32, i32, i32
    cta.warp_specialize role(consumer) warps(4) registers(0) {
      %s0 = cta.wait %Q : !ch -> !cta.slot<!tile>
      %w:2 = scf.while (%t = %c0, %s = %s0) : (i32, !cta.slot<!tile>) -> (i32, !cta.slot<!tile>) {
        %more = arith.cmpi slt, %t, %n : i32
        scf.condition(%more) %t, %s : i32, !cta.slot<!tile>
      } do {
      ^bb0(%t: i32, %s: !cta.slot<!tile>):
        cta.release %s of %Q : !cta.slot<!tile>, !ch
        %next = cta.next_tile %t : i32
        %ok = arith.cmpi slt, %next, %n : i32
        %s1 = cta.wait %Q if %ok : !ch -> !cta.slot<!tile>
        scf.yield %next, %s1 : i32, !cta.slot<!tile>
      }
    }
    gpu.return
  }
}

// -----

// Where the depth is no power of two, slot and phase are carried: the slot wraps, and the phase flips with it.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!ch = !cta.channel<!tile, depth = 3>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @three
  gpu.func @three(%c: i1, %k: !mem) kernel {
    // CHECK: %[[EMPTY:.*]] = cta.shared "K empty" bytes(24)
    %c0 = arith.constant 0 : index
    %K = cta.channel "K" : !ch
    // CHECK: role(producer)
    // CHECK: %[[ZERO:.*]] = arith.constant 0
    // CHECK: %[[R:.*]]:2 = scf.if %{{.*}} -> (i32, i32) {
    // CHECK: %[[ONE:.*]] = arith.constant 1
    // CHECK: %[[STEP:.*]] = arith.addi %[[ZERO]], %[[ONE]]
    // CHECK: %[[WRAPS:.*]] = arith.cmpi eq, %[[STEP]]
    // CHECK: %[[FLIPPED:.*]] = arith.xori %[[ZERO]], %[[ONE]]
    // CHECK: %[[SLOT:.*]] = arith.select %[[WRAPS]], %{{.*}}, %[[STEP]]
    // CHECK: %[[PHASE:.*]] = arith.select %[[WRAPS]], %[[FLIPPED]], %[[ZERO]]
    // CHECK: scf.yield %[[SLOT]], %[[PHASE]]
    // CHECK: } else {
    // CHECK: scf.yield %[[ZERO]], %[[ZERO]]
    // CHECK: arith.select %{{.*}}, %{{.*}}, %[[R]]#1
    // CHECK: %[[PARITY:.*]] = arith.xori %[[R]]#1
    // CHECK: %[[OFFSET:.*]] = arith.muli %[[R]]#0
    // CHECK: %[[AT:.*]] = arith.addi %[[EMPTY]], %[[OFFSET]]
    // CHECK: cta.mbarrier_wait %[[AT]] parity %[[PARITY]]
    cta.warp_specialize role(producer) warps(4) registers(0) {
      scf.if %c {
        %s = cta.acquire %K : !ch -> !cta.slot<!tile>
        cta.tma_load %k[%c0, %c0] dims [0, 1] to %s : !mem, !cta.slot<!tile>
      }
      %s = cta.acquire %K : !ch -> !cta.slot<!tile>
      cta.tma_load %k[%c0, %c0] dims [0, 1] to %s : !mem, !cta.slot<!tile>
    }
    gpu.return
  }
}
