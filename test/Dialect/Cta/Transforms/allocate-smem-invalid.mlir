// RUN: fovea-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-allocate-smem)))'

// More shared memory than there is, with what takes it.

gpu.module @kernels {
  // expected-error@+1 {{needs 232456 bytes of shared memory; a thread block has 232448: K 131072, V 101376, K full 8}}
  gpu.func @too_much() kernel {
    %f = cta.shared "K full" bytes(8) align(8) : i32
    %k = cta.shared "K" bytes(131072) align(1024) : i32
    %v = cta.shared "V" bytes(101376) align(1024) : i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{needs 131072 bytes of shared memory; a thread block has 115712 where 2 share a multiprocessor: K 131072}}
  gpu.func @shared_by_two() kernel attributes {cta.schedule = #cta.schedule<blocks_per_sm = 2>} {
    %k = cta.shared "K" bytes(131072) align(1024) : i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @alignment() kernel {
    // expected-error@+1 {{takes at least one byte at a multiple of a power of two, got 8 at a multiple of 24}}
    %k = cta.shared "K" bytes(8) align(24) : i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @no_layout() kernel {
    // expected-error@+1 {{has no swizzle: run cta-infer-layouts first}}
    %t = cta.alloc_tile : !cta.tile<64x64xbf16>
    gpu.return
  }
}
