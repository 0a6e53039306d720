// What an op with a fixed maximum cannot become: parts of the keys would not start from the maximum, states that are
// merged need the running one, and packing must know the number.

// RUN: not fovea-opt %s --attn-split-kv=splits=2 2>&1 | FileCheck %s --check-prefix=SPLIT
// RUN: not fovea-opt %s --attn-tile-kv="tile-n=32 tile-m=16 loop-order=key-outer" 2>&1 | FileCheck %s --check-prefix=OUTER
// RUN: not fovea-opt %s --attn-pack-queries 2>&1 | FileCheck %s --check-prefix=PACK
// SPLIT: error: 'attn.online_attention' op has a fixed maximum, which a part of the keys would not start from
// OUTER: error: 'attn.online_attention' op has a fixed maximum; states that are merged block by block need the running one
// PACK: error: 'attn.online_attention' op has a fixed maximum, but its state does not start as a fill with 0, the maximum and 0

func.func @f(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
             %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  %s:3 = attn.online_attention fixed_max ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  return %s#0 : tensor<64x16xf32>
}
