// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-verify-schedule)))' -split-input-file -verify-diagnostics

// Rules 5, 6 and 10 where channels and sections are ops of their own (after cta-specialize-warps).

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!slot = !cta.slot<!tile>
!ch = !cta.channel<!tile, depth = 2>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_5_release(%a: !tile, %c: !ch) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %s = cta.wait %c : !ch -> !slot
    %t = cta.slot_tile %s of %c : !slot, !ch -> !tile
    %f = cta.dot_async %a, %t transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-error @below {{'cta.release' op rule 5: releases a slot that a product may still read: its wait follows}}
    cta.release %s of %c : !slot, !ch
    %r = cta.dot_wait %f : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!slot = !cta.slot<!tile>
!ch = !cta.channel<!tile, depth = 2>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_5_read(%a: !tile, %c: !ch) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %s = cta.wait %c : !ch -> !slot
    %t = cta.slot_tile %s of %c : !slot, !ch -> !tile
    cta.release %s of %c : !slot, !ch
    // expected-error @below {{'cta.dot_async' op rule 5: reads a slot after its release}}
    %f = cta.dot_async %a, %t transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %r = cta.dot_wait %f : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
!slot = !cta.slot<!tile>
!ch = !cta.channel<!tile, depth = 2>
gpu.module @kernels {
  gpu.func @rule_5_kept(%a: !tile, %c: !ch) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.wait' op rule 5: waits for a slot that is never released}}
    %s = cta.wait %c : !ch -> !slot
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16, swizzle = 128>
gpu.module @kernels {
  gpu.func @rule_5_carried(%a: !tile, %n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    // expected-error @below {{'scf.for' op rule 5: carries a shared tile, '!cta.tile<64x64xbf16, swizzle = 128>', from one iteration to the next}}
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%t = %a) -> (!tile) : i32 {
      scf.yield %t : !tile
    }
    gpu.return
  }
}

// -----

!m = memref<2x2x2x2x?x64xbf16>
gpu.module @kernels {
  gpu.func @rule_6_dimensions(%q: !m, %i: index) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.load' op rule 6: a tensor map has at most 5 dimensions, got 6}}
    %t = cta.load %q[%i, %i, %i, %i, %i, %i] dims [4, 5] : !m -> !cta.tile<64x64xbf16, swizzle = 128>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @rule_6_contiguous(%q: memref<?x64xbf16, strided<[1, ?]>>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // Columns of the tile are rows of the memref, which are contiguous.
    %t = cta.load %q[%i, %i] dims [1, 0] : memref<?x64xbf16, strided<[1, ?]>> -> !cta.tile<64x64xbf16, swizzle = 128>
    gpu.return
  }
  gpu.func @rule_6_strided(%q: memref<?x64xbf16, strided<[128, 2]>>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.load' op rule 6: the columns of a bulk copy are contiguous, got a stride of 2}}
    %t = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16, strided<[128, 2]>> -> !cta.tile<64x64xbf16, swizzle = 128>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @rule_6_alignment(%i: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.shared' op rule 6: lies at offset 192, which is no multiple of 128}}
    %a = cta.shared "Q" bytes(8192) align(128) at(192) : i32
    %b = arith.addi %a, %i : i32
    // expected-error @below {{'cta.smem_tile' op rule 6: '!cta.tile<64x64xbf16, swizzle = 128>' needs an address aligned to 1024 bytes, got 128 of "Q"}}
    %t = cta.smem_tile %b : !cta.tile<64x64xbf16, swizzle = 128>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op rule 6: shared memory of 240000 bytes, and a block has 232448 where 1 share a multiprocessor}}
  gpu.func @rule_6_allocated() kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>, cta.shared_bytes = 240000} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op rule 8: 40 + 2 * 240 registers, and the launch has 3 * 168: the kernel would wait for ever}}
  gpu.func @rule_8_roles() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    cta.warp_specialize role(producer) warps(4) registers(40) {
    } role(consumer) warps(8) registers(240) {
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @rule_10_nested() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    cta.section_enter
    // expected-error @below {{'cta.section_enter' op rule 10: enters an exclusive section within one}}
    cta.section_enter
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @rule_10_not_entered() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    // expected-error @below {{'cta.section_leave' op rule 10: leaves an exclusive section that was not entered}}
    cta.section_leave
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op rule 10: ends within an exclusive section}}
  gpu.func @rule_10_open() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    cta.section_enter
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @rule_10_branch(%c: i1) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    // expected-error @below {{'scf.if' op rule 10: its regions do not leave the exclusive section alike}}
    scf.if %c {
      cta.section_enter
    }
    gpu.return
  }
}

// -----

// A section may span the end of an iteration, as long as each iteration leaves it as it found it.

gpu.module @kernels {
  gpu.func @rule_10_loops(%n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    cta.section_enter
    scf.for %j = %c0 to %n step %c1 : i32 {
      cta.section_leave
      cta.section_enter
    }
    cta.section_leave
    // expected-error @below {{'scf.for' op rule 10: an iteration does not leave the exclusive section as it found it}}
    scf.for %j = %c0 to %n step %c1 : i32 {
      cta.section_enter
    }
    gpu.return
  }
}

// -----

#row = #cta.slice<1, #cta.mma<warps = [8, 1]>>
gpu.module @kernels {
  gpu.func @rule_10_inside(%x: tensor<128xf32, #row>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    cta.section_enter
    // expected-error @below {{'math.exp2' op rule 10: keeps the other warpgroups out of the exclusive section, where only products are issued}}
    %y = math.exp2 %x : tensor<128xf32, #row>
    cta.section_leave
    gpu.return
  }
}
