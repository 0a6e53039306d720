// RUN: fovea-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-specialize-warps)))' | FileCheck %s

// With output_over_query a store goes through the tile of the query that its value depends on, which is released when
// the copy has read it.

!mem = memref<?x?xbf16, strided<[?, ?], offset: ?>>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
!out = tensor<64x64xbf16, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @over_query
  gpu.func @over_query(%q: !mem, %k: !mem, %o: !mem) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1, output_over_query = true>} {
    // CHECK-NOT: cta.alloc_tile
    // CHECK: role(consumer)
    // CHECK: %[[QS:.*]] = cta.wait %[[QC:.*]] : <
    // CHECK: %[[QT:.*]] = cta.slot_tile %[[QS]]
    // CHECK: cta.dot_wait
    // CHECK-NOT: cta.release %[[QS]]
    // CHECK: cta.store {{.*}} via(%[[QT]]
    // CHECK-NEXT: cta.store_wait{{$}}
    // CHECK-NEXT: cta.release %[[QS]] of %[[QC]]
    // CHECK-NEXT: cta.store_wait complete
    %c0 = arith.constant 0 : index
    %qt = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    %kt = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
    %f = cta.dot_async %qt, %kt transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    %b = arith.truncf %s : !acc to !out
    cta.store %b, %o[%c0, %c0] dims [0, 1] : !out, !mem
    gpu.return
  }
}

// -----

// Otherwise stores of one type share a staging tile, and each waits until the one before has been read.

!mem = memref<?x?xbf16, strided<[?, ?], offset: ?>>
!out = tensor<64x96xbf16, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @staging
  gpu.func @staging(%o: !mem) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // CHECK: %[[STAGING:.*]] = cta.alloc_tile : <64x96xbf16, swizzle = 64>
    // CHECK-NOT: cta.alloc_tile
    // CHECK: cta.store_wait{{$}}
    // CHECK-NEXT: cta.store {{.*}} via(%[[STAGING]]
    // CHECK-NEXT: cta.store_wait{{$}}
    // CHECK-NEXT: cta.store {{.*}} via(%[[STAGING]]
    // CHECK-NEXT: cta.store_wait complete
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %b = arith.constant dense<1.0> : !out
    cta.store %b, %o[%c0, %c0] dims [0, 1] : !out, !mem
    cta.store %b, %o[%c64, %c0] dims [0, 1] : !out, !mem
    gpu.return
  }
}
