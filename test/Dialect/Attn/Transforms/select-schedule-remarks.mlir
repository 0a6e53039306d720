// RUN: fovea-opt %s -attn-select-schedule -verify-diagnostics --remarks-filter=attn-select-schedule -o /dev/null

// The choice is reported; a configuration that was there is not ours to report.

func.func @choice(%q: tensor<4x3x64xf32>, %k: tensor<4x2048x64xf32>, %o: tensor<4x3x64xf32>)
    -> (tensor<4x3x64xf32>, tensor<4x3x64xf32>) {
  // expected-remark-re @below {{[Analysis] schedule {{.*}}splits=4, tile_m=3, tile_n=256}}
  %r = attn.attention ins(%q, %k, %k : tensor<4x3x64xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x3x64xf32>)
  %s = attn.attention ins(%q, %k, %k : tensor<4x3x64xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x3x64xf32>) attributes {attn.config = #attn.config<tile_m = 7>}
  return %r, %s : tensor<4x3x64xf32>, tensor<4x3x64xf32>
}

// A head dim for which not even one panel of queries fits the first-level cache is said to be one.

func.func @large_head(%q: tensor<1x128x256xf32>, %o: tensor<1x128x256xf32>) -> tensor<1x128x256xf32> {
  // expected-remark @below {{[Analysis] schedule | Category:attn-select-schedule | splits=1, tile_m=64, tile_n=64}}
  // expected-remark @below {{[Missed] schedule | Category:attn-select-schedule | Reason="the packed query tile of 65536 bytes is larger than the first-level cache of 49152"}}
  %r = attn.attention ins(%q, %q, %q : tensor<1x128x256xf32>, tensor<1x128x256xf32>, tensor<1x128x256xf32>)
      outs(%o : tensor<1x128x256xf32>)
  return %r : tensor<1x128x256xf32>
}
