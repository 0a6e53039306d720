// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-specialize-warps)))' | FileCheck %s

// Scalars of a tile that a consumer first needs behind a product are computed while it runs; what the product itself needs
// stays in front of it, and so does what only the producer reads.

!mem = memref<?x?xbf16, strided<[?, ?], offset: ?>>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @sink
  // CHECK: role(producer)
  // CHECK: %[[ROW:.*]] = arith.divui
  // CHECK: %[[M:.*]] = arith.index_cast %[[ROW]]
  // CHECK: cta.tma_load %{{.*}}[%[[M]],
  // CHECK: role(consumer)
  // CHECK: ^bb0(%[[T:.*]]: i32):
  // CHECK-NOT: arith.divui
  // CHECK: %[[F:.*]] = cta.dot_async
  // CHECK-NEXT: %[[ROW:.*]] = arith.divui %[[T]],
  // CHECK-NEXT: %[[M:.*]] = arith.index_cast %[[ROW]]
  // CHECK-NEXT: %[[S:.*]] = cta.dot_wait %[[F]]
  // CHECK: cta.write %[[S]], %{{.*}}[%[[M]],
  gpu.func @sink(%q: !mem, %k: !mem, %o: memref<?x?xf32>, %total: i32, %heads: i32) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t0 = cta.first_tile : i32
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %total : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):
      %row = arith.divui %t, %heads : i32
      %m = arith.index_cast %row : i32 to index
      %qt = cta.load %q[%m, %c0] dims [0, 1] : !mem -> !tile
      %kt = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
      %f = cta.dot_async %qt, %kt transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f : !cta.inflight<!acc>
      %next = cta.next_tile %t : i32
      cta.write %s, %o[%m, %c0] dims [0, 1] : !acc, memref<?x?xf32>
      scf.yield %next : i32
    }
    gpu.return
  }
}
