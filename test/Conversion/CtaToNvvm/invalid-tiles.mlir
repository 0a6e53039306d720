// RUN: fovea-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))'

// Tiles that the threads of a role, or the instructions, cannot hold or move: one mistake a section, each named.

#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x16xbf16, swizzle = 32>
gpu.module @kernels {
  gpu.func @dot_producer(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %q = cta.smem_tile %a : !q
    cta.warp_specialize role(producer) warps(4) registers(0) {
      // expected-error @below {{'cta.dot_async' op is executed by a producer, of which one thread runs; wgmma needs a warpgroup}}
      // expected-error @below {{failed to legalize operation 'cta.dot_async'}}
      %f = cta.dot_async %q, %q transpose_b : !q, !q -> !cta.inflight<tensor<64x64xf32, #acc>>
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x16xf32, swizzle = 64>
gpu.module @kernels {
  gpu.func @dot_element(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %q = cta.smem_tile %a : !q
    // expected-error @below {{'cta.dot_async' op multiplies bf16 or f16, got 'f32'}}
    // expected-error @below {{failed to legalize operation 'cta.dot_async'}}
    %f = cta.dot_async %q, %q transpose_b : !q, !q -> !cta.inflight<tensor<64x64xf32, #acc>>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x16xf16, swizzle = 32>
gpu.module @kernels {
  gpu.func @dot_accumulator(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %q = cta.smem_tile %a : !q
    // expected-error @below {{'cta.dot_async' op accumulates f32, got 'f16'}}
    // expected-error @below {{failed to legalize operation 'cta.dot_async'}}
    %f = cta.dot_async %q, %q transpose_b : !q, !q -> !cta.inflight<tensor<64x64xf16, #acc>>
    gpu.return
  }
}

// -----

// A layout of one warpgroup, and two warpgroups.

#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<128x16xf16, swizzle = 32>
!k = !cta.tile<8x16xf16, swizzle = 32>
gpu.module @kernels {
  gpu.func @dot_rows(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %q = cta.smem_tile %a : !q
    %k = cta.smem_tile %a : !k
    // expected-error @below {{'cta.dot_async' op needs a multiple of 128 rows and the layout of 8 x 1 warps for 2 warpgroups, got 'tensor<128x8xf32, #cta.mma<warps = [4, 1]>>'}}
    // expected-error @below {{failed to legalize operation 'cta.dot_async'}}
    %f = cta.dot_async %q, %k transpose_b : !q, !k -> !cta.inflight<tensor<128x8xf32, #acc>>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x16xf16, swizzle = 32>
!k = !cta.tile<264x16xf16, swizzle = 32>
gpu.module @kernels {
  gpu.func @dot_columns(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %q = cta.smem_tile %a : !q
    %k = cta.smem_tile %a : !k
    // expected-error @below {{'cta.dot_async' op has at most 256 columns, got 264}}
    // expected-error @below {{failed to legalize operation 'cta.dot_async'}}
    %f = cta.dot_async %q, %k transpose_b : !q, !k -> !cta.inflight<tensor<64x264xf32, #acc>>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x8xf16, swizzle = 16>
gpu.module @kernels {
  gpu.func @dot_depth(%a: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %q = cta.smem_tile %a : !q
    // expected-error @below {{'cta.dot_async' op cannot read b: the depth of a wgmma is 16 columns of a K-major tile, got 8}}
    // expected-error @below {{failed to legalize operation 'cta.dot_async'}}
    %f = cta.dot_async %q, %q transpose_b : !q, !q -> !cta.inflight<tensor<64x64xf32, #acc>>
    gpu.return
  }
}

// -----

// A reduction over rows would need the other warps.

#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @reduce_warps(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.splat %x : f32 -> tensor<64x8xf32, #acc>
    // expected-error @below {{'cta.reduce' op would need shared memory: several warps hold a part of what is reduced}}
    // expected-error @below {{failed to legalize operation 'cta.reduce'}}
    %r = cta.reduce add %t dim 0 : tensor<64x8xf32, #acc> -> tensor<8xf32, #cta.slice<0, #acc>>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @reduce_element(%x: f16) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.splat %x : f16 -> tensor<64x8xf16, #acc>
    // expected-error @below {{'cta.reduce' op combines f32 or i32 between lanes, got 'f16'}}
    // expected-error @below {{failed to legalize operation 'cta.reduce'}}
    %r = cta.reduce add %t dim 1 : tensor<64x8xf16, #acc> -> tensor<64xf16, #cta.slice<1, #acc>>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @convert(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.splat %x : f32 -> tensor<64x16xf32, #acc>
    // expected-error @below {{'cta.convert_layout' op from #cta.mma<warps = [4, 1]> to #cta.operand_a<<warps = [4, 1]>> moves elements between threads, which is not supported}}
    // expected-error @below {{failed to legalize operation 'cta.convert_layout'}}
    %u = cta.convert_layout %t : tensor<64x16xf32, #acc> -> tensor<64x16xf32, #cta.operand_a<#acc>>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x8xf32, swizzle = 32>
gpu.module @kernels {
  gpu.func @store_element(%o: memref<64x8xf32>, %i: index, %a: i32, %x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %v = cta.smem_tile %a : !tile
    %t = cta.splat %x : f32 -> tensor<64x8xf32, #acc>
    // expected-error @below {{'cta.store' op sends elements of 16 bits through shared memory, got 'f32'}}
    // expected-error @below {{failed to legalize operation 'cta.store'}}
    cta.store %t, %o[%i, %i] dims [0, 1] via(%v : !tile) : tensor<64x8xf32, #acc>, memref<64x8xf32>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x16xf16, swizzle = 32>
gpu.module @kernels {
  gpu.func @store_layout(%o: memref<64x16xf16>, %i: index, %a: i32, %x: f16) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %v = cta.smem_tile %a : !tile
    %t = cta.splat %x : f16 -> tensor<64x16xf16, #cta.operand_a<#acc>>
    // expected-error @below {{'cta.store' op sends a multiple of 64 rows in the layout of 4 x 1 warps through shared memory, got 'tensor<64x16xf16, #cta.operand_a<<warps = [4, 1]>>>'}}
    // expected-error @below {{failed to legalize operation 'cta.store'}}
    cta.store %t, %o[%i, %i] dims [0, 1] via(%v : !tile) : tensor<64x16xf16, #cta.operand_a<#acc>>, memref<64x16xf16>
    gpu.return
  }
}

// -----

#row = #cta.slice<1, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @write_producer(%o: memref<64xf32>, %i: index, %x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.splat %x : f32 -> tensor<64xf32, #row>
    cta.warp_specialize role(producer) warps(4) registers(0) {
      // expected-error @below {{'cta.write' op is executed by a producer, of which one thread runs}}
      // expected-error @below {{failed to legalize operation 'cta.write'}}
      cta.write %t, %o[%i] dims [0] : tensor<64xf32, #row>, memref<64xf32>
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

#row = #cta.slice<1, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @write_element(%o: memref<64xi4>, %i: index, %x: i4) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.splat %x : i4 -> tensor<64xi4, #row>
    // expected-error @below {{'cta.write' op moves elements of 1, 8, 16, 32 or 64 bits or index, got 'i4'}}
    // expected-error @below {{failed to legalize operation 'cta.write'}}
    cta.write %t, %o[%i] dims [0] : tensor<64xi4, #row>, memref<64xi4>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @layout_operand(%x: bf16) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{an operand A of 16-bit elements needs a multiple of 64 rows and of 16 columns, got 64 x 8}}
    %t = cta.splat %x : bf16 -> tensor<64x8xbf16, #cta.operand_a<#cta.mma<warps = [4, 1]>>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @layout_lanes(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{a #cta.lanes tile has 4 columns}}
    %t = cta.splat %x : f32 -> tensor<64x8xf32, #cta.lanes<#cta.mma<warps = [4, 1]>>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @layout_rank(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{a layout of a matrix needs a tile of rank 2, got 1}}
    %t = cta.splat %x : f32 -> tensor<64xf32, #cta.mma<warps = [4, 1]>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @layout_slice(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{a slice is a tile of rank 1, got 2}}
    %t = cta.splat %x : f32 -> tensor<64x8xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @wait_producer() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    cta.warp_specialize role(producer) warps(4) registers(0) {
      // expected-error @below {{'cta.store_wait' op waits for stores, which consumers make}}
      // expected-error @below {{failed to legalize operation 'cta.store_wait'}}
      cta.store_wait
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @constant(%o: memref<64xf32>, %i: index) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{differs from element to element, which no register tile of constants can}}
    // expected-error @below {{failed to legalize operation 'arith.constant'}}
    %t = arith.constant dense<"0x000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F000000000000803F"> : tensor<64xf32, #cta.slice<1, #acc>>
    cta.write %t, %o[%i] dims [0] : tensor<64xf32, #cta.slice<1, #acc>>, memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @too_large(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{: a thread has 1073741824 elements of it, expected at most 1024}}
    %t = cta.splat %x : f32 -> tensor<4294967296x32xf32, #cta.mma<warps = [4, 1]>>
    gpu.return
  }
}
