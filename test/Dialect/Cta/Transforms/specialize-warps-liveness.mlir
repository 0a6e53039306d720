// RUN: fovea-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-specialize-warps)))' | FileCheck %s

// What a loop or a branch carries in a role only for itself, or for another role, is gone: here the producer needs of
// four carried values the offset, and the consumer the sum; values that swap places are followed.

!mem = memref<?x?xbf16, strided<[?, ?], offset: ?>>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @cyclic
  gpu.func @cyclic(%q: !mem, %k: !mem, %o: memref<?x?xf32>, %n: i32, %edge: i1) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %zero = arith.constant dense<0.0> : !acc
    // CHECK: role(producer)
    // CHECK: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) : (i32, index) -> (index, i32) {
    // CHECK: scf.for {{.*}} iter_args(%[[AT:.*]] = %{{.*}}) -> (index)
    // CHECK-NEXT: %[[NEXT:.*]] = scf.if %{{.*}} -> (index) {
    // CHECK-NEXT: arith.addi
    // CHECK-NEXT: scf.yield %{{.*}} : index
    // CHECK-NEXT: } else {
    // CHECK-NEXT: scf.yield %{{.*}} : index
    // CHECK-NEXT: }
    // CHECK-NEXT: cta.acquire
    // CHECK-NEXT: cta.tma_load %{{.*}}[%[[AT]],
    // CHECK-NEXT: scf.yield %[[NEXT]] : index
    // CHECK: scf.yield %{{.*}}, %{{.*}} : i32, index

    // CHECK: role(consumer)
    // CHECK: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) : (i32, tensor<{{.*}}>) -> (tensor<{{.*}}>, i32) {
    // CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (tensor<64x64xf32, #cta.mma<warps = [4, 1]>>)
    // CHECK-NOT: scf.if
    // CHECK-NOT: math.exp2
    // CHECK: cta.write
    %qt = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    %w:4 = scf.while (%t = %c1, %at = %c0, %x = %zero, %d = %zero) : (i32, index, !acc, !acc) -> (index, !acc, !acc, i32) {
      %more = arith.cmpi slt, %t, %n : i32
      scf.condition(%more) %at, %d, %x, %t : index, !acc, !acc, i32
    } do {
    ^bb0(%at: index, %d: !acc, %x: !acc, %t: i32):
      %r:3 = scf.for %j = %c1 to %n step %c1 iter_args(%a = %at, %y = %x, %e = %d) -> (index, !acc, !acc) : i32 {
        %next, %unused = scf.if %edge -> (index, !acc) {
          %far = arith.addi %a, %c64 : index
          scf.yield %far, %e : index, !acc
        } else {
          scf.yield %a, %zero : index, !acc
        }
        %kt = cta.load %k[%a, %c0] dims [0, 1] : !mem -> !tile
        %f = cta.dot_async %qt, %kt transpose_b : !tile, !tile -> !cta.inflight<!acc>
        %s = cta.dot_wait %f : !cta.inflight<!acc>
        %z = arith.addf %y, %s : !acc
        %dead = math.exp2 %unused : !acc
        scf.yield %next, %z, %dead : index, !acc, !acc
      }
      %u = arith.addi %t, %c2 : i32
      scf.yield %u, %r#0, %r#1, %r#2 : i32, index, !acc, !acc
    }
    cta.write %w#2, %o[%c0, %c0] dims [0, 1] : !acc, memref<?x?xf32>
    gpu.return
  }
}
