// RUN: fovea-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-lower-channels)))' | FileCheck %s

// A channel becomes a ring with a full and an empty barrier per slot; each role counts its uses through the loops that
// contain them: slot and phase come from the count, and the producer waits for the phase before.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!ch = !cta.channel<!tile, depth = 4>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @ring
  gpu.func @ring(%k: !mem, %n: i32) kernel {
    // CHECK: %[[RING:.*]] = cta.shared "K" bytes(32768) align(1024) : i32
    // CHECK-NEXT: %[[FULL:.*]] = cta.shared "K full" bytes(32) align(8) : i32
    // CHECK-NEXT: %[[EMPTY:.*]] = cta.shared "K empty" bytes(32) align(8) : i32
    // CHECK-NEXT: cta.mbarrier_init %[[FULL]] count(1) depth(4)
    // CHECK-NEXT: cta.mbarrier_init %[[EMPTY]] count(8) depth(4)
    // CHECK-NEXT: cta.sync_block
    // CHECK-NEXT: cta.warp_specialize
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %K = cta.channel "K" : !ch
    // CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
    // CHECK-NEXT: scf.for {{.*}} iter_args(%[[COUNT:.*]] = %[[ZERO]]) -> (i32)
    // CHECK-DAG: %[[THREE:.*]] = arith.constant 3
    // CHECK-DAG: %[[SLOT:.*]] = arith.andi %[[COUNT]], %[[THREE]]
    // CHECK-DAG: %[[TWO:.*]] = arith.constant 2
    // CHECK-DAG: %[[LAP:.*]] = arith.shrui %[[COUNT]], %[[TWO]]
    // CHECK-DAG: %[[PHASE:.*]] = arith.andi %[[LAP]], %[[ONE:.*]] :
    // CHECK-DAG: %[[COUNTED:.*]] = arith.addi %[[COUNT]], %[[ONE]]
    // CHECK: %[[BEFORE:.*]] = arith.xori %[[PHASE]]
    // CHECK: %[[OFFSET:.*]] = arith.muli %[[SLOT]]
    // CHECK: %[[AT:.*]] = arith.addi %[[EMPTY]], %[[OFFSET]]
    // CHECK: cta.mbarrier_wait %[[AT]] parity %[[BEFORE]]
    // CHECK: %[[AT:.*]] = arith.addi %[[FULL]]
    // CHECK: cta.mbarrier_arrive %[[AT]] expect(8192)
    // CHECK: %[[OFFSET:.*]] = arith.muli %[[SLOT]]
    // CHECK: %[[AT:.*]] = arith.addi %[[RING]], %[[OFFSET]]
    // CHECK: %[[TILE:.*]] = cta.smem_tile %[[AT]]
    // CHECK: %[[AT:.*]] = arith.addi %[[FULL]]
    // CHECK: cta.tma_load {{.*}} to %[[TILE]] signal %[[AT]]
    // CHECK: scf.yield %[[COUNTED]] : i32
    cta.warp_specialize role(producer) warps(4) registers(24) {
      scf.for %j = %c1 to %n step %c1 : i32 {
        %s = cta.acquire %K : !ch -> !cta.slot<!tile>
        cta.tma_load %k[%c0, %c0] dims [0, 1] to %s : !mem, !cta.slot<!tile>
      }
    // CHECK: role(consumer)
    // CHECK: scf.for {{.*}} iter_args(%[[COUNT:.*]] = %{{.*}}) -> (i32)
    // CHECK: %[[SLOT:.*]] = arith.andi %[[COUNT]]
    // CHECK: %[[LAP:.*]] = arith.shrui %[[COUNT]]
    // CHECK: %[[PHASE:.*]] = arith.andi %[[LAP]]
    // CHECK: %[[AT:.*]] = arith.addi %[[FULL]]
    // CHECK: cta.mbarrier_wait %[[AT]] parity %[[PHASE]]
    // CHECK: %[[AT:.*]] = arith.addi %[[RING]]
    // CHECK: %[[TILE:.*]] = cta.smem_tile %[[AT]]
    // CHECK: cta.dot_async %[[TILE]]
    // CHECK: cta.dot_wait
    // CHECK: %[[OFFSET:.*]] = arith.muli %[[SLOT]]
    // CHECK: %[[AT:.*]] = arith.addi %[[EMPTY]], %[[OFFSET]]
    // CHECK: cta.mbarrier_arrive %[[AT]]{{$}}
    } role(consumer) warps(8) registers(240) {
      scf.for %j = %c1 to %n step %c1 : i32 {
        %s = cta.wait %K : !ch -> !cta.slot<!tile>
        %t = cta.slot_tile %s of %K : !cta.slot<!tile>, !ch -> !tile
        %f = cta.dot_async %t, %t : !tile, !tile -> !cta.inflight<tensor<64x64xf32>>
        %d = cta.dot_wait %f : !cta.inflight<tensor<64x64xf32>>
        cta.release %s of %K : !cta.slot<!tile>, !ch
      }
    }
    gpu.return
  }
}

// -----

// Scalars are written and read in shared memory; a loop without a use of the channel carries no count.

!ch = !cta.channel<i32, depth = 1>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @scalar
  gpu.func @scalar(%n: i32) kernel {
    // CHECK: %[[AT:.*]] = cta.shared "tile" bytes(4) align(4) : i32
    // CHECK: %[[FULL:.*]] = cta.shared "tile full" bytes(8) align(8) : i32
    // CHECK: %[[EMPTY:.*]] = cta.shared "tile empty" bytes(8) align(8) : i32
    %c1 = arith.constant 1 : i32
    %T = cta.channel "tile" : !ch
    // CHECK: role(producer)
    // CHECK: cta.mbarrier_wait %[[EMPTY]] parity %{{.*}}
    // CHECK-NEXT: cta.smem_write %{{.*}}, %[[AT]] : i32
    // CHECK-NEXT: cta.mbarrier_arrive %[[FULL]]{{$}}
    // CHECK-NEXT: scf.for %{{[^(]*}} : i32 {
    cta.warp_specialize role(producer) warps(4) registers(0) {
      cta.send %n to %T : !ch
      scf.for %j = %c1 to %n step %c1 : i32 {
        cta.store_wait
      }
    // CHECK: role(consumer)
    // CHECK: cta.mbarrier_wait %[[FULL]] parity %{{.*}}
    // CHECK-NEXT: cta.smem_read %[[AT]] : i32
    // CHECK-NEXT: cta.mbarrier_arrive %[[EMPTY]]{{$}}
    } role(consumer) warps(4) registers(0) {
      %t = cta.receive %T : !ch -> i32
    }
    gpu.return
  }
}
