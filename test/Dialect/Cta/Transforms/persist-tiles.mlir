// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-persist-tiles)))' | FileCheck %s

// A block computes tile after tile until their number is reached. In ascending order the tiles of one head follow each
// other; what does not depend on the tile stays in front of the loop.

// CHECK-LABEL: gpu.func @ascending
//   CHECK-DAG:   %[[B:.*]] = arith.index_cast %arg0 : index to i32
//   CHECK-DAG:   %[[H:.*]] = arith.index_cast %arg1 : index to i32
//   CHECK-DAG:   %[[M:.*]] = arith.index_cast %arg2 : index to i32
//       CHECK:   %[[HEADS:.*]] = arith.muli %[[B]], %[[H]]
//       CHECK:   %[[TOTAL:.*]] = arith.muli %[[HEADS]], %[[M]]
//       CHECK:   %[[FIRST:.*]] = cta.first_tile
//       CHECK:   %[[INVARIANT:.*]] = arith.muli %arg2,
//       CHECK:   scf.while (%[[T:.*]] = %[[FIRST]]) : (i32) -> i32
//       CHECK:     %[[MORE:.*]] = arith.cmpi slt, %[[T]], %[[TOTAL]]
//       CHECK:     scf.condition(%[[MORE]]) %[[T]]
//       CHECK:   ^bb0(%[[T:.*]]: i32):
//       CHECK:     %[[ROW:.*]] = arith.remui %[[T]], %[[M]]
//       CHECK:     %[[HEAD:.*]] = arith.divui %[[T]], %[[M]]
//       CHECK:     %[[IH:.*]] = arith.remui %[[HEAD]], %[[H]]
//       CHECK:     %[[IB:.*]] = arith.divui %[[HEAD]], %[[H]]
//       CHECK:     %[[BX:.*]] = arith.index_cast %[[IB]]
//       CHECK:     %[[HX:.*]] = arith.index_cast %[[IH]]
//       CHECK:     %[[MX:.*]] = arith.index_cast %[[ROW]]
//       CHECK:     %[[AT:.*]] = arith.muli %[[MX]], %[[INVARIANT]]
//       CHECK:     cta.write {{.*}}[%[[BX]], %[[HX]], %[[AT]]]
//       CHECK:     %[[NEXT:.*]] = cta.next_tile %[[T]] : i32
//       CHECK:     scf.yield %[[NEXT]]
//   CHECK-NOT:   cta.reset_counter
gpu.module @kernels {
  gpu.func @ascending(%b: index, %h: index, %m: index, %x: memref<?x?x?xf32>, %y: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c2 = arith.constant 2 : index
    %i:3 = cta.tile_index of(%b, %h, %m) : index, index, index
    %twice = arith.muli %m, %c2 : index
    %t = cta.splat %y : f32 -> tensor<64xf32>
    %at = arith.muli %i#2, %twice : index
    cta.write %t, %x[%i#0, %i#1, %at] dims [2] : tensor<64xf32>, memref<?x?x?xf32>
    gpu.return
  }
}

// -----

// In descending order the last rows of all heads come first.

// CHECK-LABEL: gpu.func @descending
//       CHECK:   %[[H:.*]] = arith.index_cast %arg0
//       CHECK:   %[[M:.*]] = arith.index_cast %arg1
//       CHECK:   %[[LAST:.*]] = arith.subi %[[M]], %{{.*}} : i32
//       CHECK:   ^bb0(%[[T:.*]]: i32):
//       CHECK:     %[[UP:.*]] = arith.divui %[[T]], %[[H]]
//       CHECK:     %[[HEAD:.*]] = arith.remui %[[T]], %[[H]]
//       CHECK:     %[[ROW:.*]] = arith.subi %[[LAST]], %[[UP]]
//       CHECK:     %[[HX:.*]] = arith.index_cast %[[HEAD]]
//       CHECK:     %[[MX:.*]] = arith.index_cast %[[ROW]]
//       CHECK:     cta.write {{.*}}[%[[HX]], %[[MX]]]
gpu.module @kernels {
  gpu.func @descending(%h: index, %m: index, %x: memref<?x?xf32>, %t: tensor<64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, order = descending>} {
    %i:2 = cta.tile_index of(%h, %m) : index, index
    cta.write %t, %x[%i#0, %i#1] dims [1] : tensor<64xf32>, memref<?x?xf32>
    gpu.return
  }
}

// -----

// Sections are of equal numbers of heads, so that their tiles are about as many as the schedule says; in one of them the
// tiles of all its heads with the same rows follow each other. The last section may have fewer heads.

// CHECK-LABEL: gpu.func @sections
//   CHECK-DAG:   %[[HEADS:.*]] = arith.index_cast %arg0
//   CHECK-DAG:   %[[M:.*]] = arith.index_cast %arg1
//       CHECK:   %[[WANTED:.*]] = arith.constant 100 : i32
//       CHECK:   arith.addi %[[WANTED]],
//       CHECK:   %[[PER:.*]] = arith.divui %{{.*}}, %[[M]]
//       CHECK:   %[[EQUAL:.*]] = arith.ceildivui %[[HEADS]], %{{.*}}
//       CHECK:   %[[TILES:.*]] = arith.muli %[[EQUAL]], %[[M]]
//       CHECK:   ^bb0(%[[T:.*]]: i32):
//       CHECK:     %[[SECTION:.*]] = arith.divui %[[T]], %[[TILES]]
//       CHECK:     %[[WITHIN:.*]] = arith.remui %[[T]], %[[TILES]]
//       CHECK:     %[[BEGIN:.*]] = arith.muli %[[SECTION]], %[[EQUAL]]
//       CHECK:     %[[LEFT:.*]] = arith.subi %[[HEADS]], %[[BEGIN]]
//       CHECK:     %[[COUNT:.*]] = arith.minui %[[LEFT]], %[[EQUAL]]
//       CHECK:     %[[ROW:.*]] = arith.divui %[[WITHIN]], %[[COUNT]]
//       CHECK:     %[[OF:.*]] = arith.remui %[[WITHIN]], %[[COUNT]]
//       CHECK:     %[[HEAD:.*]] = arith.addi %[[BEGIN]], %[[OF]]
//       CHECK:     %[[HX:.*]] = arith.index_cast %[[HEAD]]
//       CHECK:     %[[MX:.*]] = arith.index_cast %[[ROW]]
//       CHECK:     cta.write {{.*}}[%[[HX]], %[[MX]]]
gpu.module @kernels {
  gpu.func @sections(%h: index, %m: index, %x: memref<?x?xf32>, %t: tensor<64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, section_tiles = 100>} {
    %i:2 = cta.tile_index of(%h, %m) : index, index
    cta.write %t, %x[%i#0, %i#1] dims [1] : tensor<64xf32>, memref<?x?xf32>
    gpu.return
  }
}

// -----

// A dynamic scheduler takes tiles from a counter, which is a workspace, claims one after the loop over keys, and ends its use
// after the last tile.

// CHECK-LABEL: gpu.func @dynamic
//  CHECK-SAME:   %[[COUNTER:[a-z0-9]+]]: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}) kernel
//       CHECK:   scf.while
//       CHECK:     scf.for
//       CHECK:       cta.dot
//       CHECK:     }
//  CHECK-NEXT:     %[[NEXT:.*]] = cta.next_tile %{{.*}} counter(%[[COUNTER]] : memref<2xi32>)
//       CHECK:     cta.write
//  CHECK-NEXT:     scf.yield %[[NEXT]]
//  CHECK-NEXT:   }
//  CHECK-NEXT:   cta.reset_counter %[[COUNTER]] : memref<2xi32>
//  CHECK-NEXT:   gpu.return
gpu.module @kernels {
  gpu.func @dynamic(%m: index, %q: !cta.tile<64x64xbf16>, %n: index, %x: memref<?x64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, scheduler = dynamic>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : tensor<64x64xf32>
    %i = cta.tile_index of(%m) : index
    %r = scf.for %j = %i to %n step %c1 iter_args(%a = %zero) -> (tensor<64x64xf32>) {
      %s = cta.dot %q, %q, %a : !cta.tile<64x64xbf16>, !cta.tile<64x64xbf16>, tensor<64x64xf32> -> tensor<64x64xf32>
      scf.yield %s : tensor<64x64xf32>
    }
    cta.write %r, %x[%i, %c0] dims [0, 1] : tensor<64x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

// With a block for each tile there is no loop.

// CHECK-LABEL: gpu.func @grid
//   CHECK-NOT:   scf.while
//       CHECK:   %[[T:.*]] = cta.first_tile
//       CHECK:   %[[I:.*]] = arith.index_cast %[[T]]
//       CHECK:   cta.write {{.*}}[%[[I]]]
gpu.module @kernels {
  gpu.func @grid(%m: index, %x: memref<?xf32>, %t: tensor<64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, scheduler = grid>} {
    %i = cta.tile_index of(%m) : index
    cta.write %t, %x[%i] dims [0] : tensor<64xf32>, memref<?xf32>
    gpu.return
  }
}
