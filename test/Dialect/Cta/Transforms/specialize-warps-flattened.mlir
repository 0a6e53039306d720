// RUN: fovea-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-specialize-warps)))' | FileCheck %s

// A tile that the tile loop carries becomes a slot that it carries, released after its last product; loads on the
// condition under which there is a next tile are on it in both roles.

!mem = memref<?x?xbf16, strided<[?, ?], offset: ?>>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @flattened
  gpu.func @flattened(%q: !mem, %k: !mem, %o: memref<?x?xf32>, %total: i32, %blocks: i32) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // CHECK: %[[QC:.*]] = cta.channel "arg0" : <{{.*}}, depth = 1>
    // CHECK: %[[KC:.*]] = cta.channel "arg1" : <{{.*}}, depth = 2>
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c1 = arith.constant 1 : i32
    %t0 = cta.first_tile : i32
    %t0x = arith.index_cast %t0 : i32 to index
    %m00 = arith.muli %t0x, %c64 : index
    // CHECK: role(producer)
    // CHECK: cta.acquire %[[QC]] : <
    // CHECK: cta.acquire %[[KC]] : <
    // CHECK: scf.while (%{{.*}} = %{{.*}}) : (i32) -> i32
    // CHECK: cta.acquire %[[KC]] : <
    // CHECK: %[[OK:.*]] = arith.cmpi slt
    // CHECK: %[[QS:.*]] = cta.acquire %[[QC]] if %[[OK]]
    // CHECK-NEXT: cta.tma_load {{.*}} to %[[QS]] if %[[OK]]
    // CHECK: %[[KS:.*]] = cta.acquire %[[KC]] if %[[OK]]
    // CHECK-NEXT: cta.tma_load {{.*}} to %[[KS]] if %[[OK]]

    // CHECK: role(consumer)
    // CHECK: %[[QS0:.*]] = cta.wait %[[QC]] : <
    // CHECK: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %[[QS0]], %{{.*}} = %{{.*}}) : (i32, !cta.slot<{{.*}}>, tensor
    // CHECK: scf.condition(%{{.*}}) %{{.*}}, %{{.*}}, %{{.*}} : i32, !cta.slot<
    // CHECK: ^bb0(%{{.*}}: i32, %[[QS:.*]]: !cta.slot<{{.*}}>, %{{.*}}: tensor
    // CHECK-NEXT: %[[QT:.*]] = cta.slot_tile %[[QS]] of %[[QC]]
    // CHECK: scf.for
    // CHECK: cta.dot_async %[[QT]]
    // CHECK: }
    // CHECK-NEXT: cta.release %[[QS]] of %[[QC]] : <
    // CHECK: %[[OK:.*]] = arith.cmpi slt
    // CHECK: %[[QS1:.*]] = cta.wait %[[QC]] if %[[OK]]
    // CHECK-NEXT: %[[QT1:.*]] = cta.slot_tile %[[QS1]]
    // CHECK-NEXT: %[[KS1:.*]] = cta.wait %[[KC]] if %[[OK]]
    // CHECK: cta.dot_async %[[QT1]]
    // CHECK-NEXT: cta.dot_wait
    // CHECK-NEXT: cta.release %[[KS1]] of %[[KC]] if %[[OK]]
    // CHECK: scf.yield %{{.*}}, %[[QS1]], %{{.*}} : i32, !cta.slot<
    // CHECK-NEXT: }
    // CHECK-NEXT: }
    // CHECK-NEXT: gpu.return
    %qt0 = cta.load %q[%m00, %c0] dims [0, 1] : !mem -> !tile
    %kt0 = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
    %f0 = cta.dot_async %qt0, %kt0 transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %s0 = cta.dot_wait %f0 : !cta.inflight<!acc>
    scf.while (%t = %t0, %qt = %qt0, %s = %s0) : (i32, !tile, !acc) -> (i32, !tile, !acc) {
      %ok = arith.cmpi slt, %t, %total : i32
      scf.condition(%ok) %t, %qt, %s : i32, !tile, !acc
    } do {
    ^bb0(%t: i32, %qt: !tile, %s: !acc):
      %r = scf.for %j = %c1 to %blocks step %c1 iter_args(%a = %s) -> (!acc) : i32 {
        %jx = arith.index_cast %j : i32 to index
        %n0 = arith.muli %jx, %c64 : index
        %kt = cta.load %k[%n0, %c0] dims [0, 1] : !mem -> !tile
        %f = cta.dot_async %qt, %kt transpose_b : !tile, !tile -> !cta.inflight<!acc>
        %d = cta.dot_wait %f : !cta.inflight<!acc>
        %x = arith.maximumf %a, %d : !acc
        scf.yield %x : !acc
      }
      %next = cta.next_tile %t : i32
      %ok = arith.cmpi slt, %next, %total : i32
      %nx = arith.index_cast %next : i32 to index
      %m1 = arith.muli %nx, %c64 : index
      %qt1 = cta.load %q[%m1, %c0] dims [0, 1] if %ok : !mem -> !tile
      %kt1 = cta.load %k[%c0, %c0] dims [0, 1] if %ok : !mem -> !tile
      %f1 = cta.dot_async %qt1, %kt1 transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %s1 = cta.dot_wait %f1 : !cta.inflight<!acc>
      %tx = arith.index_cast %t : i32 to index
      %m0 = arith.muli %tx, %c64 : index
      cta.write %r, %o[%m0, %c0] dims [0, 1] : !acc, memref<?x?xf32>
      scf.yield %next, %qt1, %s1 : i32, !tile, !acc
    }
    gpu.return
  }
}
