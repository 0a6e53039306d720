// RUN: fovea-opt %s -attn-to-cta-kernels | FileCheck %s --check-prefix=KERNELS
// RUN: fovea-opt %s -attn-to-cta-tiles | FileCheck %s --check-prefix=TILES
// RUN: fovea-opt %s -attn-to-cta-layouts | FileCheck %s --check-prefix=LAYOUTS
// RUN: fovea-opt %s -attn-to-cta-schedule | FileCheck %s --check-prefix=SCHEDULE
// RUN: fovea-opt %s -attn-to-cta-tile-loops | FileCheck %s --check-prefix=LOOPS
// RUN: fovea-opt %s -attn-to-cta-roles | FileCheck %s --check-prefix=ROLES
// RUN: fovea-opt %s -attn-to-cta-barriers | FileCheck %s --check-prefix=BARRIERS
// RUN: fovea-opt %s -attn-to-nvvm | FileCheck %s --check-prefix=NVVM

// Each prefix of the pipeline ends with what its stage makes, and without what the stage after it does. The host keeps a
// launch.

//      KERNELS: cta.launch @attention_kernels::@attention_0
//      KERNELS: gpu.func @attention_0{{.*}}{cta.schedule = #cta.schedule<
//      KERNELS: attn.online_attention
//  KERNELS-NOT: cta.dot

//        TILES: gpu.func
//    TILES-NOT: attn.
//        TILES: cta.dot {{.*}} transpose_b : !cta.tile<192x128xbf16>, <80x128xbf16> -> tensor<192x80xf32>
//    TILES-NOT: #cta.mma

//      LAYOUTS: cta.dot {{.*}} transpose_b : !cta.tile<192x128xbf16, swizzle = 128>, <80x128xbf16, swizzle = 128> -> tensor<192x80xf32, #
//  LAYOUTS-NOT: cta.at

// SCHEDULE-NOT: cta.dot {{.*}}
//     SCHEDULE: cta.dot_async {{.*}} {cta.at = #cta.at<stage = 0, order = 0, role = consumer>}
//     SCHEDULE: cta.dot_async {{.*}} {cta.at = #cta.at<stage = 1, order = 1, role = consumer>}
// SCHEDULE-NOT: cta.first_tile

//        LOOPS: cta.first_tile
//        LOOPS: scf.while
//    LOOPS-NOT: cta.at
//        LOOPS: cta.next_tile
//    LOOPS-NOT: cta.warp_specialize

//        ROLES: cta.channel
//        ROLES: cta.warp_specialize role(producer) warps(4) registers(32)
//        ROLES: cta.acquire
//        ROLES: role(consumer) warps(12) registers(160)
//        ROLES: cta.wait
//    ROLES-NOT: pending
//    ROLES-NOT: cta.mbarrier

//     BARRIERS: cta.shared_bytes =
// BARRIERS-NOT: cta.channel
//     BARRIERS: cta.shared {{.*}} at({{[0-9]+}})
//     BARRIERS: cta.mbarrier_init
//     BARRIERS: cta.mbarrier_wait
//     BARRIERS: cta.dot_wait {{.*}} pending(

//         NVVM: cta.launch @attention_kernels::@attention_0
//         NVVM: llvm.func @attention_0
//     NVVM-NOT: cta.dot
//     NVVM-NOT: gpu.func
//         NVVM: wgmma.mma_async
func.func @attention(%q: tensor<?x4x16384x128xbf16>, %k: tensor<?x4x16384x128xbf16>, %v: tensor<?x4x16384x128xbf16>, %o: tensor<?x4x16384x128xbf16>) -> tensor<?x4x16384x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x4x16384x128xbf16>, tensor<?x4x16384x128xbf16>, tensor<?x4x16384x128xbf16>) outs(%o : tensor<?x4x16384x128xbf16>)
  return %r : tensor<?x4x16384x128xbf16>
}
