// RUN: fovea-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(cta-allocate-smem)))' | FileCheck %s

// Tiles come first, at multiples of their alignment, then barriers, then scalars; a tile of its own gets an address.

gpu.module @kernels {
  // CHECK: gpu.func @parts() kernel attributes {cta.shared_bytes = 33820 : i64}
  gpu.func @parts() kernel {
    // CHECK: cta.shared "K full" bytes(16) align(8) at(33792)
    %f = cta.shared "K full" bytes(16) align(8) : i32
    // CHECK-NEXT: cta.shared "tile" bytes(4) align(4) at(33816)
    %t = cta.shared "tile" bytes(4) align(4) : i32
    // CHECK-NEXT: cta.shared "K" bytes(16384) align(1024) at(0)
    %k = cta.shared "K" bytes(16384) align(1024) : i32
    // CHECK-NEXT: %[[AT:.*]] = cta.shared "staging" bytes(16384) align(1024) at(16384)
    // CHECK-NEXT: cta.smem_tile %[[AT]] : <64x128xbf16, swizzle = 128>
    %s = cta.alloc_tile : !cta.tile<64x128xbf16, swizzle = 128>
    // CHECK-NEXT: %[[AT:.*]] = cta.shared "staging.1" bytes(1024) align(256) at(32768)
    // CHECK-NEXT: cta.smem_tile %[[AT]] : <32x16xbf16, swizzle = 32>
    %u = cta.alloc_tile : !cta.tile<32x16xbf16, swizzle = 32>
    // CHECK-NEXT: cta.shared "K empty" bytes(8) align(8) at(33808)
    %e = cta.shared "K empty" bytes(8) align(8) : i32
    gpu.return
  }
}
