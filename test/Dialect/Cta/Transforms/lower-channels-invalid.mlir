// RUN: fovea-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-lower-channels)))'

// What cta-lower-channels refuses, one mistake a section.

gpu.module @kernels {
  // expected-error@+1 {{has 0 cta.warp_specialize, expected 1: run cta-specialize-warps first}}
  gpu.func @no_roles() kernel {
    gpu.return
  }
}

// -----

!ch = !cta.channel<!cta.tile<64x64xbf16, swizzle = 128>, depth = 2>
gpu.module @kernels {
  gpu.func @wrong_role() kernel {
    %K = cta.channel "K" : !ch
    cta.warp_specialize role(producer) warps(4) registers(0) {
      // expected-error@+1 {{belongs to the program of a consumer}}
      %s = cta.wait %K : !ch -> !cta.slot<!cta.tile<64x64xbf16, swizzle = 128>>
    }
    gpu.return
  }
}

// -----

!ch = !cta.channel<!cta.tile<64x64xbf16, swizzle = 128>, depth = 2>
gpu.module @kernels {
  gpu.func @passed(%K: !ch) kernel {
    cta.warp_specialize role(consumer) warps(4) registers(0) {
      // expected-error@+1 {{uses a channel that is not a result of cta.channel}}
      %s = cta.wait %K : !ch -> !cta.slot<!cta.tile<64x64xbf16, swizzle = 128>>
    }
    gpu.return
  }
}

// -----

!ch = !cta.channel<!cta.tile<64x64xbf16>, depth = 2>
gpu.module @kernels {
  gpu.func @no_layout() kernel {
    // expected-error@+1 {{has tiles without a swizzle: run cta-infer-layouts first}}
    %K = cta.channel "K" : !ch
    cta.warp_specialize role(consumer) warps(4) registers(0) {
      %s = cta.wait %K : !ch -> !cta.slot<!cta.tile<64x64xbf16>>
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @too_many() kernel {
    // expected-error@+1 {{has 8 consumer warpgroups with exclusive sections; 7 barriers are left for them}}
    cta.warp_specialize role(consumer) warps(32) registers(0) {
      cta.section_enter
      cta.section_leave
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @inside(%c: i1) kernel {
    scf.if %c {
      // expected-error@+1 {{must come before the roles, in the kernel's own block}}
      %K = cta.channel "K" : !cta.channel<i32, depth = 2>
    }
    cta.warp_specialize role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
gpu.module @kernels {
  gpu.func @carried_slot(%k: memref<?x?xbf16>, %n: i32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %K = cta.channel "K" : !cta.channel<!tile, depth = 2>
    cta.warp_specialize role(producer) warps(4) registers(0) {
      %s0 = cta.acquire %K : !cta.channel<!tile, depth = 2> -> !cta.slot<!tile>
      %r = scf.for %j = %c1 to %n step %c1 iter_args(%s = %s0) -> (!cta.slot<!tile>) : i32 {
        // expected-error@+1 {{fills a slot that is not a result of cta.acquire}}
        cta.tma_load %k[%c0, %c0] dims [0, 1] to %s : memref<?x?xbf16>, !cta.slot<!tile>
        scf.yield %s : !cta.slot<!tile>
      }
    }
    gpu.return
  }
}
