// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-flatten-tiles)))' | FileCheck %s

// The beginning of the next tile and the end of this one are interleaved by their places: the next tile's product is issued
// before this tile's last, its softmax runs meanwhile; what has no place comes last. The beginning's results are carried;
// coordinates are computed where they are used. Where there is no next tile, the beginning runs on this tile's coordinates,
// with its loads off.

// CHECK-LABEL: gpu.func @flat(
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: memref<?x64xbf16>, %[[K:[a-z0-9]+]]: memref<?x64xbf16>, %[[O:[a-z0-9]+]]: memref<?x64xf32>, %[[TOTAL:[a-z0-9]+]]: i32, %[[N:[a-z0-9]+]]: i32
//       CHECK:   %[[T0:.*]] = cta.first_tile
//       CHECK:   %[[X0:.*]] = arith.index_cast %[[T0]]
//       CHECK:   %[[Q0:.*]] = cta.load %[[Q]][%[[X0]], %c0] dims [0, 1] :
//       CHECK:   %[[F0:.*]] = cta.dot_async %[[Q0]],
//       CHECK:   %[[S0:.*]] = cta.dot_wait %[[F0]]
//       CHECK:   %[[P0:.*]] = arith.truncf %[[S0]]
//       CHECK:   scf.while (%[[T:[a-z0-9]+]] = %[[T0]], %[[QT:[a-z0-9]+]] = %[[Q0]], %[[S:[a-z0-9]+]] = %[[S0]], %[[P:[a-z0-9]+]] = %[[P0]])
//       CHECK:     %[[MORE:.*]] = arith.cmpi slt, %[[T]], %[[TOTAL]]
//       CHECK:     scf.condition(%[[MORE]]) %[[T]], %[[QT]], %[[S]], %[[P]]
//       CHECK:   ^bb0(%[[T:[a-z0-9]+]]: i32, %[[QT:[a-z0-9]+]]: !cta.tile<64x64xbf16>, %[[S:[a-z0-9]+]]: tensor<64x64xf32>, %[[P:[a-z0-9]+]]: tensor<64x64xbf16>):
//       CHECK:     %[[R:.*]] = scf.for {{.*}} iter_args(%[[A:[a-z0-9]+]] = %[[S]])
//       CHECK:       cta.dot_async %[[QT]], %{{.*}}, %[[A]]
//       CHECK:     %[[NEXT:.*]] = cta.next_tile %[[T]]
//       CHECK:     %[[OK:.*]] = arith.cmpi slt, %[[NEXT]], %[[TOTAL]]
//       CHECK:     %[[OR:.*]] = arith.select %[[OK]], %[[NEXT]], %[[T]]
//       CHECK:     %[[X1:.*]] = arith.index_cast %[[OR]]
//       CHECK:     %[[Q1:.*]] = cta.load %[[Q]][%[[X1]], %c0] dims [0, 1] if %[[OK]] :
//       CHECK:     %[[K1:.*]] = cta.load %[[K]][%c0, %c0] dims [0, 1] if %[[OK]]
//       CHECK:     %[[F1:.*]] = cta.dot_async %[[Q1]], %[[K1]]
//       CHECK:     %[[V:.*]] = cta.load %[[K]][%{{.*}}, %c0] dims [0, 1] {cta.at
//       CHECK:     %[[G:.*]] = cta.dot_async %[[P]], %[[V]], %[[R]]
//       CHECK:     %[[S1:.*]] = cta.dot_wait %[[F1]]
//       CHECK:     %[[W:.*]] = cta.dot_wait %[[G]]
//       CHECK:     %[[P1:.*]] = arith.truncf %[[S1]]
//       CHECK:     arith.negf %[[W]]
//       CHECK:     %[[X:.*]] = arith.index_cast %[[T]]
//       CHECK:     cta.write %{{.*}}, %[[O]][%[[X]], %c0]
//       CHECK:     scf.yield %[[NEXT]], %[[Q1]], %[[S1]], %[[P1]]
!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @flat(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>, %o: memref<?x64xf32>, %total: i32, %n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, flatten = true>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %t0 = cta.first_tile : i32
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %total : i32
      scf.condition(%more) %t : i32
    } do {
    ^bb0(%t: i32):
      %m = arith.index_cast %t : i32 to index
      %qt = cta.load %q[%m, %c0] dims [0, 1] : memref<?x64xbf16> -> !tile
      %kt0 = cta.load %k[%c0, %c0] dims [0, 1] {cta.at = #cta.at<stage = 0, order = 0>} : memref<?x64xbf16> -> !tile
      %f0 = cta.dot_async %qt, %kt0 transpose_b {cta.at = #cta.at<stage = 0, order = 0>} : !tile, !tile -> !cta.inflight<!acc>
      %s0 = cta.dot_wait %f0 {cta.at = #cta.at<stage = 0, order = 2>} : !cta.inflight<!acc>
      %p0 = arith.truncf %s0 {cta.at = #cta.at<stage = 0, order = 5>} : !acc to tensor<64x64xbf16>
      %r = scf.for %j = %c1 to %n step %c1 iter_args(%a = %s0) -> (!acc) : i32 {
        %kt = cta.load %k[%c0, %c0] dims [0, 1] : memref<?x64xbf16> -> !tile
        %g = cta.dot_async %qt, %kt, %a : !tile, !tile, !acc -> !cta.inflight<!acc>
        %w = cta.dot_wait %g : !cta.inflight<!acc>
        scf.yield %w : !acc
      }
      %next = cta.next_tile %t : i32
      %vt = cta.load %k[%m, %c0] dims [0, 1] {cta.at = #cta.at<stage = 1, order = 1>} : memref<?x64xbf16> -> !tile
      %g1 = cta.dot_async %p0, %vt, %r {cta.at = #cta.at<stage = 1, order = 1>} : tensor<64x64xbf16>, !tile, !acc -> !cta.inflight<!acc>
      %w1 = cta.dot_wait %g1 {cta.at = #cta.at<stage = 1, order = 4>} : !cta.inflight<!acc>
      %x = arith.negf %w1 : !acc
      cta.write %x, %o[%m, %c0] dims [0, 1] : !acc, memref<?x64xf32>
      scf.yield %next : i32
    }
    gpu.return
  }
}

// -----

// Divisions are carried from where the beginning made them, not made again for the end; other scalars are.

// CHECK-LABEL: gpu.func @divisions
//       CHECK:   arith.divui
//       CHECK:   ^bb0(%[[T:[a-z0-9]+]]: i32, %[[ROW:[a-z0-9]+]]: i32):
//       CHECK:     scf.for
//       CHECK:     %[[NEXT:.*]] = arith.divui
//   CHECK-NOT:     arith.divui
//       CHECK:     arith.index_cast %[[ROW]]
//       CHECK:     cta.write
//       CHECK:     scf.yield %{{.*}}, %[[NEXT]]
!acc = tensor<64x64xf32>
!tile = !cta.tile<64x64xbf16>
gpu.module @kernels {
  gpu.func @divisions(%q: !tile, %o: memref<?x64xf32>, %total: i32, %n: i32, %heads: i32, %a0: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, flatten = true>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : i32
    %t0 = cta.first_tile : i32
    scf.while (%t = %t0) : (i32) -> i32 {
      %more = arith.cmpi slt, %t, %total : i32
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
