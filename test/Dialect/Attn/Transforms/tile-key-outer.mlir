// RUN: fovea-opt %s --attn-tile-parallel="tile-m=16 loop-order=key-outer" --attn-tile-kv="tile-n=32 tile-m=16 loop-order=key-outer" --canonicalize --cse | FileCheck %s

// FlashAttention-1: in one parallel iteration per head, the loop over the keys holds the loop over the rows; every step
// replaces a tile of the state of all rows. Innermost are no keys at all where the rows see none of the block.

// CHECK-LABEL: @causal
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK:   scf.for %[[N:.*]] = %{{.*}} to %{{.*}} step %c32 iter_args(%[[A:.*]] = %{{.*}}, %[[M:.*]] = %{{.*}}, %[[L:.*]] = %{{.*}}) -> (tensor<1x64x8xf32>, tensor<1x64xf32>, tensor<1x64xf32>)
// CHECK:     %[[K:.*]] = tensor.extract_slice %{{.*}}[0, %[[N]], 0] [1, 32, 8]
// CHECK:     scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %c16
// CHECK:       tensor.extract_slice %{{.*}}[0, %[[I]], 0] [1, 16, 8]
// CHECK:       scf.for
// CHECK:         attn.online_attention partial
// CHECK:       tensor.insert_slice %{{.*}} into %{{.*}}[0, %[[I]], 0] [1, 16, 8]
// CHECK:   attn.finalize {{.*}} outs(%{{.*}} : tensor<1x64x8xf32>)
func.func @causal(%q: tensor<2x64x8xf32>, %k: tensor<2x64x8xf32>, %v: tensor<2x64x8xf32>, %acc: tensor<2x64x8xf32>,
                  %m: tensor<2x64xf32>, %l: tensor<2x64xf32>, %o: tensor<2x64x8xf32>) -> tensor<2x64x8xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<2x64x8xf32>, tensor<2x64x8xf32>, tensor<2x64x8xf32>)
      outs(%acc, %m, %l : tensor<2x64x8xf32>, tensor<2x64xf32>, tensor<2x64xf32>)
      mask {
        %i = attn.index 1 : index
        %j = attn.index 2 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      }
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<2x64x8xf32>, tensor<2x64xf32>, tensor<2x64xf32>) outs(%o : tensor<2x64x8xf32>)
  return %r : tensor<2x64x8xf32>
}
