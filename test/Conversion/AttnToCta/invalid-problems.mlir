// RUN: fovea-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=40},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta)))'

// What a user may write, and no kernel computes: the diagnostic is at the attention.

func.func @blocks(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  // expected-error @below {{kernel 'blocks_0' cannot be computed in register and shared tiles: its blocks have 40 keys, expected a multiple of 16}}
  %r = attn.attention ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

func.func @head_dim(%q: tensor<?x?xf16>, %k: tensor<32x?xf16>, %v: tensor<32x?xf16>, %o: tensor<?x?xf16>) -> tensor<?x?xf16> {
  // expected-error @below {{the QK head dim is not static; the value head dim is not static}}
  %r = attn.attention scale(0.125) ins(%q, %k, %v : tensor<?x?xf16>, tensor<32x?xf16>, tensor<32x?xf16>) outs(%o : tensor<?x?xf16>)
  return %r : tensor<?x?xf16>
}

// -----

func.func @table(%q: tensor<?x64xf16>, %k: tensor<32x64xf16>, %t: tensor<?x?xf32>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  // expected-error @below {{its regions have a 'tensor.dim' of a computed dimension}}
  %r = attn.attention ins(%q, %k, %k : tensor<?x64xf16>, tensor<32x64xf16>, tensor<32x64xf16>) captures(%t : tensor<?x?xf32>) outs(%o : tensor<?x64xf16>) mask {
  ^bb0(%b: tensor<?x?xf32>):
    %j = attn.index 1 : index
    %n = tensor.dim %b, %j : tensor<?x?xf32>
    %keep = arith.cmpi slt, %j, %n : index
    attn.yield %keep : i1
  }
  return %r : tensor<?x64xf16>
}
