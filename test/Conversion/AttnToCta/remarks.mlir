// RUN: fovea-opt %s -split-input-file -verify-diagnostics -remarks-filter=attn-to-cta -remark-policy=all -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=64},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta)))' -o /dev/null

// The tile, how a score becomes a weight, and which blocks pay for a mask.

func.func @causal(%q: tensor<?x128xf16>, %k: tensor<?x128xf16>, %v: tensor<?x128xf16>, %o: tensor<?x128xf16>) -> tensor<?x128xf16> {
  // expected-remark @below {{[Analysis] AttnToCta | Category:attn-to-cta | Remark="128 rows x 64 keys, head dims 128 and 128; scale, subtraction and exponent are one fma; blocks at the edges are masked"}}
  %r = attn.attention causal(top_left) ins(%q, %k, %v : tensor<?x128xf16>, tensor<?x128xf16>, tensor<?x128xf16>) outs(%o : tensor<?x128xf16>)
  return %r : tensor<?x128xf16>
}

// -----

func.func @softcap(%q: tensor<256x64xf16>, %k: tensor<256x64xf16>, %v: tensor<256x32xf16>, %o: tensor<256x32xf16>) -> tensor<256x32xf16> {
  // expected-remark @below {{128 rows x 64 keys, head dims 64 and 32; scores are scaled before the maximum; no block is masked}}
  %r = attn.attention softcap(30.0) ins(%q, %k, %v : tensor<256x64xf16>, tensor<256x64xf16>, tensor<256x32xf16>) outs(%o : tensor<256x32xf16>)
  return %r : tensor<256x32xf16>
}
