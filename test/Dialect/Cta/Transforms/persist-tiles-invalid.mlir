// RUN: fovea-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-persist-tiles)))'

gpu.module @kernels {
  gpu.func @two(%m: index) kernel attributes {cta.schedule = #cta.schedule<>} {
    %i = cta.tile_index of(%m) : index
    // expected-error @below {{'cta.tile_index' op is the kernel's second; it has one tile at a time}}
    %j = cta.tile_index of(%m) : index
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @nested(%m: index, %c: i1) kernel attributes {cta.schedule = #cta.schedule<>} {
    scf.if %c {
      // expected-error @below {{'cta.tile_index' op shall be at the top of the kernel}}
      %i = cta.tile_index of(%m) : index
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op has no cta.schedule}}
  gpu.func @no_schedule(%m: index) kernel {
    %i = cta.tile_index of(%m) : index
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @extent(%m: memref<index>) kernel attributes {cta.schedule = #cta.schedule<>} {
    %n = memref.load %m[] : memref<index>
    // expected-error @below {{'cta.tile_index' op has an extent that is not computed from the kernel's arguments alone}}
    %i = cta.tile_index of(%n) : index
    gpu.return
  }
}
