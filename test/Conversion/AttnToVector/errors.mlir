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
