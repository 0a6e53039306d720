// RUN: fovea-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-specialize-warps)))'

// What cta-specialize-warps refuses, one mistake a section.

gpu.module @kernels {
  // expected-error@+1 {{has no 'cta.schedule', which names its roles}}
  gpu.func @unscheduled() kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{shall not be specialised (specialize = false), but loads without a producer are not supported yet}}
  gpu.func @one_role() kernel attributes {cta.schedule = #cta.schedule<specialize = false>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @not_persistent(%n: index) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error@+1 {{must be gone before roles: run cta-persist-tiles first}}
    %t = cta.tile_index of(%n) : index
    gpu.return
  }
}

// -----

!mem = memref<?x?xbf16>
gpu.module @kernels {
  gpu.func @no_layout(%q: !mem) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    // expected-error@+1 {{loads a tile without a swizzle: run cta-infer-layouts first}}
    %t = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !cta.tile<64x64xbf16>
    gpu.return
  }
}

// -----

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
gpu.module @kernels {
  gpu.func @chosen(%q: !mem, %c: i1) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    // expected-note@+1 {{the tile}}
    %t = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    // expected-error@+1 {{uses a loaded tile; only cta.dot_async and loops can}}
    %u = arith.select %c, %t, %t : !tile
    gpu.return
  }
}

// -----

// Two tiles of a channel of one slot at the same time.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @too_shallow(%k: !mem) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, stages = 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %t = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
    // expected-error@+1 {{would wait forever: all 1 slots of channel "arg0" are still in use (rule 5); give it more stages}}
    %u = cta.load %k[%c64, %c0] dims [0, 1] : !mem -> !tile
    %f = cta.dot_async %t, %u transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

// A carried tile that may be absent in an iteration.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @other_condition(%q: !mem, %k: !mem, %total: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %c0_i32 = arith.constant 0 : i32
    %q0 = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    // expected-error@+1 {{carries a tile that is loaded on another condition than that under which its body runs}}
    scf.while (%t = %c0_i32, %qt = %q0) : (i32, !tile) -> (i32, !tile) {
      %ok = arith.cmpi slt, %t, %total : i32
      scf.condition(%ok) %t, %qt : i32, !tile
    } do {
    ^bb0(%t: i32, %qt: !tile):
      %kt = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
      %f = cta.dot_async %qt, %kt transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f : !cta.inflight<!acc>
      %next = cta.next_tile %t : i32
      %ok = arith.cmpi sle, %next, %total : i32
      // expected-note@+1 {{the load}}
      %q1 = cta.load %q[%c0, %c0] dims [0, 1] if %ok : !mem -> !tile
      scf.yield %next, %q1 : i32, !tile
    }
    gpu.return
  }
}

// -----

// A product that is waited for in the next iteration: its tile would have to outlive the iteration.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @over_back_edge(%k: !mem, %n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %t = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
    %f = cta.dot_async %t, %t transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %r = scf.for %j = %c1 to %n step %c1 iter_args(%g = %f) -> (!cta.inflight<!acc>) : i32 {
      %s = cta.dot_wait %g : !cta.inflight<!acc>
      // expected-error@+1 {{reads a loaded tile and is not waited for exactly once, in the same iteration (rule 9)}}
      %h = cta.dot_async %t, %t transpose_b : !tile, !tile -> !cta.inflight<!acc>
      scf.yield %h : !cta.inflight<!acc>
    }
    %s = cta.dot_wait %r : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x32xf32, #cta.mma<warps = [4, 1]>>
