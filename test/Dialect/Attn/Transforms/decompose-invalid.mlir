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

func.func @cross_entropy_on_memrefs(%x: memref<4x8xf32>, %t: memref<4xi32>, %e: memref<4xf32>) {
  // expected-error @+1 {{can be rewritten on tensors only}}
  attn.cross_entropy ins(%x, %t : memref<4x8xf32>, memref<4xi32>) outs(%e : memref<4xf32>)
  return
}
