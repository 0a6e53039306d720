// RUN: fovea-opt %s -attn-to-vector -verify-diagnostics

// The form for a matrix unit on a machine without one is refused, not lowered to something else.

func.func @no_unit(%q: memref<32x32xbf16>, %acc: memref<32x32xf32>, %m: memref<32xf32>, %l: memref<32xf32>) {
  // expected-error @below {{is in the form for a matrix unit, but the machine has none for 'bf16'; give attn-pack-queries and attn-to-vector the same options}}
  attn.online_attention ins(%q, %q, %q : memref<32x32xbf16>, memref<32x32xbf16>, memref<32x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}
