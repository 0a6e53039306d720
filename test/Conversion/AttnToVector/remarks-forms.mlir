// RUN: fovea-opt %s -attn-to-vector="amx-bf16=true" -split-input-file -verify-diagnostics --remarks-filter=attn-to-vector -o /dev/null

// The other forms of a tile: on the matrix unit, and with the keys along the lanes.

func.func @matrix(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x32xbf16>, %acc: memref<32x32xf32>,
                  %m: memref<32xf32>, %l: memref<32xf32>) {
  // expected-remark @below {{[Passed] MatrixTile | Category:attn-to-vector | block_keys=256, chunk_keys=64, panel_queries=32, parts=1, unit=amx}}
  attn.online_attention base(two) ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

func.func @rows(%q: memref<1x32xf32>, %k: memref<?x32xf32>, %v: memref<?x32xf32>, %acc: memref<1x32xf32>,
                %m: memref<1xf32>, %l: memref<1xf32>) {
  // expected-remark @below {{[Passed] RowTile | Category:attn-to-vector | chunk_keys=256, group_rows=8, lanes=16, multiplies_pairs=false, prefetch_bytes=1024, read_streams=4}}
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x32xf32>, memref<?x32xf32>, memref<?x32xf32>)
      outs(%acc, %m, %l : memref<1x32xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}
