// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// A row of an accumulator lies in four lanes: a thread combines its own columns in two chains, then the lanes meet by two
// butterflies. A thread has two rows.

// CHECK-LABEL: llvm.func @maximum
// CHECK-COUNT-3: llvm.intr.maximum(%{{.*}}, %{{.*}})
//       CHECK:   %[[A:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[V:.*]], %[[TWO:.*]], %{{.*}} : f32
//  CHECK-NEXT:   %[[B:.*]] = llvm.intr.maximum(%[[V]], %[[A]])
//  CHECK-NEXT:   %[[C:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[B]], %[[ONE:.*]], %{{.*}} : f32
//  CHECK-NEXT:   llvm.intr.maximum(%[[B]], %[[C]])
// CHECK-COUNT-3: llvm.intr.maximum(%{{.*}}, %{{.*}})
//       CHECK:   nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %[[TWO]],
//       CHECK:   nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %[[ONE]],
//   CHECK-NOT:   bfly
#acc = #cta.mma<warps = [4, 1]>
!s = tensor<64x16xf32, #acc>
!r = tensor<64xf32, #cta.slice<1, #acc>>
gpu.module @kernels {
  gpu.func @maximum(%x: memref<64x16xf32>, %o: memref<64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %s = cta.read %x[%c0, %c0] dims [0, 1] : memref<64x16xf32> -> !s
    %m = cta.reduce maximum %s dim 1 : !s -> !r
    cta.write %m, %o[%c0] dims [0] : !r, memref<64xf32>
    gpu.return
  }
}

// -----

// A partial sum stays in its lane; no lanes meet until the four are added.

// CHECK-LABEL: llvm.func @partial
//   CHECK-NOT:   bfly
// CHECK-COUNT-6: llvm.fadd
//       CHECK:   %[[A:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[V:.*]], %{{.*}}, %{{.*}} : f32
//  CHECK-NEXT:   %[[B:.*]] = llvm.fadd %[[V]], %[[A]]
//  CHECK-NEXT:   %[[C:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[B]],
//  CHECK-NEXT:   llvm.fadd %[[B]], %[[C]]
#acc = #cta.mma<warps = [4, 1]>
!s = tensor<64x16xf32, #acc>
!l = tensor<64x4xf32, #cta.lanes<#acc>>
!r = tensor<64xf32, #cta.slice<1, #acc>>
gpu.module @kernels {
  gpu.func @partial(%x: memref<64x16xf32>, %o: memref<64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %s = cta.read %x[%c0, %c0] dims [0, 1] : memref<64x16xf32> -> !s
    %p = cta.reduce add %s dim 1 partial : !s -> !l
    %m = cta.reduce add %p dim 1 : !l -> !r
    cta.write %m, %o[%c0] dims [0] : !r, memref<64xf32>
    gpu.return
  }
}

// -----

// Whether any element is true: those of a thread are or-ed, the warp votes.

// CHECK-LABEL: llvm.func @any
//       CHECK:   %[[A:.*]] = llvm.fcmp "olt" %{{.*}}, %arg1
//       CHECK:   %[[B:.*]] = llvm.fcmp "olt" %{{.*}}, %arg1
//       CHECK:   %[[MINE:.*]] = llvm.or %[[A]], %[[B]] : i1
//       CHECK:   %[[ANY:.*]] = nvvm.vote.sync any %{{.*}}, %[[MINE]]
//       CHECK:   llvm.cond_br %[[ANY]],
#acc = #cta.mma<warps = [4, 1]>
#row = #cta.slice<1, #acc>
gpu.module @kernels {
  gpu.func @any(%x: memref<64xf32>, %limit: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %s = cta.read %x[%c0] dims [0] : memref<64xf32> -> tensor<64xf32, #row>
    %l = cta.splat %limit : f32 -> tensor<64xf32, #row>
    %less = arith.cmpf olt, %s, %l : tensor<64xf32, #row>
    %any = cta.any %less : tensor<64xi1, #row>
    scf.if %any {
      cta.write %l, %x[%c0] dims [0] : tensor<64xf32, #row>, memref<64xf32>
    }
    gpu.return
  }
}