!out = tensor<64x32xbf16, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @other_shape(%q: !mem, %k: !mem, %o: !mem) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1, output_over_query = true>} {
    %c0 = arith.constant 0 : index
    %qt = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    %kt = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !cta.tile<32x64xbf16, swizzle = 128>
    %f = cta.dot_async %qt, %kt transpose_b : !tile, !cta.tile<32x64xbf16, swizzle = 128> -> !cta.inflight<!acc>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    %b = arith.truncf %s : !acc to !out
    // expected-error@+1 {{shall go through the tile of the query (output_over_query), which is '!cta.tile<64x64xbf16, swizzle = 128>', with 'tensor<64x32xbf16, #cta.mma<warps = [4, 1]>>'}}
    cta.store %b, %o[%c0, %c0] dims [0, 1] : !out, !mem
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @unscheduled_product(%q: !cta.tile<64x64xbf16, swizzle = 128>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error@+1 {{is not scheduled: run cta-schedule first}}
    %s = cta.dot %q, %q transpose_b : !cta.tile<64x64xbf16, swizzle = 128>, !cta.tile<64x64xbf16, swizzle = 128> -> tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @twice() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error@+1 {{is in the program already}}
    cta.warp_specialize role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{must have structured control flow, got 2 blocks}}
  gpu.func @branches() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    cf.br ^end
  ^end:
    gpu.return
  }
}

// -----

// A loop carries, in one value, tiles of two arguments.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @two_operands(%q: !mem, %k: !mem, %n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %t = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %t) -> (!tile) : i32 {
      %f = cta.dot_async %a, %a transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f : !cta.inflight<!acc>
      %u = cta.load %k[%c0, %c0] dims [0, 1] : !mem -> !tile
      // expected-error@+1 {{carries tiles of two channels, '!cta.tile<64x64xbf16, swizzle = 128>' and '!cta.tile<64x64xbf16, swizzle = 128>', as one value}}
      scf.yield %u : !tile
    }
    gpu.return
  }
}

// -----

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @given(%q: !mem, %given: !tile, %n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    // expected-error@+1 {{carries in one value a loaded tile and one that no load of the same operand made}}
    %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %given) -> (!tile) : i32 {
      %f = cta.dot_async %a, %a transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f : !cta.inflight<!acc>
      %u = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
      scf.yield %u : !tile
    }
    gpu.return
  }
}

// -----

// A tile that a loop in another block takes over.

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
gpu.module @kernels {
  gpu.func @other_block(%q: !mem, %n: i32, %c: i1) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %t = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    scf.if %c {
      // expected-error@+1 {{hands a loaded tile to two loops, or out of a block that does not own it (rule 5)}}
      %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %t) -> (!tile) : i32 {
        %u = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
        scf.yield %u : !tile
      }
    }
    gpu.return
  }
}

// -----

!mem = memref<?x?xbf16>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @read_afterwards(%q: !mem, %n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, stages = 3>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %t = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
    // expected-error@+1 {{takes over a loaded tile that is read outside of it afterwards (rule 5)}}
    %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %t) -> (!tile) : i32 {
      %u = cta.load %q[%c0, %c0] dims [0, 1] : !mem -> !tile
      scf.yield %u : !tile
    }
    %f = cta.dot_async %t, %t transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

!mem = memref<?x?xbf16>
!out = tensor<64x64xbf16, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @no_query(%x: !out, %o: !mem) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, output_over_query = true>} {
    %c0 = arith.constant 0 : index
    // expected-error@+1 {{shall go through the tile of the query (output_over_query), but depends on 0 such tiles of its tile's loop body}}
    cta.store %x, %o[%c0, %c0] dims [0, 1] : !out, !mem
    gpu.return
  }
}

// -----

!mem = memref<?x?xbf16>
!out = tensor<64x64xbf16, #cta.mma<warps = [4, 1]>>
gpu.module @kernels {
  gpu.func @staged(%x: !out, %o: !mem) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t = cta.alloc_tile : !cta.tile<64x64xbf16, swizzle = 128>
    // expected-error@+1 {{goes through a shared tile already}}
    cta.store %x, %o[%c0, %c0] dims [0, 1] via(%t : !cta.tile<64x64xbf16, swizzle = 128>) : !out, !mem
    gpu.return
  }
}
