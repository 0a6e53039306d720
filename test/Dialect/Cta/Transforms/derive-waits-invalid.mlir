// RUN: fovea-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-derive-waits)))'

// Waits for which there is no one number of products that may still run, one mistake a section.

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @back_edge(%q: !tile, %k: !tile, %n: i32) kernel {
    %c1 = arith.constant 1 : i32
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-error@+1 {{carries a product in flight over a loop's back edge (rule 9)}}
    %r = scf.for %j = %c1 to %n step %c1 iter_args(%g = %f) -> (!cta.inflight<!acc>) : i32 {
      %s = cta.dot_wait %g : !cta.inflight<!acc>
      %h = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
      scf.yield %h : !cta.inflight<!acc>
    }
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @one_branch(%q: !tile, %k: !tile, %c: i1) kernel {
    // expected-note@+1 {{the product}}
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-note@+1 {{here}}
    scf.if %c {
      %g = cta.dot_async %q, %k : !tile, !tile -> !cta.inflight<!acc>
      %x = cta.dot_wait %g : !cta.inflight<!acc>
    }
    // expected-error@+1 {{cannot be given a number of products that may still run: how many are issued after the one it waits for depends on the path (rule 1)}}
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @in_loop(%q: !tile, %k: !tile, %n: i32) kernel {
    %c1 = arith.constant 1 : i32
    // expected-note@+1 {{the product}}
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-note@+1 {{here}}
    scf.for %j = %c1 to %n step %c1 : i32 {
      // expected-error@+1 {{depends on the path (rule 1)}}
      %s = cta.dot_wait %f : !cta.inflight<!acc>
      %g = cta.dot_async %q, %k : !tile, !tile -> !cta.inflight<!acc>
      %x = cta.dot_wait %g : !cta.inflight<!acc>
    }
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @unwaited(%q: !tile, %k: !tile) kernel {
    // expected-error@+1 {{is waited for 0 times, expected 1 (rule 1)}}
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @either(%q: !tile, %k: !tile, %c: i1) kernel {
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %g = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %h = scf.if %c -> (!cta.inflight<!acc>) {
      scf.yield %f : !cta.inflight<!acc>
    } else {
      scf.yield %g : !cta.inflight<!acc>
    }
    // expected-error@+1 {{waits for one of two products, by a condition (rule 1)}}
    %s = cta.dot_wait %h : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @again(%q: !tile, %k: !tile) kernel {
    %f = cta.dot_async %q, %k transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-error@+1 {{has what cta-derive-waits gives already}}
    %s = cta.dot_wait %f pending(0) : !cta.inflight<!acc>
    gpu.return
  }
}
