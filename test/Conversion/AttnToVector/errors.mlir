// RUN: fovea-opt %s -attn-to-vector -split-input-file -verify-diagnostics

// Forms that the passes before do not make.

func.func @tensors(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // expected-error @below {{is on tensors; bufferize before attn-to-vector}}
  %s:2 = attn.online_softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%m, %m : tensor<4xf32>, tensor<4xf32>)
  return %s#0, %s#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

func.func @not_rewritten(%x: memref<4x8xf32>, %y: memref<4x8xf32>) {
  // expected-error @below {{has no vector lowering; run attn-rewrite-online-softmax before attn-to-vector}}
  attn.softmax dimension(1) ins(%x : memref<4x8xf32>) outs(%y : memref<4x8xf32>)
  return
}

// -----

func.func @not_packed(%q: memref<16x8xf32>, %m: memref<16xf32>, %l: memref<16xf32>, %acc: memref<16x8xf32>) {
  // expected-error @below {{is not in the form with queries along the lanes; run attn-pack-queries before bufferization}}
  attn.online_attention scale(1.0) ins(%q, %q, %q : memref<16x8xf32>, memref<16x8xf32>, memref<16x8xf32>)
      outs(%acc, %m, %l : memref<16x8xf32>, memref<16xf32>, memref<16xf32>)
  return
}

// -----

func.func @scaled(%q: memref<8x16xf32>, %k: memref<6x8xf32>, %acc: memref<8x16xf32>, %m: memref<16xf32>, %l: memref<16xf32>) {
  // expected-error @below {{has a scale that is not folded into the packed query; run attn-pack-queries}}
  attn.online_attention ins(%q, %k, %k : memref<8x16xf32>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<8x16xf32>, memref<16xf32>, memref<16xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

func.func @strided_queries(%q: memref<8x16xf32, strided<[1, 8]>>, %k: memref<6x8xf32>, %acc: memref<8x16xf32>,
                           %m: memref<16xf32>, %l: memref<16xf32>) {
  // expected-error @below {{needs unit stride along the queries, got 'memref<8x16xf32, strided<[1, 8]>>'}}
  attn.online_attention scale(1.0) ins(%q, %k, %k : memref<8x16xf32, strided<[1, 8]>>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<8x16xf32>, memref<16xf32>, memref<16xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

func.func @packed_into_any_extent(%x: memref<4x8xf32>, %y: memref<8x?xf32>) {
  // expected-error @below {{needs a static innermost extent and unit stride, got 'memref<8x?xf32>'}}
  attn.pack ins(%x : memref<4x8xf32>) outs(%y : memref<8x?xf32>)
  return
}

// -----

func.func @rows_dynamic_head_dim(%q: memref<1x?xf32>, %k: memref<6x?xf32>, %v: memref<6x8xf32>, %acc: memref<1x8xf32>, %m: memref<1xf32>, %l: memref<1xf32>) {
  // expected-error @below {{has keys along the lanes (lanes = keys) and needs static head dims for that}}
  attn.online_attention ins(%q, %k, %v : memref<1x?xf32>, memref<6x?xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<1x8xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<lanes = keys>}
  return
}

// -----

func.func @rows_two_heads(%q: memref<2x1x8xf32>, %k: memref<2x6x8xf32>, %acc: memref<2x1x8xf32>, %m: memref<2x1xf32>, %l: memref<2x1xf32>) {
  // expected-error @below {{all rows of a tile must share K and V, but dimension 0 of the tile has extent 2, expected at most 1}}
  attn.online_attention ins(%q, %k, %k : memref<2x1x8xf32>, memref<2x6x8xf32>, memref<2x6x8xf32>)
      outs(%acc, %m, %l : memref<2x1x8xf32>, memref<2x1xf32>, memref<2x1xf32>)
      attributes {attn.config = #attn.config<lanes = keys>}
  return
}

// -----

func.func @rows_strided_accumulator(%q: memref<1x8xf32>, %k: memref<6x8xf32>, %acc: memref<1x8xf32, strided<[?, ?]>>, %m: memref<1xf32>, %l: memref<1xf32>) {
  // expected-error @below {{needs an accumulator whose last dimension is the value's head dim with unit stride, got 'memref<1x8xf32, strided<[?, ?]>>'}}
  attn.online_attention ins(%q, %k, %k : memref<1x8xf32>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<1x8xf32, strided<[?, ?]>>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<lanes = keys>}
  return
}

// -----

func.func @rows_too_long(%q: memref<1x2048xf32>, %k: memref<6x2048xf32>, %v: memref<6x8xf32>, %acc: memref<1x8xf32>, %m: memref<1xf32>, %l: memref<1xf32>) {
  // expected-error @below {{has keys along the lanes (lanes = keys) and rows of 8192 bytes, expected at most 4096}}
  attn.online_attention ins(%q, %k, %v : memref<1x2048xf32>, memref<6x2048xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<1x8xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<lanes = keys>}
  return
}
