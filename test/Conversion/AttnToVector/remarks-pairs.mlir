// RUN: fovea-opt %s -attn-to-vector="bf16-pairs=true" -verify-diagnostics --remarks-filter=attn-to-vector -o /dev/null

// The remark names what multiplies.

func.func @pairs(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x32xbf16>, %acc: memref<32x32xf32>,
                 %m: memref<32xf32>, %l: memref<32xf32>) {
  // expected-remark @below {{[Passed] MatrixTile | Category:attn-to-vector | block_keys=256, chunk_keys=64, panel_queries=32, parts=1, unit=avx512-bf16}}
  attn.online_attention base(two) ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}
