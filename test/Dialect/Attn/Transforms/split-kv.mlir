// RUN: fovea-opt %s -split-input-file -attn-split-kv -canonicalize | FileCheck %s --check-prefix=SPLIT
// RUN: fovea-opt %s -split-input-file -attn-split-kv -attn-tile-parallel -canonicalize | FileCheck %s --check-prefix=TILED

// Decode: the keys are cut into at most 8 parts of whole key tiles. Each starts from the identity in its own slice, and
// attn.merge combines them. The loop over parts, batch and head is one; merge and finalize follow in a second one.

// SPLIT: affine_map<()[s0] -> (((s0 ceildiv 8) ceildiv 32) * 32, 1)>
// SPLIT-LABEL: func @decode
//       SPLIT:   %[[N:.*]] = tensor.dim %arg1
//       SPLIT:   %[[PART:.*]] = affine.max
//       SPLIT:   %[[P:.*]]:3 = scf.forall (%[[J:.*]]) = (0) to (%{{.*}}) step (%[[PART]])
//       SPLIT:     linalg.fill
//       SPLIT:     linalg.fill
//       SPLIT:     linalg.fill
//       SPLIT:     attn.online_attention base(two)
//  SPLIT-SAME:       at[0, 0, 0, %[[J]], 0, 0]
//       SPLIT:   attn.merge base(two) ins(%[[P]]#0, %[[P]]#1, %[[P]]#2
//       SPLIT:   attn.finalize

// TILED-LABEL: func @decode
//       TILED:   %[[P:.*]]:3 = scf.forall (%[[J:.*]], %[[B:.*]], %[[H:.*]]) = (0, 0, 0) to (%{{.*}}, 2, 4) step (%{{.*}}, 1, 1)
//  TILED-SAME:       shared_outs(%[[OUT:[a-z0-9]+]] =
//   TILED-NOT:     scf.forall (
//       TILED:     attn.online_attention
//       TILED:     tensor.parallel_insert_slice %{{.*}} into %[[OUT]][%[[SLOT:.*]], %[[B]], %[[H]], 0, 0] [1, 1, 1, 1, 64]
//       TILED:   scf.forall (%{{.*}}, %{{.*}}) in (2, 4)
//       TILED:     attn.merge
//       TILED:     attn.finalize
//   TILED-NOT:   attn.
func.func @decode(%q: tensor<2x4x1x64xf32>, %k: tensor<2x4x?x64xf32>, %v: tensor<2x4x?x64xf32>, %o: tensor<2x4x1x64xf32>)
    -> tensor<2x4x1x64xf32> {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<2x4x1x64xf32>
  %e1 = tensor.empty() : tensor<2x4x1xf32>
  %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x4x1x64xf32>) -> tensor<2x4x1x64xf32>
  %m = linalg.fill ins(%inf : f32) outs(%e1 : tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x4x1xf32>) -> tensor<2x4x1xf32>
  %s:3 = attn.online_attention base(two) scale(1.250000e-01)
      ins(%q, %k, %v : tensor<2x4x1x64xf32>, tensor<2x4x?x64xf32>, tensor<2x4x?x64xf32>)
      outs(%acc, %m, %l : tensor<2x4x1x64xf32>, tensor<2x4x1xf32>, tensor<2x4x1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 32, splits = 8>}
  %r = attn.finalize base(two) ins(%s#0, %s#1, %s#2 : tensor<2x4x1x64xf32>, tensor<2x4x1xf32>, tensor<2x4x1xf32>)
      outs(%o : tensor<2x4x1x64xf32>)
  return %r : tensor<2x4x1x64xf32>
}

// -----

// The row tiles of a part join the loop over the parts as well, and insert into the part's slice at their rows.

// TILED-LABEL: func @several_row_tiles
//       TILED:   scf.forall (%[[J:.*]], %[[I:.*]]) = (0, 0) to (1024, 100) step (256, 32)
//  TILED-SAME:       shared_outs(%[[M:[a-z0-9]+]] = %{{.*}}, %[[L:[a-z0-9]+]] =
//       TILED:     %[[SLOT:.*]] = affine.apply
//       TILED:     tensor.extract_slice %[[M]][%[[SLOT]], %[[I]]] [1, %[[ROWS:.*]]] [1, 1]
//       TILED:     tensor.parallel_insert_slice %{{.*}} into %[[M]][%[[SLOT]], %[[I]]] [1, %[[ROWS]]] [1, 1]
//       TILED:   scf.forall
//       TILED:     attn.merge
//  TILED-SAME:       tensor<4x?xf32>, tensor<4x?xf32>
func.func @several_row_tiles(%x: tensor<100x1024xf32>, %m0: tensor<100xf32>, %l0: tensor<100xf32>) -> (tensor<100xf32>, tensor<100xf32>) {
  %m, %l = attn.online_softmax dimension(1) ins(%x : tensor<100x1024xf32>) outs(%m0, %l0 : tensor<100xf32>, tensor<100xf32>)
      attributes {attn.config = #attn.config<tile_m = 32, tile_n = 64, splits = 4>}
  return %m, %l : tensor<100xf32>, tensor<100xf32>
}

// -----

// S14: fewer keys than parts make fewer parts; no part is empty.

// SPLIT-LABEL: func @fewer_keys_than_splits
//       SPLIT:   scf.forall (%{{.*}}) in (3) shared_outs(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (tensor<3x8xf32>, tensor<3x8xf32>)
//       SPLIT:     attn.online_softmax dimension(1) ins(%{{.*}} : tensor<8x1xf32>)
func.func @fewer_keys_than_splits(%x: tensor<8x3xf32>, %m0: tensor<8xf32>, %l0: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %m, %l = attn.online_softmax dimension(1) ins(%x : tensor<8x3xf32>) outs(%m0, %l0 : tensor<8xf32>, tensor<8xf32>)
      attributes {attn.config = #attn.config<tile_n = 1, splits = 5>}
  return %m, %l : tensor<8xf32>, tensor<8xf32>
}
