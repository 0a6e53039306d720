// RUN: fovea-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-derive-waits)))' | FileCheck %s

// `pending` counts the products issued after the awaited one; P, computed while the second product runs, is tied to the
// wait behind which it becomes an operand a, and nothing else is.

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
!p = tensor<64x64xbf16, #cta.mma<warps = [4, 1]>>
!a = tensor<64x64xbf16, #cta.operand_a<#cta.mma<warps = [4, 1]>>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @overlap
  gpu.func @overlap(%q: !tile, %k: !tile, %v: !tile, %n: i32, %a0: !a, %o0: !acc) kernel {
    %c1 = arith.constant 1 : i32
    // CHECK: scf.for
    // CHECK: %[[F:.*]] = cta.dot_async
    // CHECK-NEXT: %[[G:.*]] = cta.dot_async
    // CHECK-NEXT: %{{.*}} = cta.dot_wait %[[F]] pending(1)
    // CHECK-NEXT: %[[P:.*]] = math.exp2
    // CHECK-NEXT: %[[S:.*]] = math.exp2
    // CHECK-NEXT: %{{.*}}, %[[TIED:.*]] = cta.dot_wait %[[G]] tied(%[[P]] : tensor<64x64xf32, {{.*}}>) pending(0) : !cta.inflight
    // CHECK-NEXT: arith.mulf %{{.*}}, %[[S]]
    // CHECK-NEXT: arith.truncf %[[TIED]]
    %r:2 = scf.for %j = %c1 to %n step %c1 iter_args(%o = %o0, %a = %a0) -> (!acc, !a) : i32 {
      %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %g = cta.dot_async %a, %v, %o : !a, !tile, !acc -> !cta.inflight<!acc>
      %s = cta.dot_wait %f : !cta.inflight<!acc>
      %p = math.exp2 %s : !acc
      %scale = math.exp2 %p : !acc
      %u = cta.dot_wait %g : !cta.inflight<!acc>
      %o1 = arith.mulf %u, %scale : !acc
      %pb = arith.truncf %p : !acc to !p
      %a1 = cta.convert_layout %pb : !p -> !a
      scf.yield %o1, %a1 : !acc, !a
    }
    gpu.return
  }
}

// -----

// What depends on the awaited product itself needs no tie, however it becomes an operand a.

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
!p = tensor<64x64xbf16, #cta.mma<warps = [4, 1]>>
!a = tensor<64x64xbf16, #cta.operand_a<#cta.mma<warps = [4, 1]>>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @in_turn
  gpu.func @in_turn(%q: !tile, %k: !tile, %v: !tile, %m: !acc) kernel {
    // CHECK: cta.dot_wait %{{.*}} pending(0) : !cta.inflight
    // CHECK: cta.dot_wait %{{.*}} pending(0) : !cta.inflight
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    %p = arith.subf %s, %m : !acc
    %pb = arith.truncf %p : !acc to !p
    %a1 = cta.convert_layout %pb : !p -> !a
    %g = cta.dot_async %a1, %v : !a, !tile -> !cta.inflight<!acc>
    %u = cta.dot_wait %g : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

// Branches that issue equally many products, and waits within a branch, have a count.

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @branches
  gpu.func @branches(%q: !tile, %k: !tile, %c: i1) kernel {
    // CHECK: %[[F:.*]] = cta.dot_async
    // CHECK: scf.if
    // CHECK: cta.dot_wait %[[F]] pending(2)
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %h = scf.if %c -> !acc {
      %g = cta.dot_async %q, %k : !tile, !tile -> !cta.inflight<!acc>
      %x = cta.dot_wait %g : !cta.inflight<!acc>
      scf.yield %x : !acc
    } else {
      %g = cta.dot_async %k, %q : !tile, !tile -> !cta.inflight<!acc>
      %x = cta.dot_wait %g : !cta.inflight<!acc>
      scf.yield %x : !acc
    }
    %i = cta.dot_async %q, %k : !tile, !tile -> !cta.inflight<!acc>
    scf.if %c {
      %s = cta.dot_wait %f : !cta.inflight<!acc>
    }
    %y = cta.dot_wait %i : !cta.inflight<!acc>
    gpu.return
  }
}
