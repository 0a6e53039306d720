// RUN: fovea-opt %s -split-input-file -verify-diagnostics --remarks-filter=cta-flatten-tiles -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-flatten-tiles)))' -o /dev/null

// What cannot be flattened, named; and what is not.

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op rule 0: has flatten = true, but no loop over tiles: its scheduler is grid}}
  gpu.func @grid() kernel attributes {cta.schedule = #cta.schedule<flatten = true, scheduler = grid>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-remark-re @below {{[Missed] FlattenTiles {{.*}}the kernel has one tile}}
  gpu.func @one_tile() kernel attributes {cta.schedule = #cta.schedule<flatten = true>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @header(%n: i32) kernel attributes {cta.schedule = #cta.schedule<flatten = true>} {
    %t0 = cta.first_tile : i32
    // expected-error @below {{'scf.while' op is not a loop over tiles as cta-persist-tiles makes it}}
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi ne, %t, %n : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):
      scf.yield %t : i32
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @no_keys(%n: i32) kernel attributes {cta.schedule = #cta.schedule<flatten = true>} {
    %t0 = cta.first_tile : i32
    // expected-remark-re @below {{[Missed] FlattenTiles {{.*}}no loop over keys is left, around which tiles could be flattened}}
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %n : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):
      %next = cta.next_tile %t : i32
      scf.yield %next : i32
    }
    gpu.return
  }
}

// -----

!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @early_claim(%q: !tile, %n: i32, %a0: !acc) kernel attributes {cta.schedule = #cta.schedule<flatten = true>} {
    %c1 = arith.constant 1 : i32
    %t0 = cta.first_tile : i32
    // expected-error @below {{'scf.while' op does not claim its next tile after its loops over keys}}
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %n : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):
      %next = cta.next_tile %t : i32
      %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %a0) -> (!acc) : i32 {
        %w = cta.dot %q, %q, %a : !tile, !tile, !acc -> !acc
        scf.yield %w : !acc
      }
      scf.yield %next : i32
    }
    gpu.return
  }
}

// -----

// What is flattened, and how many values the loop carries for it beside the number of the tile.

!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @flat(%q: !tile, %n: i32, %heads: i32, %a0: !acc, %o: memref<?x64xf32>) kernel attributes {cta.schedule = #cta.schedule<flatten = true>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %t0 = cta.first_tile : i32
    // expected-remark-re @below {{[Passed] FlattenTiles {{.*}}carried=1}}
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %n : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):
      %row = arith.divui %t, %heads : i32
      %m = arith.index_cast %row : i32 to index
      %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %a0) -> (!acc) : i32 {
        %g = cta.dot_async %q, %q, %a : !tile, !tile, !acc -> !cta.inflight<!acc>
        %w = cta.dot_wait %g : !cta.inflight<!acc>
        scf.yield %w : !acc
      }
      %next = cta.next_tile %t : i32
      cta.write %r, %o[%m, %c0] dims [0, 1] : !acc, memref<?x64xf32>
      scf.yield %next : i32
    }
    gpu.return
  }
}

// -----

// The beginning runs once more after the last tile: it must leave nothing behind.

!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @writes(%q: !tile, %n: i32, %a0: !acc, %x: memref<i32>) kernel attributes {cta.schedule = #cta.schedule<flatten = true>} {
    %c1 = arith.constant 1 : i32
    %t0 = cta.first_tile : i32
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %n : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):
      // expected-error @below {{'memref.store' op before the loops over keys would be executed once more after the last tile}}
      memref.store %t, %x[] : memref<i32>
      %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %a0) -> (!acc) : i32 {
        %w = cta.dot %q, %q, %a : !tile, !tile, !acc -> !acc
        scf.yield %w : !acc
      }
      %next = cta.next_tile %t : i32
      scf.yield %next : i32
    }
    gpu.return
  }
}
