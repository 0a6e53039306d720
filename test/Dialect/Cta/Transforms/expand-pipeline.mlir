// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-expand-pipeline)))' | FileCheck %s

// The steady state has stage 0 of the next block and stage 1 of this one, in the order of their places; the prologue is stage
// 0 of the first block, the epilogue stage 1 of the last. The first block's accumulators are zero: nothing scales them. The
// operand that is packed in one iteration is carried to the next.

// CHECK-LABEL: gpu.func @two_stages
//   CHECK-DAG:   %[[C1:.*]] = arith.constant 1 : i32
//   CHECK-DAG:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00>
//       CHECK:   %[[N:.*]] = arith.maxsi
//       CHECK:   cta.load %arg0[%c0, %c0]
//       CHECK:   %[[F0:.*]] = cta.dot_async {{.*}} transpose_b
//       CHECK:   %[[S0:.*]] = cta.dot_wait %[[F0]]
//       CHECK:   %[[P0:.*]] = arith.truncf %[[S0]]
//   CHECK-NOT:   arith.mulf
//       CHECK:   %[[LAST:.*]] = arith.subi %[[N]], %[[C1]]
//       CHECK:   %[[R:.*]]:2 = scf.for %[[J:[a-z0-9]+]] = %{{.*}} to %[[LAST]] step %[[C1]] iter_args(%[[P:[a-z0-9]+]] = %[[P0]], %[[A:[a-z0-9]+]] = %[[ZERO]])
//       CHECK:     %[[NEXT:.*]] = arith.addi %[[J]], %[[C1]]
//       CHECK:     %[[NEXTX:.*]] = arith.index_cast %[[NEXT]]
//       CHECK:     %[[K:.*]] = cta.load %arg0[%[[NEXTX]], %c0]
//       CHECK:     %[[F:.*]] = cta.dot_async %{{.*}}, %[[K]] transpose_b
//       CHECK:     %[[JX:.*]] = arith.index_cast %[[J]]
//       CHECK:     %[[V:.*]] = cta.load %arg0[%[[JX]], %c0]
//       CHECK:     %[[G:.*]] = cta.dot_async %[[P]], %[[V]], %[[A]]
//       CHECK:     %[[S:.*]] = cta.dot_wait %[[F]]
//       CHECK:     %[[O:.*]] = cta.dot_wait %[[G]]
//       CHECK:     %[[P1:.*]] = arith.truncf %[[S]]
//       CHECK:     %[[A1:.*]] = arith.mulf %[[O]], %[[S]]
//       CHECK:     scf.yield %[[P1]], %[[A1]]
//       CHECK:   %[[G1:.*]] = cta.dot_async %[[R]]#0, %{{.*}}, %[[R]]#1
//       CHECK:   %[[O1:.*]] = cta.dot_wait %[[G1]]
//   CHECK-NOT:   scf.if
//       CHECK:   cta.write %[[O1]]
!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @two_stages(%k: memref<?x64xbf16>, %q: !tile, %x: memref<64x64xf32>, %n0: i32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %i0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : !acc
    %n = arith.maxsi %n0, %c1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %zero) -> (!acc) : i32 {
      %jx = arith.index_cast %j {cta.at = #cta.at<stage = 0, order = 0>} : i32 to index
      %jv = arith.index_cast %j {cta.at = #cta.at<stage = 1, order = 1>} : i32 to index
      %kt = cta.load %k[%jx, %i0] dims [0, 1] {cta.at = #cta.at<stage = 0, order = 0, role = producer>} : memref<?x64xbf16> -> !tile
      %vt = cta.load %k[%jv, %i0] dims [0, 1] {cta.at = #cta.at<stage = 1, order = 1, role = producer>} : memref<?x64xbf16> -> !tile
      %f = cta.dot_async %q, %kt transpose_b {cta.at = #cta.at<stage = 0, order = 0, role = consumer>} : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f {cta.at = #cta.at<stage = 0, order = 2, role = consumer>} : !cta.inflight<!acc>
      %p = arith.truncf %s {cta.at = #cta.at<stage = 0, order = 5, role = consumer>} : !acc to tensor<64x64xbf16>
      %b = arith.mulf %a, %s {cta.at = #cta.at<stage = 0, order = 6, role = consumer>} : !acc
      %g = cta.dot_async %p, %vt, %b {cta.at = #cta.at<stage = 1, order = 1, role = consumer>} : tensor<64x64xbf16>, !tile, !acc -> !cta.inflight<!acc>
      %o = cta.dot_wait %g {cta.at = #cta.at<stage = 1, order = 4, role = consumer>} : !cta.inflight<!acc>
      scf.yield %o : !acc
    }
    cta.write %r, %x[%i0, %i0] dims [0, 1] : !acc, memref<64x64xf32>
    gpu.return
  }
}

// -----

// One stage is put in order where it is; equal orders keep that of the text.

// CHECK-LABEL: gpu.func @one_stage
//       CHECK:   scf.for
//  CHECK-NEXT:     cta.section_enter
//  CHECK-NEXT:     %[[F:.*]] = cta.dot_async
//  CHECK-NEXT:     cta.section_leave
//  CHECK-NEXT:     %[[S:.*]] = cta.dot_wait %[[F]]
//  CHECK-NEXT:     arith.addf %{{.*}}, %[[S]]
//  CHECK-NEXT:     scf.yield
!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @one_stage(%q: !tile, %n: i32, %x: !acc) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (!acc) : i32 {
      %f = cta.dot_async %q, %q transpose_b {cta.at = #cta.at<stage = 0, order = 1>} : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f {cta.at = #cta.at<stage = 0, order = 2>} : !cta.inflight<!acc>
      cta.section_enter {cta.at = #cta.at<stage = 0, order = 0>}
      %b = arith.addf %a, %s {cta.at = #cta.at<stage = 0, order = 2>} : !acc
      cta.section_leave {cta.at = #cta.at<stage = 0, order = 1>}
      scf.yield %b : !acc
    }
    gpu.return
  }
}

// -----

// What comes after the loop and needs nothing of the last product is computed while it runs: the sum of a row and its
// reciprocal, not the accumulator's multiple.

// CHECK-LABEL: gpu.func @after
//       CHECK:   scf.for
//       CHECK:     scf.yield
//       CHECK:   %[[G:.*]] = cta.dot_async
//       CHECK:   %[[SUM:.*]] = cta.reduce add {{.*}} -> tensor<64xf32>
//       CHECK:   %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[SUM]]
//       CHECK:   %[[B:.*]] = cta.broadcast %[[INVERSE]]
//       CHECK:   %[[O:.*]] = cta.dot_wait %[[G]]
//       CHECK:   arith.mulf %[[O]], %[[B]]
!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @after(%q: !tile, %o: memref<64x64xf32>, %n0: i32, %l0: tensor<64x4xf32>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %i0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : !acc
    %one = arith.constant dense<1.0> : tensor<64xf32>
    %n = arith.maxsi %n0, %c1 : i32
    %r:2 = scf.for %j = %c0 to %n step %c1 iter_args(%a = %zero, %l = %l0) -> (!acc, tensor<64x4xf32>) : i32 {
      %f = cta.dot_async %q, %q transpose_b {cta.at = #cta.at<stage = 0, order = 0>} : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f {cta.at = #cta.at<stage = 0, order = 2>} : !cta.inflight<!acc>
      %ps = cta.reduce add %s dim 1 partial {cta.at = #cta.at<stage = 0, order = 3>} : !acc -> tensor<64x4xf32>
      %l1 = arith.addf %l, %ps {cta.at = #cta.at<stage = 0, order = 3>} : tensor<64x4xf32>
      %p = arith.truncf %s {cta.at = #cta.at<stage = 0, order = 5>} : !acc to tensor<64x64xbf16>
      %g = cta.dot_async %p, %q, %a {cta.at = #cta.at<stage = 1, order = 1>} : tensor<64x64xbf16>, !tile, !acc -> !cta.inflight<!acc>
      %w = cta.dot_wait %g {cta.at = #cta.at<stage = 1, order = 4>} : !cta.inflight<!acc>
      scf.yield %w, %l1 : !acc, tensor<64x4xf32>
    }
    %sum = cta.reduce add %r#1 dim 1 : tensor<64x4xf32> -> tensor<64xf32>
    %inverse = arith.divf %one, %sum : tensor<64xf32>
    %b = cta.broadcast %inverse dim 1 : tensor<64xf32> -> !acc
    %scaled = arith.mulf %r#0, %b : !acc
    cta.write %scaled, %o[%i0, %i0] dims [0, 1] : !acc, memref<64x64xf32>
    gpu.return
  }
}
