// RUN: fovea-opt %s -split-input-file -attn-tile-kv -canonicalize -cse | FileCheck %s

// Without a mask the loop visits all keys, and there is nothing to be partial.

// CHECK-LABEL: func @no_mask
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<64x32xf32>, %[[K:[a-z0-9]+]]: tensor<?x32xf32>
//       CHECK:   %[[N:.*]] = tensor.dim %[[K]], %c0
//       CHECK:   %[[S:.*]]:3 = scf.for %[[J:.*]] = %c0 to %[[N]] step %c96
//  CHECK-SAME:       iter_args(%[[A:.*]] = %{{.*}}, %[[X:.*]] = %{{.*}}, %[[Y:.*]] = %{{.*}})
//       CHECK:     %[[SIZE:.*]] = affine.min
//       CHECK:     %[[KJ:.*]] = tensor.extract_slice %[[K]][%[[J]], 0] [%[[SIZE]], 32]
//       CHECK:     %[[T:.*]]:3 = attn.online_attention
//   CHECK-NOT:       partial
//  CHECK-SAME:       ins(%[[Q]], %[[KJ]], %{{.*}}) at[0, %[[J]], 0, 0] outs(%[[A]], %[[X]], %[[Y]]
//       CHECK:     scf.yield %[[T]]#0, %[[T]]#1, %[[T]]#2
//       CHECK:   return %[[S]]#0, %[[S]]#1, %[[S]]#2
func.func @no_mask(%q: tensor<64x32xf32>, %k: tensor<?x32xf32>, %v: tensor<?x16xf32>,
                   %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>)
    -> (tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>) {
  %s:3 = attn.online_attention scale(1.250000e-01) ins(%q, %k, %v : tensor<64x32xf32>, tensor<?x32xf32>, tensor<?x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
      attributes {attn.config = #attn.config<tile_n = 96>}
  return %s#0, %s#1, %s#2 : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>
}

// -----

// Causal: the loop ends behind the block of the last row's diagonal; blocks that end before the first row's diagonal
// are not partial. Rows 128 to 191, keys in blocks of 32: live up to 192, full up to 128.

// CHECK-LABEL: func @causal
//   CHECK-DAG:   %[[END:.*]] = arith.constant 192 : index
//   CHECK-DAG:   %[[FULL:.*]] = arith.constant 128 : index
//       CHECK:   scf.for %[[J:.*]] = %c0 to %[[END]] step %c32
//       CHECK:     tensor<32x32xf32>
//       CHECK:     %[[PARTIAL:.*]] = arith.cmpi sge, %[[J]], %[[FULL]]
//       CHECK:     attn.online_attention partial(%[[PARTIAL]])
//  CHECK-SAME:       at[128, %[[J]], 0, 0]
func.func @causal(%q: tensor<64x32xf32>, %k: tensor<1024x32xf32>, %v: tensor<1024x16xf32>,
                  %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<1024x32xf32>, tensor<1024x16xf32>)
      at[128, 0, 0, 0] outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_n = 32>}
  return %s#0 : tensor<64x16xf32>
}

// -----

// A mask that nothing is known of: every block, each with its mask.

// CHECK-LABEL: func @opaque
//       CHECK:   scf.for %[[J:.*]] = %c0 to %c128 step %c32
//       CHECK:     tensor.extract_slice %{{.*}}[0, %[[J]]] [64, 32] {{.*}} : tensor<64x128xi1>
//       CHECK:     attn.online_attention partial(%true)
func.func @opaque(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>, %keep: tensor<64x128xi1>,
                  %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      captures(%keep : tensor<64x128xi1>) outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
      mask {
      ^bb0(%flag: i1):
        attn.yield %flag : i1
      } attributes {attn.config = #attn.config<tile_n = 32>}
  return %s#0 : tensor<64x16xf32>
}

// -----

// A key length per batch is read once in front of the loop, which ends with it.

// CHECK-LABEL: func @key_length_per_batch
//  CHECK-SAME:   %[[LENGTHS:[a-z0-9]+]]: tensor<1xi32>
//       CHECK:   %[[LENGTH:.*]] = tensor.extract %[[LENGTHS]][%c0]
//       CHECK:   %[[INDEX:.*]] = arith.index_cast %[[LENGTH]] : i32 to index
//       CHECK:   %[[END:.*]] = affine.apply
//       CHECK:   scf.for %{{.*}} = %{{.*}} to %[[END]] step %c32
func.func @key_length_per_batch(%lengths: tensor<1xi32>, %q: tensor<1x1x64x32xf32>, %k: tensor<1x1x1024x32xf32>,
    %v: tensor<1x1x1024x16xf32>, %acc: tensor<1x1x64x16xf32>, %m: tensor<1x1x64xf32>, %l: tensor<1x1x64xf32>,
    %b: index, %h: index) -> tensor<1x1x64x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<1x1x64x32xf32>, tensor<1x1x1024x32xf32>, tensor<1x1x1024x16xf32>)
      captures(%lengths : tensor<1xi32>) at[%b, %h, 0, 0, 0, 0]
      outs(%acc, %m, %l : tensor<1x1x64x16xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>)
      maps [affine_map<(b, h, i, j, d, e) -> (b, h, i, d)>, affine_map<(b, h, i, j, d, e) -> (b, h, j, d)>,
            affine_map<(b, h, i, j, d, e) -> (b, h, j, e)>, affine_map<(b, h, i, j, d, e) -> (b)>,
            affine_map<(b, h, i, j, d, e) -> (b, h, i, e)>, affine_map<(b, h, i, j, d, e) -> (b, h, i)>,
            affine_map<(b, h, i, j, d, e) -> (b, h, i)>]
      mask {
      ^bb0(%length: i32):
        %j = attn.index 3 : index
        %j32 = arith.index_cast %j : index to i32
        %keep = arith.cmpi slt, %j32, %length : i32
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_n = 32>}
  return %s#0 : tensor<1x1x64x16xf32>
}

// -----

// A softmax state along the first dimension, with fewer elements than a block.

// CHECK-LABEL: func @online_softmax
//       CHECK:   attn.online_softmax dimension(0) ins(%{{.*}} : tensor<20x8xf32>)
func.func @online_softmax(%x: tensor<20x8xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %s:2 = attn.online_softmax dimension(0) ins(%x : tensor<20x8xf32>) outs(%m, %l : tensor<8xf32>, tensor<8xf32>)
      attributes {attn.config = #attn.config<tile_n = 32>}
  return %s#0, %s#1 : tensor<8xf32>, tensor<8xf32>
}

// -----

// S14: no keys, no iterations.

// CHECK-LABEL: func @no_keys
//       CHECK:   return %arg1, %arg2
func.func @no_keys(%x: tensor<8x0xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %s:2 = attn.online_softmax dimension(1) ins(%x : tensor<8x0xf32>) outs(%m, %l : tensor<8xf32>, tensor<8xf32>)
      attributes {attn.config = #attn.config<tile_n = 32>}
  return %s#0, %s#1 : tensor<8xf32>, tensor<8xf32>
}
