// RUN: fovea-opt %s -pass-pipeline='builtin.module(attn-canonicalize,fovea-select-gpu-schedule{keys=4096 tile-m=320 tile-n=48 rescale-log2=5})' | FileCheck %s --check-prefixes=CHECK,TILES
// RUN: fovea-opt %s -pass-pipeline='builtin.module(attn-canonicalize,fovea-select-gpu-schedule{schedule="#cta.schedule<warpgroups = 1, overlap = false>"})' | FileCheck %s --check-prefixes=CHECK,SCHEDULE
// RUN: not fovea-opt %s -pass-pipeline='builtin.module(fovea-select-gpu-schedule{chip=sm_80})' 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not fovea-opt %s -pass-pipeline='builtin.module(fovea-select-gpu-schedule{schedule=fast})' 2>&1 | FileCheck %s --check-prefix=FAST
// RUN: not fovea-opt %s -pass-pipeline='builtin.module(fovea-select-gpu-schedule{schedule="#cta.schedule<warpgroups = 9>"})' 2>&1 | FileCheck %s --check-prefix=NINE
// RUN: not fovea-opt %s -pass-pipeline='builtin.module(fovea-select-gpu-schedule{schedule="#cta.grid<>"})' 2>&1 | FileCheck %s --check-prefix=GRID

// Options replace single choices of the table; beside a schedule by hand the rescale is exact and tiles have its rows.

// CHECK-LABEL: @table
//       TILES:   attn.config = #attn.config<tile_m = 320, tile_n = 48, rescale_log2 = 5>, cta.schedule = #cta.schedule<warpgroups = 3
//    SCHEDULE:   attn.config = #attn.config<{{(tile_n = [0-9]+)?}}>, cta.schedule = #cta.schedule<warpgroups = 1, overlap = false>
func.func @table(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}

// What an op carries stays, and what it does not carry follows from it.

// CHECK-LABEL: @carries_schedule
//       TILES:   attn.config = #attn.config<tile_m = 320, tile_n = 48, rescale_log2 = 5>
//    SCHEDULE:   attn.config = #attn.config<tile_m = 256{{(, tile_n = [0-9]+)?}}>
//       CHECK:   cta.schedule = #cta.schedule<warpgroups = 4>
func.func @carries_schedule(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
      attributes {cta.schedule = #cta.schedule<warpgroups = 4>}
  return %r : tensor<?x128xbf16>
}

// CHECK-LABEL: @carries_config
//       CHECK:   attn.config = #attn.config<tile_m = 192, tile_n = 32>, cta.schedule = #cta.schedule<
//    SCHEDULE:   warpgroups = 1, overlap = false
func.func @carries_config(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
      attributes {attn.config = #attn.config<tile_m = 192, tile_n = 32>}
  return %r : tensor<?x128xbf16>
}

// CHIP: error: no kernels are made for chip 'sm_80', only for sm_90a
// FAST: error: expected the option schedule to be a #cta.schedule, got 'fast'
// NINE: error: warpgroups must be 1 to 4, got 9
// NINE: error: expected the option schedule to be a #cta.schedule, got '#cta.schedule<warpgroups = 9>'
// GRID: error: expected the option schedule to be a #cta.schedule, got '#cta.grid<>'
