// RUN: fovea-opt %s -split-input-file -verify-diagnostics -attn-tile-kv --remarks-filter=attn -o /dev/null

// What the mask analysis understood, and what not.

func.func @affine(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
                  %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  // expected-remark-re @+1 {{[Analysis] MaskRange {{.*}}mask: affine}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_n = 32>}
  return %s#0 : tensor<64x16xf32>
}

// -----

func.func @opaque(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>, %ids: tensor<128xi32>,
                  %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  // expected-remark-re @+1 {{[Analysis] MaskRange {{.*}}mask: opaque because of 'arith.cmpi'}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      captures(%ids : tensor<128xi32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
      mask {
      ^bb0(%whole: tensor<128xi32>):
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %a = tensor.extract %whole[%i] : tensor<128xi32>
        %b = tensor.extract %whole[%j] : tensor<128xi32>
        %keep = arith.cmpi eq, %a, %b : i32
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_n = 32>}
  return %s#0 : tensor<64x16xf32>
}

// -----

func.func @no_config(%x: tensor<8x512xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>) -> tensor<8xf32> {
  // expected-remark-re @+1 {{[Missed] TileKv {{.*}}no attn.config gives the tile size}}
  %s:2 = attn.online_softmax dimension(1) ins(%x : tensor<8x512xf32>) outs(%m, %l : tensor<8xf32>, tensor<8xf32>)
  return %s#0 : tensor<8xf32>
}
