// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-remove-layout-conversions)))' | FileCheck %s

#acc = #cta.mma<warps = [4, 1]>
#row = #cta.slice<1, #acc>
#col = #cta.slice<0, #acc>
#opa = #cta.operand_a<#acc>

gpu.module @kernels {
  // What is cheap to make is made in the layout that is wanted.

  // CHECK-LABEL: gpu.func @rematerialize
  //   CHECK-DAG:   %[[C:.*]] = arith.constant dense<2.000000e+00> : tensor<64xf32, #cta.slice<0, #
  //   CHECK-DAG:   %[[S:.*]] = cta.splat %{{.*}} : f32 -> tensor<64xf32, #cta.slice<0, #
  //   CHECK-NOT:   cta.convert_layout
  //       CHECK:   arith.addf %[[S]], %[[C]]
  gpu.func @rematerialize(%x: f32, %o: memref<?xf32>, %i: index) {
    %c = arith.constant dense<2.0> : tensor<64xf32, #row>
    %s = cta.splat %x : f32 -> tensor<64xf32, #row>
    %c1 = cta.convert_layout %c : tensor<64xf32, #row> -> tensor<64xf32, #col>
    %s1 = cta.convert_layout %s : tensor<64xf32, #row> -> tensor<64xf32, #col>
    %r = arith.addf %c1, %s1 : tensor<64xf32, #col>
    cta.write %r, %o[%i] dims [0] : tensor<64xf32, #col>, memref<?xf32>
    gpu.return
  }

  // There and back, and the same conversion twice.

  // CHECK-LABEL: gpu.func @fold
  //       CHECK:   %[[T:.*]] = cta.read
  //       CHECK:   %[[A:.*]] = cta.convert_layout %[[T]]
  //   CHECK-NOT:   cta.convert_layout
  //       CHECK:   cta.write %[[T]]
  //       CHECK:   cta.write %[[A]]
  //       CHECK:   cta.write %[[A]]
  gpu.func @fold(%o: memref<?x?xbf16>, %i: index) {
    %t = cta.read %o[%i, %i] dims [0, 1] : memref<?x?xbf16> -> tensor<64x64xbf16, #acc>
    %a = cta.convert_layout %t : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
    %b = cta.convert_layout %a : tensor<64x64xbf16, #opa> -> tensor<64x64xbf16, #acc>
    %c = cta.convert_layout %b : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
    cta.write %b, %o[%i, %i] dims [0, 1] : tensor<64x64xbf16, #acc>, memref<?x?xbf16>
    cta.write %a, %o[%i, %i] dims [0, 1] : tensor<64x64xbf16, #opa>, memref<?x?xbf16>
    cta.write %c, %o[%i, %i] dims [0, 1] : tensor<64x64xbf16, #opa>, memref<?x?xbf16>
    gpu.return
  }

  // Two in a row become one.

  // CHECK-LABEL: gpu.func @join
  //       CHECK:   %[[V:.*]] = cta.read
  //  CHECK-NEXT:   %[[W:.*]] = cta.convert_layout %[[V]] : tensor<64xf32, #cta.slice<1, {{.*}}>> -> tensor<64xf32, #cta.slice<1, #cta.operand_a
  //  CHECK-NEXT:   cta.write %[[W]]
  gpu.func @join(%o: memref<?xf32>, %i: index) {
    %v = cta.read %o[%i] dims [0] : memref<?xf32> -> tensor<64xf32, #row>
    %c = cta.convert_layout %v : tensor<64xf32, #row> -> tensor<64xf32, #col>
    %r = cta.convert_layout %c : tensor<64xf32, #col> -> tensor<64xf32, #cta.slice<1, #opa>>
    cta.write %r, %o[%i] dims [0] : tensor<64xf32, #cta.slice<1, #opa>>, memref<?xf32>
    gpu.return
  }
}
