// RUN: fovea-opt %s -split-input-file -attn-tile-parallel -canonicalize | FileCheck %s

// One loop over batch, head and 64 rows; the state lives in the tile, and one online op makes all three parts of it.

// CHECK-LABEL: func @grouped_heads
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<2x8x?x64xf32>, %[[K:[a-z0-9]+]]: tensor<2x2x?x64xf32>
//   CHECK-NOT:   linalg.fill
//       CHECK:   scf.forall (%[[B:.*]], %[[H:.*]], %[[I:.*]]) = (0, 0, 0) to (2, 8, %{{.*}}) step (1, 1, 64)
//       CHECK:     %[[ROWS:.*]] = affine.min #{{.*}}(%[[I]])
//       CHECK:     tensor.extract_slice %[[Q]][%[[B]], %[[H]], %[[I]], 0] [1, 1, %[[ROWS]], 64]
//       CHECK:     %[[KV:.*]] = affine.apply #{{.*}}(%[[H]])
//       CHECK:     tensor.extract_slice %[[K]][%[[B]], %[[KV]], 0, 0] [1, 1, %{{.*}}, 64]
//       CHECK:     tensor.empty(%[[ROWS]]) : tensor<1x1x?x64xf32>
//       CHECK:     %[[S:.*]]:3 = attn.online_attention
//  CHECK-SAME:       at[%[[B]], %[[H]], %[[I]], 0, 0, 0]
//   CHECK-NOT:     attn.online_attention
//       CHECK:     attn.finalize ins(%[[S]]#0, %[[S]]#1, %[[S]]#2
//       CHECK:     scf.forall.in_parallel
//   CHECK-NOT:   attn.
func.func @grouped_heads(%q: tensor<2x8x?x64xf32>, %k: tensor<2x2x?x64xf32>, %v: tensor<2x2x?x64xf32>,
                         %o: tensor<2x8x?x64xf32>, %lse: tensor<2x8x?xf32>)
    -> (tensor<2x8x?x64xf32>, tensor<2x8x?xf32>) {
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %n = tensor.dim %q, %c2 : tensor<2x8x?x64xf32>
  %e0 = tensor.empty(%n) : tensor<2x8x?x64xf32>
  %e1 = tensor.empty(%n) : tensor<2x8x?xf32>
  %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x8x?x64xf32>) -> tensor<2x8x?x64xf32>
  %m = linalg.fill ins(%inf : f32) outs(%e1 : tensor<2x8x?xf32>) -> tensor<2x8x?xf32>
  %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x8x?xf32>) -> tensor<2x8x?xf32>
  %s:3 = attn.online_attention scale(1.250000e-01)
      ins(%q, %k, %v : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x64xf32>)
      outs(%acc, %m, %l : tensor<2x8x?x64xf32>, tensor<2x8x?xf32>, tensor<2x8x?xf32>)
      mask {
      ^bb0:
        %i = attn.index 2 : index
        %j = attn.index 3 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_m = 64, tile_n = 32, splits = 1>}
  %r:2 = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<2x8x?x64xf32>, tensor<2x8x?xf32>, tensor<2x8x?xf32>)
      outs(%o, lse %lse : tensor<2x8x?x64xf32>, tensor<2x8x?xf32>)
  return %r#0, %r#1 : tensor<2x8x?x64xf32>, tensor<2x8x?xf32>
}

// -----

// A softmax is tiled by rows, the softmax dimension stays whole wherever it is.

