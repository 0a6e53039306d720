// RUN: fovea-opt %s -pass-pipeline='builtin.module(attn-canonicalize,fovea-select-gpu-schedule{keys=512})' | FileCheck %s --check-prefixes=CHECK,SHORT
// RUN: fovea-opt %s -pass-pipeline='builtin.module(attn-canonicalize,fovea-select-gpu-schedule{keys=16384})' | FileCheck %s --check-prefixes=CHECK,LONG

// Head dim, number of keys and whether rows see different numbers of them decide; a warpgroup has 64 rows of queries.

// Many keys: three warpgroups and a rescale only where it is needed. Few keys: the block of keys divides them.

// CHECK-LABEL: @full_128
//       SHORT:   attn.config = #attn.config<tile_m = 128, tile_n = 128>, cta.schedule = #cta.schedule<ping_pong = true, query_stages = 2>
//        LONG:   attn.config = #attn.config<tile_m = 192, tile_n = 80, rescale_log2 = 8>, cta.schedule = #cta.schedule<warpgroups = 3, ping_pong = true, query_stages = 2, scheduler = dynamic>
func.func @full_128(%q: tensor<?x4x?x128xbf16>, %k: tensor<?x4x?x128xbf16>, %o: tensor<?x4x?x128xbf16>) -> tensor<?x4x?x128xbf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>) outs(%o : tensor<?x4x?x128xbf16>)
  return %r : tensor<?x4x?x128xbf16>
}

// Tiles with different numbers of keys are handed out by a counter, the long ones first, in sections of heads.

// CHECK-LABEL: @causal_128
//       SHORT:   attn.config = #attn.config<tile_m = 128, {{.*}}scheduler = dynamic, order = descending, section_tiles = {{[1-9]}}
//        LONG:   attn.config = #attn.config<tile_m = 192, {{.*}}warpgroups = 3, {{.*}}scheduler = dynamic, order = descending, section_tiles = {{[1-9]}}
func.func @causal_128(%q: tensor<?x4x?x128xbf16>, %k: tensor<?x4x?x128xbf16>, %o: tensor<?x4x?x128xbf16>) -> tensor<?x4x?x128xbf16> {
  %r = attn.attention causal(top_left) ins(%q, %k, %k : tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>) outs(%o : tensor<?x4x?x128xbf16>)
  return %r : tensor<?x4x?x128xbf16>
}

// An accumulator of 256 columns leaves registers for two warpgroups and blocks of 64 keys, and its output goes where the
// query was.

// CHECK-LABEL: @full_256
//       CHECK:   attn.config = #attn.config<tile_m = 128, rescale_log2 = 8>, {{.*}}output_over_query = true
func.func @full_256(%q: tensor<?x4x?x256xbf16>, %k: tensor<?x4x?x256xbf16>, %o: tensor<?x4x?x256xbf16>) -> tensor<?x4x?x256xbf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x4x?x256xbf16>, tensor<?x4x?x256xbf16>, tensor<?x4x?x256xbf16>) outs(%o : tensor<?x4x?x256xbf16>)
  return %r : tensor<?x4x?x256xbf16>
}

// A head dim between two of the table is as the next one; the greater one of the two counts.

// CHECK-LABEL: @full_80_128
//        LONG:   attn.config = #attn.config<tile_m = 192, tile_n = 80, rescale_log2 = 8>
func.func @full_80_128(%q: tensor<?x80xbf16>, %k: tensor<?x80xbf16>, %v: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x80xbf16>, tensor<?x80xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}

// An output that is no tile like the query's does not take its place.

// CHECK-LABEL: @narrow_values
//   CHECK-NOT:   output_over_query
//       CHECK:   return
func.func @narrow_values(%q: tensor<?x256xbf16>, %k: tensor<?x256xbf16>, %v: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x256xbf16>, tensor<?x256xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}
// CHECK-LABEL: @wide_elements
//   CHECK-NOT:   output_over_query
//       CHECK:   return
func.func @wide_elements(%q: tensor<?x256xbf16>, %k: tensor<?x256xbf16>, %o: tensor<?x256xf32>) -> tensor<?x256xf32> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x256xbf16>, tensor<?x256xbf16>, tensor<?x256xbf16>) outs(%o : tensor<?x256xf32>)
  return %r : tensor<?x256xf32>
}

// A score function takes registers beside the tile: two warpgroups, which have the most of them.

// CHECK-LABEL: @softcap
//       CHECK:   attn.config = #attn.config<tile_m = 128,
func.func @softcap(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention softcap(30.0) ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}

// So do elements of memory, for any head dim, and they keep the blocks of keys small: the more so where it is a mask.

// CHECK-LABEL: @bias_64
//       CHECK:   attn.config = #attn.config<tile_m = 128, tile_n = 96>
func.func @bias_64(%q: tensor<?x64xbf16>, %k: tensor<?x64xbf16>, %bias: tensor<?x?xf32>, %o: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %r = attn.attention bias(%bias : tensor<?x?xf32>) ins(%q, %k, %k : tensor<?x64xbf16>, tensor<?x64xbf16>, tensor<?x64xbf16>) outs(%o : tensor<?x64xbf16>)
  return %r : tensor<?x64xbf16>
}
// CHECK-LABEL: @keep_128
//       CHECK:   attn.config = #attn.config<tile_m = 128, tile_n = 80>
func.func @keep_128(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %keep: tensor<?x?xi1>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention keep(%keep : tensor<?x?xi1>) ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}
// CHECK-LABEL: @keep_256
//       CHECK:   attn.config = #attn.config<tile_m = 128, rescale_log2
func.func @keep_256(%q: tensor<?x256xbf16>, %k: tensor<?x256xbf16>, %keep: tensor<?x?xi1>, %o: tensor<?x256xbf16>) -> tensor<?x256xbf16> {
  %r = attn.attention keep(%keep : tensor<?x?xi1>) ins(%q, %k, %k : tensor<?x256xbf16>, tensor<?x256xbf16>, tensor<?x256xbf16>) outs(%o : tensor<?x256xbf16>)
  return %r : tensor<?x256xbf16>
}

// Three warpgroups, and positions in the score: blocks of 96 keys.

// CHECK-LABEL: @alibi_64
//        LONG:   attn.config = #attn.config<tile_m = 192, tile_n = 96>
func.func @alibi_64(%q: tensor<4x?x64xbf16>, %k: tensor<4x?x64xbf16>, %slopes: tensor<4xf32>, %o: tensor<4x?x64xbf16>) -> tensor<4x?x64xbf16> {
  %r = attn.attention causal(top_left) alibi(%slopes : tensor<4xf32>) ins(%q, %k, %k : tensor<4x?x64xbf16>, tensor<4x?x64xbf16>, tensor<4x?x64xbf16>) outs(%o : tensor<4x?x64xbf16>)
  return %r : tensor<4x?x64xbf16>
}
