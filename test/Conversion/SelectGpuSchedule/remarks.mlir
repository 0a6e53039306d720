// RUN: fovea-opt %s -pass-pipeline='builtin.module(attn-canonicalize,fovea-select-gpu-schedule)' -verify-diagnostics --remarks-filter=select-gpu-schedule -o /dev/null

// Each choice is reported.

func.func @choice(%q: tensor<?x128xbf16>, %k: tensor<512x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  // expected-remark-re @below {{[Analysis] schedule {{.*}}blocks_per_sm=1, chosen_by=table, flatten=no, ping_pong=yes, rescale_log2=0, scheduler={{[a-z]+}}, stages=2, tile_m=128, tile_n=128, warpgroups=2}}
  %r = attn.attention ins(%q, %k, %k : tensor<?x128xbf16>, tensor<512x128xbf16>, tensor<512x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}