// CHECK-LABEL: func @softmax_along_the_first_dimension
//       CHECK:   scf.forall (%[[I:.*]], %[[J:.*]]) = (0, 0) to (4, 100) step (1, 16)
//       CHECK:     attn.online_softmax dimension(0) ins(%{{.*}} : tensor<512x1x?xf32>) at[0, %[[I]], %[[J]]]
//       CHECK:     attn.normalize dimension(0)
func.func @softmax_along_the_first_dimension(%x: tensor<512x4x100xf32>, %y: tensor<512x4x100xf32>) -> tensor<512x4x100xf32> {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<4x100xf32>
  %m0 = linalg.fill ins(%inf : f32) outs(%e : tensor<4x100xf32>) -> tensor<4x100xf32>
  %l0 = linalg.fill ins(%zero : f32) outs(%e : tensor<4x100xf32>) -> tensor<4x100xf32>
  %m, %l = attn.online_softmax dimension(0) ins(%x : tensor<512x4x100xf32>) outs(%m0, %l0 : tensor<4x100xf32>, tensor<4x100xf32>)
  %r = attn.normalize dimension(0) ins(%x, %m, %l : tensor<512x4x100xf32>, tensor<4x100xf32>, tensor<4x100xf32>)
      outs(%y : tensor<512x4x100xf32>) attributes {attn.config = #attn.config<tile_m = 16>}
  return %r : tensor<512x4x100xf32>
}

// -----

// A state that is also returned is not computed twice: it gets a loop of its own.

// CHECK-LABEL: func @state_with_another_user
//       CHECK:   %[[S:.*]]:2 = scf.forall
//       CHECK:     attn.online_softmax
//       CHECK:   %[[Y:.*]] = scf.forall
//   CHECK-NOT:     attn.online_softmax
//       CHECK:     attn.normalize
//       CHECK:   return %[[Y]], %[[S]]#0
func.func @state_with_another_user(%x: tensor<8x512xf32>, %m0: tensor<8xf32>, %l0: tensor<8xf32>, %y: tensor<8x512xf32>)
    -> (tensor<8x512xf32>, tensor<8xf32>) {
  %m, %l = attn.online_softmax dimension(1) ins(%x : tensor<8x512xf32>) outs(%m0, %l0 : tensor<8xf32>, tensor<8xf32>)
      attributes {attn.config = #attn.config<tile_m = 4>}
  %r = attn.normalize dimension(1) ins(%x, %m, %l : tensor<8x512xf32>, tensor<8xf32>, tensor<8xf32>) outs(%y : tensor<8x512xf32>)
  return %r, %m : tensor<8x512xf32>, tensor<8xf32>
}

// -----

// A tile is never larger than the rows, so that its size stays static.

// CHECK-LABEL: func @fewer_rows_than_a_tile
//       CHECK:   attn.softmax dimension(1) ins(%{{.*}} : tensor<8x512xf32>)
func.func @fewer_rows_than_a_tile(%x: tensor<8x512xf32>, %y: tensor<8x512xf32>) -> tensor<8x512xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<8x512xf32>) outs(%y : tensor<8x512xf32>)
      attributes {attn.config = #attn.config<tile_m = 64>}
  return %r : tensor<8x512xf32>
}

// -----

// S14: without keys there is nothing to slice, and the rows are tiled all the same.

// CHECK-LABEL: func @no_keys
//       CHECK:   scf.forall
//       CHECK:     %[[X:.*]] = tensor.empty() : tensor<4x0xf32>
//       CHECK:     attn.online_softmax dimension(1) ins(%[[X]]
func.func @no_keys(%x: tensor<8x0xf32>, %m0: tensor<8xf32>, %l0: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %m, %l = attn.online_softmax dimension(1) ins(%x : tensor<8x0xf32>) outs(%m0, %l0 : tensor<8xf32>, tensor<8xf32>)
      attributes {attn.config = #attn.config<tile_m = 4>}
  return %m, %l : tensor<8xf32>, tensor<8xf32>
}

// -----

// S14: what fills a destination without elements is not made part of the loop, whose slices of it are empty.

// CHECK-LABEL: func @filled_nothing
//       CHECK:   linalg.fill
//       CHECK:   scf.forall
//       CHECK:     tensor.extract_slice %{{.*}} [0, 1, 3]
func.func @filled_nothing(%x: tensor<0x2x3xf32>, %y: tensor<?x2x3xf32>) -> tensor<?x2x3xf32> {
  %value = arith.constant 7.0 : f32
  %filled = linalg.fill ins(%value : f32) outs(%y : tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  %r = attn.softmax dimension(0) ins(%x : tensor<0x2x3xf32>) outs(%filled : tensor<?x2x3xf32>)
      attributes {attn.config = #attn.config<tile_m = 4>}
  return %r : tensor<?x2x3xf32>
}

// -----

// An op in a loop whose results nobody reads is gone, and the loop of its tiles with it.

// CHECK-LABEL: func @unread
//       CHECK:   scf.forall
//   CHECK-NOT:     attn.online_softmax
//   CHECK-NOT:     scf.forall (
//       CHECK:     scf.forall.in_parallel
func.func @unread(%x: tensor<4x64x8xf32>, %m0: tensor<64xf32>, %l0: tensor<64xf32>, %out: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = scf.forall (%i) in (4) shared_outs(%o = %out) -> tensor<4x8xf32> {
    %x_i = tensor.extract_slice %x[%i, 0, 0] [1, 64, 8] [1, 1, 1] : tensor<4x64x8xf32> to tensor<64x8xf32>
    %m, %l = attn.online_softmax dimension(1) ins(%x_i : tensor<64x8xf32>) outs(%m0, %l0 : tensor<64xf32>, tensor<64xf32>)
        attributes {attn.config = #attn.config<tile_m = 16>}
    %first = tensor.extract_slice %x_i[0, 0] [1, 8] [1, 1] : tensor<64x8xf32> to tensor<1x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %first into %o[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<4x8xf32>
    }
  }
  return %r : tensor<4x8xf32>
}

// -----

// S6: with tile_g the heads of a group are one tile, which takes their one head of keys and values.

// CHECK-LABEL: func @whole_groups
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<2x8x1x64xf32>, %[[K:[a-z0-9]+]]: tensor<2x2x?x64xf32>
//       CHECK:   scf.forall (%[[B:.*]], %[[H:.*]]) = (0, 0) to (2, 8) step (1, 4)
//   CHECK-DAG:     tensor.extract_slice %[[Q]][%[[B]], %[[H]], 0, 0] [1, 4, 1, 64]
//   CHECK-DAG:     %[[KV:.*]] = affine.apply #{{.*}}(%[[H]])
//       CHECK:     tensor.extract_slice %[[K]][%[[B]], %[[KV]], 0, 0] [1, 1, %{{.*}}, 64]
//       CHECK:     attn.online_attention {{.*}}tensor<1x4x1x64xf32>
func.func @whole_groups(%q: tensor<2x8x1x64xf32>, %k: tensor<2x2x?x64xf32>, %o: tensor<2x8x1x64xf32>) -> tensor<2x8x1x64xf32> {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<2x8x1x64xf32>
  %e1 = tensor.empty() : tensor<2x8x1xf32>
  %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x8x1x64xf32>) -> tensor<2x8x1x64xf32>
  %m = linalg.fill ins(%inf : f32) outs(%e1 : tensor<2x8x1xf32>) -> tensor<2x8x1xf32>
  %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x8x1xf32>) -> tensor<2x8x1xf32>
  %s:3 = attn.online_attention ins(%q, %k, %k : tensor<2x8x1x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x64xf32>)
      outs(%acc, %m, %l : tensor<2x8x1x64xf32>, tensor<2x8x1xf32>, tensor<2x8x1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys, tile_g = 4>}
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<2x8x1x64xf32>, tensor<2x8x1xf32>, tensor<2x8x1xf32>)
      outs(%o : tensor<2x8x1x64xf32>)
  return %r : tensor<2x8x1x64xf32>
}
