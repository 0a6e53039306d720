// RUN: fovea-opt %s -attn-rewrite-online-softmax -split-input-file -verify-diagnostics

// What the rewriting needs from the passes before it, and that it comes before bufferization.

func.func @clauses(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @below {{has clauses; attn-canonicalize turns them into regions first}}
  %o = attn.attention causal ins(%q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%q : tensor<4x8xf32>)
  return %o : tensor<4x8xf32>
}

// -----

func.func @attention_on_buffers(%q: memref<4x8xf32>, %o: memref<4x8xf32>) {
  // expected-error @below {{can be rewritten on tensors only}}
  attn.attention ins(%q, %q, %q : memref<4x8xf32>, memref<4x8xf32>, memref<4x8xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @softmax_on_buffers(%x: memref<4x8xf32>, %y: memref<4x8xf32>) {
  // expected-error @below {{can be rewritten on tensors only}}
  attn.softmax dimension(1) ins(%x : memref<4x8xf32>) outs(%y : memref<4x8xf32>)
  return
}

// -----

func.func @cross_entropy_on_buffers(%x: memref<4x8xf32>, %t: memref<4xi32>, %y: memref<4xf32>) {
  // expected-error @below {{can be rewritten on tensors only}}
  attn.cross_entropy ins(%x, %t : memref<4x8xf32>, memref<4xi32>) outs(%y : memref<4xf32>)
  return
}
