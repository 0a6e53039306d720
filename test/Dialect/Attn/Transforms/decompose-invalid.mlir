// What attn-decompose refuses, with the reason.
// RUN: fovea-opt %s -attn-decompose -split-input-file -verify-diagnostics

func.func @online(%q: tensor<8x16xf32>, %m: tensor<8xf32>) -> tensor<8x16xf32> {
  // expected-error @+1 {{has no unfused form; run attn-decompose before attn-rewrite-online-softmax}}
  %r:3 = attn.online_attention ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>)
      outs(%q, %m, %m : tensor<8x16xf32>, tensor<8xf32>, tensor<8xf32>)
  return %r#0 : tensor<8x16xf32>
}

// -----

func.func @memrefs(%q: memref<8x16xf32>) {
  // expected-error @+1 {{can be decomposed on tensors only}}
  attn.attention ins(%q, %q, %q : memref<8x16xf32>, memref<8x16xf32>, memref<8x16xf32>) outs(%q : memref<8x16xf32>)
  return
}

// -----

func.func @head_dim_capture(%q: tensor<8x16xf32>, %b: tensor<16xf32>) -> tensor<8x16xf32> {
  // expected-error @+1 {{has a capture that varies along dimension 2, of which a score has none (regions)}}
  %r = attn.attention ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) captures(%b : tensor<16xf32>)
      outs(%q : tensor<8x16xf32>) maps [affine_map<(d0, d1, d2, d3) -> (d0, d2)>, affine_map<(d0, d1, d2, d3) -> (d1, d2)>,
        affine_map<(d0, d1, d2, d3) -> (d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d3)>] score {
  ^bb0(%s: f32, %e: f32):
    %t = arith.addf %s, %e : f32
    attn.yield %t : f32
  }
  return %r : tensor<8x16xf32>
}

// -----

func.func @head_dim_position(%q: tensor<8x16xf32>, %n: index) -> tensor<8x16xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) captures(%n : index)
      outs(%q : tensor<8x16xf32>) mask {
  ^bb0(%e: index):
    // expected-error @+1 {{asks for the position along dimension 2, of which a score has none (regions)}}
    %i = attn.index 2 : index
    %t = arith.cmpi slt, %i, %e : index
    attn.yield %t : i1
  }
  return %r : tensor<8x16xf32>
}

// -----

func.func @cross_entropy_layout(%x: tensor<100x4xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{can be rewritten only where the logits' map is the identity and all others hold every row and not the classes (maps)}}
  %r = attn.cross_entropy ins(%x, %t : tensor<100x4xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0)>]
  return %r : tensor<4xf32>
}
