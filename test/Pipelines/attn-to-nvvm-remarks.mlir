// RUN: fovea-opt %s -attn-to-nvvm --remarks-filter='.*' -verify-diagnostics -o /dev/null

// What makes a kernel fast or slow is reported once by the pass that decides on it, from the schedule to the copies.

func.func @causal(%q: tensor<4x4096x128xbf16>, %k: tensor<4x4096x128xbf16>, %v: tensor<4x4096x128xbf16>, %o: tensor<4x4096x128xbf16>) -> tensor<4x4096x128xbf16> {
  // expected-remark-re @+20 {{[Analysis] schedule | Category:select-gpu-schedule | {{.*}}chosen_by=table, flatten=no, ping_pong=yes, {{.*}}scheduler=dynamic, stages=2, {{.*}}warpgroups=2}}
  // expected-remark-re @+19 {{[Passed] OnlineSoftmax {{.*}}}}
  // expected-remark-re @+18 {{[Passed] exp-base {{.*}}}}
  // expected-remark-re @+17 {{[Passed] TileParallel {{.*}}dims=2, op=attn.finalize, tile_m=128}}
  // expected-remark-re @+16 {{[Analysis] MaskRange {{.*}}}}
  // expected-remark-re @+15 {{[Passed] TileKv {{.*}}skips_blocks=yes, tile_n=128}}
  // expected-remark-re @+14 {{[Passed] OutlineKernel | Category:attn-outline-kernels | kernel=causal_0, tile_dims=2}}
  // expected-remark-re @+13 {{[Analysis] AttnToCta {{.*}}}}
  // expected-remark-re @+12 {{[Analysis] Layouts | Category:cta-infer-layouts | conversions=1, products_with_a_in_registers=1}}
  // expected-remark-re @+11 {{[Analysis] LayoutConversions | Category:cta-remove-layout-conversions | left=1, removed=0}}
  // expected-remark-re @+10 {{[Passed] Schedule | Category:cta-schedule | {{.*}}}}
  // expected-remark-re @+9 {{[Passed] ExpandPipeline | Category:cta-expand-pipeline | stages=2}}
  // expected-remark-re @+8 {{[Passed] SplitRanges {{.*}}}}
  // expected-remark-re @+7 {{[Passed] PersistTiles | Category:cta-persist-tiles | order=descending, persistent=yes, scheduler=dynamic}}
  // expected-remark-re @+6 {{[Analysis] BalanceSections | Category:cta-balance-sections | dropped=2}}
  // expected-remark-re @+5 {{[Passed] Roles | Category:cta-specialize-warps | consumer_registers=240, consumer_warps=8, producer_registers=24, producer_warps=4}}
  // expected-remark-re @+4 {{[Analysis] Waits | Category:cta-derive-waits | most_pending=1, waits={{[0-9]+}}}}
  // expected-remark-re @+3 {{[Analysis] Channels | Category:cta-lower-channels | channels=4, slots=8}}
  // expected-remark-re @+2 {{[Analysis] SharedMemory | Category:cta-allocate-smem | blocks_per_sm=1, bytes={{[0-9]+}}, limit=232448}}
  // expected-remark-re @+1 {{[Analysis] GlobalAccess | Category:cta-to-nvvm | bulk_copies={{[0-9]+}}, elementwise=0}}
  %r = attn.attention causal(top_left) ins(%q, %k, %v : tensor<4x4096x128xbf16>, tensor<4x4096x128xbf16>, tensor<4x4096x128xbf16>) outs(%o : tensor<4x4096x128xbf16>)
  return %r : tensor<4x4096x128xbf16>
}
