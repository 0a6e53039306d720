// RUN: fovea-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-specialize-warps)))' | FileCheck %s

// Of one program, with the tile loop, a product with Q and K before and in the key loop, and tiles by an atomic counter,
// each role keeps its own: loads of an argument, wherever they are, become one channel.

!mem = memref<?x?xbf16, strided<[?, ?], offset: ?>>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
!out = tensor<64x64xbf16, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @persistent
  // CHECK-SAME: (%[[Q:[^:]*]]: memref{{[^%]*}}, %[[K:[^:]*]]: memref
  gpu.func @persistent(%q: !mem, %k: !mem, %o: !mem, %total: i32, %blocks: i32, %counter: memref<2xi32>) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1, stages = 3, scheduler = dynamic, producer_registers = 24, consumer_registers = 240>} {
    // CHECK-DAG: %[[STAGING:.*]] = cta.alloc_tile : <64x64xbf16, swizzle = 128>
    // CHECK-DAG: %[[QC:.*]] = cta.channel "arg0" : <!cta.tile<64x64xbf16, swizzle = 128>, depth = 1>
    // CHECK-DAG: %[[KC:.*]] = cta.channel "arg1" : <!cta.tile<64x64xbf16, swizzle = 128>, depth = 3>
    // CHECK-DAG: %[[FIRST:.*]] = cta.first_tile
    // CHECK-DAG: %[[TC:.*]] = cta.channel "tile" : <i32, depth = 2>
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c1 = arith.constant 1 : i32
    %t0 = cta.first_tile : i32
    %zero = arith.constant dense<0.0> : !acc

    // CHECK: cta.warp_specialize role(producer) warps(4) registers(24) {
    // CHECK-NEXT: scf.while (%[[T:.*]] = %[[FIRST]]) : (i32) -> i32
    // CHECK: ^bb0(%[[T:.*]]: i32):
    // CHECK: %[[QS:.*]] = cta.acquire %[[QC]]
    // CHECK-NEXT: cta.tma_load %[[Q]]{{.*}} to %[[QS]]
    // CHECK-NEXT: %[[KS0:.*]] = cta.acquire %[[KC]]
    // CHECK-NEXT: cta.tma_load %[[K]]{{.*}} to %[[KS0]]
    // CHECK-NEXT: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} : i32 {
    // CHECK-NOT: cta.dot
    // CHECK: %[[KS:.*]] = cta.acquire %[[KC]]
    // CHECK-NEXT: cta.tma_load %[[K]]{{.*}} to %[[KS]]
    // CHECK-NEXT: }
    // CHECK-NEXT: %[[NEXT:.*]] = cta.next_tile %[[T]] counter
    // CHECK-NEXT: cta.send %[[NEXT]] to %[[TC]]
    // CHECK-NEXT: scf.yield %[[NEXT]] : i32

    // CHECK: role(consumer) warps(4) registers(240) {
    // CHECK-NEXT: arith.constant dense<0.000000e+00>
    // CHECK: scf.while (%{{.*}} = %[[FIRST]]) : (i32) -> i32
    // CHECK: %[[QS:.*]] = cta.wait %[[QC]]
    // CHECK-NEXT: %[[QT:.*]] = cta.slot_tile %[[QS]] of %[[QC]]
    // CHECK-NEXT: %[[KS0:.*]] = cta.wait %[[KC]]
    // CHECK-NEXT: %[[KT0:.*]] = cta.slot_tile %[[KS0]] of %[[KC]]
    // CHECK-NEXT: %[[F0:.*]] = cta.dot_async %[[QT]], %[[KT0]] transpose_b
    // CHECK: cta.dot_wait %[[F0]]
    // CHECK-NEXT: cta.release %[[KS0]] of %[[KC]]
    // CHECK-NEXT: scf.for
    // CHECK-NEXT: %[[KS:.*]] = cta.wait %[[KC]]
    // CHECK-NEXT: %[[KT:.*]] = cta.slot_tile %[[KS]] of %[[KC]]
    // CHECK-NEXT: %[[F:.*]] = cta.dot_async %[[QT]], %[[KT]]
    // CHECK-NEXT: cta.dot_wait %[[F]]
    // CHECK-NEXT: cta.release %[[KS]] of %[[KC]]
    // CHECK: }
    // CHECK-NEXT: cta.release %[[QS]] of %[[QC]]
    // CHECK-NEXT: arith.truncf
    // CHECK-NEXT: cta.store_wait{{$}}
    // CHECK-NEXT: cta.store {{.*}} via(%[[STAGING]]
    // CHECK-NEXT: %[[NEXT:.*]] = cta.receive %[[TC]]
    // CHECK-NEXT: scf.yield %[[NEXT]]
    // CHECK-NEXT: }
    // CHECK-NEXT: cta.store_wait complete
    // CHECK-NEXT: }
    // CHECK-NEXT: gpu.return
    scf.while (%t = %t0) : (i32) -> i32 {
      %ok = arith.cmpi slt, %t, %total : i32
      scf.condition(%ok) %t : i32
    } do {
    ^bb0(%t: i32):
      %tx = arith.index_cast %t : i32 to index
      %m0 = arith.muli %tx, %c64 : index
      %qt = cta.load %q[%m0, %c0] dims [0, 1] : !mem -> !tile
      %kt0 = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
      %f0 = cta.dot_async %qt, %kt0 transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %s0 = cta.dot_wait %f0 {cta.at = #cta.at<stage = 0, order = 2, role = consumer>} : !cta.inflight<!acc>
      %r = scf.for %j = %c1 to %blocks step %c1 iter_args(%a = %s0) -> (!acc) : i32 {
        %jx = arith.index_cast %j : i32 to index
        %n0 = arith.muli %jx, %c64 : index
        %kt = cta.load %k[%n0, %c0] dims [0, 1] {cta.at = #cta.at<stage = 0, order = 0, role = producer>} : !mem -> !tile
        %f = cta.dot_async %qt, %kt transpose_b : !tile, !tile -> !cta.inflight<!acc>
        %s = cta.dot_wait %f : !cta.inflight<!acc>
        %y = arith.maximumf %s, %zero : !acc
        %x = arith.maximumf %a, %y : !acc
        scf.yield %x : !acc
      }
      %next = cta.next_tile %t counter(%counter : memref<2xi32>) : i32
      %b = arith.truncf %r : !acc to !out
      cta.store %b, %o[%m0, %c0] dims [0, 1] : !out, !mem
      scf.yield %next : i32
    }
    gpu.return
  }
}
