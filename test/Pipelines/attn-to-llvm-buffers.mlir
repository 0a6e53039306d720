// RUN: fovea-opt %s -attn-to-llvm -split-input-file -verify-diagnostics -o /dev/null

// Attention is optimized on tensors: on buffers of the user's it is one diagnostic.

func.func @attention(%q: memref<16x64xf32>, %k: memref<32x64xf32>, %o: memref<16x64xf32>) {
  // expected-error @below {{can be rewritten on tensors only}}
  attn.attention causal(top_left) ins(%q, %k, %k : memref<16x64xf32>, memref<32x64xf32>, memref<32x64xf32>)
      outs(%o : memref<16x64xf32>)
  return
}

// -----

func.func @softmax(%x: memref<16x64xf32>, %y: memref<16x64xf32>) {
  // expected-error @below {{can be rewritten on tensors only}}
  attn.softmax dimension(1) ins(%x : memref<16x64xf32>) outs(%y : memref<16x64xf32>)
  return
}

// -----

func.func @online_attention(%q: memref<16x64xf32>, %acc: memref<16x64xf32>, %m: memref<16xf32>, %l: memref<16xf32>) {
  // expected-error @below {{can be tiled on tensors only}}
  attn.online_attention ins(%q, %q, %q : memref<16x64xf32>, memref<16x64xf32>, memref<16x64xf32>)
      outs(%acc, %m, %l : memref<16x64xf32>, memref<16xf32>, memref<16xf32>)
  return
}

// -----

func.func @online_softmax(%x: memref<16x64xf32>, %m: memref<16xf32>, %l: memref<16xf32>) {
  // expected-error @below {{can be tiled on tensors only}}
  attn.online_softmax dimension(1) ins(%x : memref<16x64xf32>) outs(%m, %l : memref<16xf32>, memref<16xf32>)
  return
}

// -----

func.func @cross_entropy(%x: memref<4x8xf32>, %t: memref<4xi32>, %y: memref<4xf32>) {
  // expected-error @below {{can be rewritten on tensors only}}
  attn.cross_entropy ins(%x, %t : memref<4x8xf32>, memref<4xi32>) outs(%y : memref<4xf32>)
  return
}

// -----

// Ops without keys to tile are lowered where they are.

func.func @readers(%ms: memref<4x8xf32>, %ls: memref<4x8xf32>, %acc: memref<8x16xf32>, %m: memref<8xf32>, %l: memref<8xf32>,
                   %o: memref<8x16xf32>) {
  attn.merge ins(%ms, %ls : memref<4x8xf32>, memref<4x8xf32>) outs(%m, %l : memref<8xf32>, memref<8xf32>)
  attn.finalize ins(%acc, %m, %l : memref<8x16xf32>, memref<8xf32>, memref<8xf32>) outs(%o : memref<8x16xf32>)
  return
}
