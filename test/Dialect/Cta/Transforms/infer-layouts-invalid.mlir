// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-infer-layouts)))' -split-input-file -verify-diagnostics

// Each warpgroup holds 64 rows.

gpu.module @kernels {
  gpu.func @rows(%q: memref<?x64xbf16>, %o: memref<?x64xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<96x64xbf16>
    // expected-error @below {{a tile of 'tensor<96x96xf32>' cannot have the layout #cta.mma<warps = [8, 1]>: an accumulator of 8 x 1 warps needs a multiple of 128 rows and of 8 columns, got 96 x 96}}
    %s = cta.dot %qt, %qt transpose_b : !cta.tile<96x64xbf16>, !cta.tile<96x64xbf16> -> tensor<96x96xf32>
    cta.write %s, %o[%i, %i] dims [0, 1] : tensor<96x96xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

// The number of warpgroups is not guessed.

gpu.module @kernels {
  // expected-error @below {{'gpu.func' op computes register tiles and has no 'cta.schedule', which says how many warpgroups hold them}}
  gpu.func @no_schedule(%o: memref<?x64xf32>, %i: index) kernel {
    %t = cta.read %o[%i, %i] dims [0, 1] : memref<?x64xf32> -> tensor<64x64xf32>
    cta.write %t, %o[%i, %i] dims [0, 1] : tensor<64x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

// An op that is not known to keep the layout.

gpu.module @kernels {
  gpu.func @unknown(%o: memref<?x64xf32>, %i: index) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.read %o[%i, %i] dims [0, 1] : memref<?x64xf32> -> tensor<64x64xf32>
    // expected-error @below {{'builtin.unrealized_conversion_cast' op has register tiles, and cta-infer-layouts does not know what their layouts have in common}}
    %u = builtin.unrealized_conversion_cast %t : tensor<64x64xf32> to tensor<64x64xf32>
    cta.write %u, %o[%i, %i] dims [0, 1] : tensor<64x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

// Shared tiles consist of whole atoms of 8 rows.

gpu.module @kernels {
  gpu.func @atoms(%q: memref<?x64xbf16>, %o: memref<?x64xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{a shared tile cannot be '!cta.tile<12x64xbf16>': }}
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<12x64xbf16>
    %t = cta.read %o[%i, %i] dims [0, 1] : memref<?x64xf32> -> tensor<64x64xf32>
    gpu.return
  }
}

// -----

// The depth of a product with V is a multiple of 16 keys.

gpu.module @kernels {
  gpu.func @depth(%q: memref<?x64xbf16>, %o: memref<?x64xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<64x8xbf16>
    %vt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<8x64xbf16>
    // expected-error @below {{'cta.dot' op cannot read '!cta.tile<64x8xbf16, swizzle = 16>' and '!cta.tile<8x64xbf16, swizzle = 128>': the depth of a wgmma is 16 columns of a K-major tile, got 8}}
    %s = cta.dot %qt, %vt : !cta.tile<64x8xbf16>, !cta.tile<8x64xbf16> -> tensor<64x64xf32>
    cta.write %s, %o[%i, %i] dims [0, 1] : tensor<64x64xf32>, memref<?x64xf32>
    gpu.return
  }
}
