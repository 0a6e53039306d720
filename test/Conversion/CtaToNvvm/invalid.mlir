// RUN: fovea-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))'

// What a stage before this one should have done, and what threads cannot do: one mistake a section, each named.

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op is no kernel}}
  gpu.func @no_kernel() {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op has no cta.schedule}}
  gpu.func @no_schedule() kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op has an argument of type 'tensor<4xf32>', expected memrefs and scalars}}
  gpu.func @argument_tensor(%x: tensor<4xf32>) kernel attributes {cta.schedule = #cta.schedule<>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @argument_use(%x: memref<4xf32>) kernel attributes {cta.schedule = #cta.schedule<>} {
    // expected-error @below {{'memref.cast' op uses argument 0 of the kernel in a way that cta-to-nvvm does not know}}
    %y = memref.cast %x : memref<4xf32> to memref<?xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @dim_unknown(%x: memref<?x?xf32>, %i: index) kernel attributes {cta.schedule = #cta.schedule<>} {
    // expected-error @below {{'memref.dim' op asks for a dimension that is not a constant of the memref's rank}}
    %n = memref.dim %x, %i : memref<?x?xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @slot(%x: memref<?x8xbf16>, %i: index) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c = cta.channel "x" : !cta.channel<!cta.tile<8x8xbf16, swizzle = 16>, depth = 1>
    cta.warp_specialize role(producer) warps(4) registers(0) {
      %s = cta.acquire %c : !cta.channel<!cta.tile<8x8xbf16, swizzle = 16>, depth = 1> -> !cta.slot<!cta.tile<8x8xbf16, swizzle = 16>>
      // expected-error @below {{'cta.tma_load' op fills a slot of a channel; cta-lower-channels makes it a tile}}
      cta.tma_load %x[%i, %i] dims [0, 1] to %s : memref<?x8xbf16>, !cta.slot<!cta.tile<8x8xbf16, swizzle = 16>>
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @swizzle(%x: memref<?x8xbf16>, %i: index, %a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.smem_tile %a : !cta.tile<8x8xbf16>
    // expected-error @below {{'cta.tma_load' op moves a tile without a swizzle ('!cta.tile<8x8xbf16>'); cta-infer-layouts gives it one}}
    cta.tma_load %x[%i, %i] dims [0, 1] to %t signal %a : memref<?x8xbf16>, !cta.tile<8x8xbf16>
    gpu.return
  }
}

// -----

!tile = !cta.tile<8x8xbf16, swizzle = 16>
gpu.module @kernels {
  gpu.func @map_rank(%x: memref<2x2x2x2x8x8xbf16>, %i: index, %a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.smem_tile %a : !tile
    // expected-error @below {{'cta.tma_load' op moves a tile of a memref of rank 6, TMA knows at most 5}}
    cta.tma_load %x[%i, %i, %i, %i, %i, %i] dims [4, 5] to %t signal %a : memref<2x2x2x2x8x8xbf16>, !tile
    gpu.return
  }
}

// -----

!tile = !cta.tile<8x8xbf16, swizzle = 16>
gpu.module @kernels {
  gpu.func @map_stride(%x: memref<8x8xbf16>, %i: index, %a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.smem_tile %a : !tile
    // expected-error @below {{'cta.tma_load' op moves rows along dimension 0 of 'memref<8x8xbf16>', whose stride is not 1}}
    cta.tma_load %x[%i, %i] dims [1, 0] to %t signal %a : memref<8x8xbf16>, !tile
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @layout(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.splat' op computes 'tensor<64xf32>': the tile has no layout}}
    %t = cta.splat %x : f32 -> tensor<64xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @layout_rows(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{an accumulator of 4 x 1 warps needs a multiple of 64 rows and of 8 columns, got 32 x 8}}
    %t = cta.splat %x : f32 -> tensor<32x8xf32, #cta.mma<warps = [4, 1]>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'llvm.func' op has 2 cta.warp_specialize, expected one at most, in no other region}}
  gpu.func @two_specialize() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    cta.warp_specialize role(consumer) warps(4) registers(0) {
    }
    cta.warp_specialize role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @place() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.shared' op has no place in shared memory; cta-allocate-smem gives it one}}
    // expected-error @below {{failed to legalize operation 'cta.shared'}}
    %a = cta.shared "a" bytes(8) align(8) : i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @pending(%f: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %a = cta.shared "a" bytes(8) align(8) at(0) : i32
    %q = cta.smem_tile %a : !cta.tile<64x16xbf16, swizzle = 32>
    %k = cta.smem_tile %a : !cta.tile<8x16xbf16, swizzle = 32>
    %p = cta.dot_async %q, %k transpose_b : !cta.tile<64x16xbf16, swizzle = 32>, !cta.tile<8x16xbf16, swizzle = 32> -> !cta.inflight<tensor<64x8xf32, #cta.mma<warps = [4, 1]>>>
    // expected-error @below {{'cta.dot_wait' op has no pending count; cta-derive-waits gives it}}
    // expected-error @below {{failed to legalize operation 'cta.dot_wait'}}
    %s = cta.dot_wait %p : !cta.inflight<tensor<64x8xf32, #cta.mma<warps = [4, 1]>>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @expect_consumer(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.mbarrier_arrive' op expects bytes from a consumer, of which every warp would}}
    // expected-error @below {{failed to legalize operation 'cta.mbarrier_arrive'}}
    cta.mbarrier_arrive %a expect(64)
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @barrier_producer(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    cta.warp_specialize role(producer) warps(4) registers(0) {
      // expected-error @below {{'cta.named_barrier' op is executed by one thread of a producer, but whole warps meet at a barrier}}
      // expected-error @below {{failed to legalize operation 'cta.named_barrier'}}
      cta.named_barrier %a threads(128)
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @sync_producer() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    cta.warp_specialize role(producer) warps(4) registers(0) {
      // expected-error @below {{'cta.sync_block' op is executed by one thread of a producer}}
      // expected-error @below {{failed to legalize operation 'cta.sync_block'}}
      cta.sync_block
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

!tile = !cta.tile<8x8xbf16, swizzle = 16>
gpu.module @kernels {
  gpu.func @load_consumer(%x: memref<8x8xbf16>, %i: index, %a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.smem_tile %a : !tile
    // expected-error @below {{'cta.tma_load' op is executed by all threads of a consumer, and would copy once in each}}
    // expected-error @below {{failed to legalize operation 'cta.tma_load'}}
    cta.tma_load %x[%i, %i] dims [0, 1] to %t signal %a : memref<8x8xbf16>, !tile
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @counter_consumer(%c: memref<2xi32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.first_tile : i32
    // expected-error @below {{'cta.next_tile' op takes a tile from the counter in every thread of a consumer}}
    // expected-error @below {{failed to legalize operation 'cta.next_tile'}}
    %u = cta.next_tile %t counter(%c : memref<2xi32>) : i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @reset_consumer(%c: memref<2xi32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.reset_counter' op is executed by every thread of a consumer}}
    // expected-error @below {{failed to legalize operation 'cta.reset_counter'}}
    cta.reset_counter %c : memref<2xi32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @math(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'math.erf' op has no device form}}
    %y = math.erf %x : f32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @math_wide(%x: f64) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'math.exp2' op has no device form in f64}}
    %y = math.exp2 %x : f64
    gpu.return
  }
}
