// RUN: fovea-opt %s -attn-to-vector="bf16-pairs=true" -split-input-file -verify-diagnostics --remarks-filter=attn-to-vector -o /dev/null

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

// -----

// Few rows are multiplied so where there is a line of 32 columns.

func.func @rows(%q: memref<1x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x24xbf16>, %acc: memref<1x24xf32>,
                %m: memref<1xf32>, %l: memref<1xf32>) {
  // expected-remark @below {{multiplies_pairs=true}}
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x64xbf16>, memref<?x64xbf16>, memref<?x24xbf16>)
      outs(%acc, %m, %l : memref<1x24xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}

// -----

func.func @short_rows(%q: memref<1x24xbf16>, %k: memref<?x24xbf16>, %acc: memref<1x24xf32>, %m: memref<1xf32>,
                      %l: memref<1xf32>) {
  // expected-remark @below {{multiplies_pairs=false}}
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<1x24xbf16>, memref<?x24xbf16>, memref<?x24xbf16>)
      outs(%acc, %m, %l : memref<1x24xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}
