// attn-report-io says what fovea-run counts: flops, bytes, extra and on-chip memory of every form, to the last one.

// DEFINE: %{compare} = %python %S/Inputs/compare-counts.py %s
// RUN: %{compare} full 20000 32 32 | FileCheck %s
// RUN: %{compare} full 4000 32 40 | FileCheck %s
// RUN: %{compare} full 1000000 17 33 | FileCheck %s
// RUN: %{compare} causal 3000 32 40 | FileCheck %s
// RUN: %{compare} causal 20000 16 24 | FileCheck %s
// RUN: %{compare} window 20000 16 16 | FileCheck %s
// RUN: %{compare} everything 4000 16 24 | FileCheck %s
// RUN: %{compare} half 6000 32 64 | FileCheck %s
// RUN: %{compare} one_tile 5000 64 64 | FileCheck %s
// CHECK: 3 forms, 0 numbers differ

func.func @full(%q: tensor<2x3x96x16xf32>, %k: tensor<2x3x100x16xf32>, %v: tensor<2x3x100x24xf32>, %o: tensor<2x3x96x24xf32>)
    -> tensor<2x3x96x24xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<2x3x96x16xf32>, tensor<2x3x100x16xf32>, tensor<2x3x100x24xf32>)
      outs(%o : tensor<2x3x96x24xf32>)
  return %r : tensor<2x3x96x24xf32>
}

func.func @causal(%q: tensor<4x96x16xf32>, %k: tensor<2x100x16xf32>, %v: tensor<2x100x16xf32>, %o: tensor<4x96x16xf32>,
                  %l: tensor<4x96xf32>) -> (tensor<4x96x16xf32>, tensor<4x96xf32>) {
  %r:2 = attn.attention causal(bottom_right)
      ins(%q, %k, %v : tensor<4x96x16xf32>, tensor<2x100x16xf32>, tensor<2x100x16xf32>)
      outs(%o, lse %l : tensor<4x96x16xf32>, tensor<4x96xf32>)
  return %r#0, %r#1 : tensor<4x96x16xf32>, tensor<4x96xf32>
}

func.func @window(%q: tensor<2x90x8xf64>, %k: tensor<2x90x8xf64>, %v: tensor<2x90x8xf64>, %o: tensor<2x90x8xf64>)
    -> tensor<2x90x8xf64> {
  %r = attn.attention causal(top_left) window(20, 0) ins(%q, %k, %v : tensor<2x90x8xf64>, tensor<2x90x8xf64>, tensor<2x90x8xf64>)
      outs(%o : tensor<2x90x8xf64>)
  return %r : tensor<2x90x8xf64>
}

func.func @everything(%q: tensor<2x2x50x8xf32>, %k: tensor<2x2x70x8xf32>, %v: tensor<2x2x70x8xf32>, %b: tensor<2x50x70xf32>,
                      %m: tensor<70xi1>, %s: tensor<2xf32>, %o: tensor<2x2x50x8xf32>, %l: tensor<2x2x50xf32>,
                      %x: tensor<2x2x50xf32>) -> (tensor<2x2x50x8xf32>, tensor<2x2x50xf32>, tensor<2x2x50xf32>) {
  %r:3 = attn.attention softcap(20.0) ins(%q, %k, %v : tensor<2x2x50x8xf32>, tensor<2x2x70x8xf32>, tensor<2x2x70x8xf32>)
      bias(%b : tensor<2x50x70xf32>) keep(%m : tensor<70xi1>) sink(%s : tensor<2xf32>)
      outs(%o, lse %l, max %x : tensor<2x2x50x8xf32>, tensor<2x2x50xf32>, tensor<2x2x50xf32>)
  return %r#0, %r#1, %r#2 : tensor<2x2x50x8xf32>, tensor<2x2x50xf32>, tensor<2x2x50xf32>
}

func.func @half(%q: tensor<96x16xbf16>, %k: tensor<128x16xbf16>, %v: tensor<128x16xbf16>, %o: tensor<96x16xbf16>)
    -> tensor<96x16xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<96x16xbf16>, tensor<128x16xbf16>, tensor<128x16xbf16>)
      outs(%o : tensor<96x16xbf16>)
  return %r : tensor<96x16xbf16>
}

func.func @one_tile(%q: tensor<64x16xf32>, %k: tensor<64x16xf32>, %v: tensor<64x16xf32>, %o: tensor<64x16xf32>)
    -> tensor<64x16xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<64x16xf32>, tensor<64x16xf32>, tensor<64x16xf32>)
      outs(%o : tensor<64x16xf32>)
  return %r : tensor<64x16xf32>
}
