// RUN: fovea-opt %s -split-input-file -verify-diagnostics --fovea-select-gpu-schedule

// What no kernel is made of is named before it is taken apart.

func.func @softmax(%x: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // expected-error @below {{'attn.softmax' op has no kernels for GPUs yet; attn.attention has}}
  %y = attn.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>)
  return %y : tensor<?x?xf32>
}

// -----

func.func @no_keys(%q: tensor<4x64x128xbf16>, %k: tensor<4x0x128xbf16>, %o: tensor<4x64x128xbf16>) -> tensor<4x64x128xbf16> {
  // expected-error @below {{'attn.attention' op has no keys, by the static shapes of K and V, and no kernel is made of that; a dynamic number of keys may be 0}}
  %r = attn.attention ins(%q, %k, %k : tensor<4x64x128xbf16>, tensor<4x0x128xbf16>, tensor<4x0x128xbf16>) outs(%o : tensor<4x64x128xbf16>)
  return %r : tensor<4x64x128xbf16>
}
