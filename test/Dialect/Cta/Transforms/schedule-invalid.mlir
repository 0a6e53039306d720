// RUN: fovea-opt %s -split-input-file -verify-diagnostics --remarks-filter=cta-schedule -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-schedule)))' -o /dev/null

// Loops that do not overlap, and why.

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  // expected-error @below {{'gpu.func' op has products and no 'cta.schedule'}}
  gpu.func @no_schedule(%q: !tile) kernel {
    %s = cta.dot %q, %q transpose_b : !tile, !tile -> !acc
    gpu.return
  }
}

// -----

// A single product has nothing to overlap with.

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @single(%q: !tile, %n: i32, %x: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    // expected-remark-re @below {{[Passed] Schedule {{.*}}block_register_limit=212, block_registers=32, consumer_registers=240, overlap=0, producer_registers=64, shared_bytes=1024, stages=2, tile_m=64, tile_n=64, warpgroups=1}}
    // expected-remark-re @below {{[Missed] Overlap {{.*}}no product of the loop takes the result of another as its A operand}}
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (!acc) : i32 {
      %s = cta.dot %q, %q, %a transpose_b : !tile, !tile, !acc -> !acc
      scf.yield %s : !acc
    }
    gpu.return
  }
}

// -----

// The first product adds to what the second one leaves: it cannot come before it.

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @chained(%q: !tile, %n: i32, %x: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (!acc) : i32 {
      // expected-error @below {{cannot be issued before the product that it adds to, or that the iteration before leaves running, is complete: set overlap = false}}
      %s = cta.dot %q, %q, %a transpose_b : !tile, !tile, !acc -> !acc
      %p = arith.truncf %s : !acc to tensor<64x64xbf16, #acc>
      %pa = cta.convert_layout %p : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
      %o = cta.dot %pa, %q : tensor<64x64xbf16, #opa>, !tile -> !acc
      scf.yield %o : !acc
    }
    gpu.return
  }
}

// -----

// A product in a branch is issued and waited for there.

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @branch(%q: !tile, %n: i32, %x: !acc, %c: i1) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (!acc) : i32 {
      %s = cta.dot %q, %q transpose_b : !tile, !tile -> !acc
      %p = arith.truncf %s : !acc to tensor<64x64xbf16, #acc>
      %pa = cta.convert_layout %p : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
      // expected-error @below {{issues a product in a branch, which cannot overlap with another: set overlap = false}}
      %y = scf.if %c -> (!acc) {
        %z = cta.dot %q, %q : !tile, !tile -> !acc
        scf.yield %z : !acc
      } else {
        scf.yield %a : !acc
      }
      %o = cta.dot %pa, %q, %y : tensor<64x64xbf16, #opa>, !tile, !acc -> !acc
      scf.yield %o : !acc
    }
    gpu.return
  }
}

// -----

// Two stages hold two products in a row, not three.

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
!pa = tensor<64x64xbf16, #opa>
gpu.module @kernels {
  gpu.func @three(%q: !tile, %n: i32, %x: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (!acc) : i32 {
      %s = cta.dot %q, %q transpose_b : !tile, !tile -> !acc
      %p = arith.truncf %s : !acc to tensor<64x64xbf16, #acc>
      %pa = cta.convert_layout %p : tensor<64x64xbf16, #acc> -> !pa
      %t = cta.dot %pa, %q : !pa, !tile -> !acc
      %u = arith.truncf %t : !acc to tensor<64x64xbf16, #acc>
      %ua = cta.convert_layout %u : tensor<64x64xbf16, #acc> -> !pa
      // expected-error @below {{depends on a product that depends on another of the same iteration; two stages hold two products in a row: set overlap = false}}
      %o = cta.dot %ua, %q, %a : !pa, !tile, !acc -> !acc
      scf.yield %o : !acc
    }
    gpu.return
  }
}

// -----

// A tile that both stages read is loaded for each.

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @shared_load(%q: !tile, %k: memref<?x64xbf16>, %i: index, %n: i32, %x: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    // expected-remark-re @below {{[Passed] Schedule {{.*}}overlap=1{{.*}}}}
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (!acc) : i32 {
      // expected-remark-re @below {{[Missed] LoadOnce {{.*}}a tile is read in two stages, and loaded for each{{.*}}times=2}}
      %kt = cta.load %k[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !tile
      %s = cta.dot %q, %kt transpose_b : !tile, !tile -> !acc
      %p = arith.truncf %s : !acc to tensor<64x64xbf16, #acc>
      %pa = cta.convert_layout %p : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
      %o = cta.dot %pa, %kt, %a : tensor<64x64xbf16, #opa>, !tile, !acc -> !acc
      scf.yield %o : !acc
    }
    gpu.return
  }
}
