// RUN: fovea-opt %s -attn-to-vector="amx-bf16=true" -split-input-file -verify-diagnostics

// Products go to a matrix unit that has the type, with head dims that are known.

func.func @dynamic(%q: memref<32x?xbf16>, %k: memref<32x?xbf16>, %acc: memref<?x32xf32>, %m: memref<32xf32>, %l: memref<32xf32>) {
  // expected-error @below {{needs static head dims and queries by 32 for a matrix unit}}
  attn.online_attention ins(%q, %k, %k : memref<32x?xbf16>, memref<32x?xbf16>, memref<32x?xbf16>)
      outs(%acc, %m, %l : memref<?x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

func.func @strided(%q: memref<32x32xbf16>, %acc: memref<32x32xf32, strided<[64, 2]>>, %m: memref<32xf32>, %l: memref<32xf32>) {
  // expected-error @below {{needs unit stride along the queries, got 'memref<32x32xf32, strided<[64, 2]>>'}}
  attn.online_attention ins(%q, %q, %q : memref<32x32xbf16>, memref<32x32xbf16>, memref<32x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32, strided<[64, 2]>>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}
