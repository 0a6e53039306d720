// The forms of attention in the literature agree: unfused, FlashAttention-1 (the keys are the outer loop),
// FlashAttention-2 (the queries are), FlashDecoding (parts of the keys in parallel, their states merged) and
// FlashDecoding++ (one maximum for all parts).

// DEFINE: %{form} =
// DEFINE: %{run} = fovea-run %s --target cpu --check %{form} --entry
// DEFINE: %{all} = %{run} full && %{run} heads --dim queries=33 --dim keys=70 && %{run} heads --dim queries=70 --dim keys=33 \
// DEFINE:   && %{run} heads --dim queries=3 --dim keys=0 && %{run} heads --dim queries=0 --dim keys=3 && %{run} window \
// DEFINE:   && %{run} clauses && %{run} matrix --dim n=97

// REDEFINE: %{form} = --unfused
// RUN: %{all}
// REDEFINE: %{form} = --pipeline-options="tile-m=16 tile-n=24 loop-order=key-outer"
// RUN: %{all}
// REDEFINE: %{form} = --pipeline-options="tile-m=16 tile-n=24 loop-order=query-outer"
// RUN: %{all}
// REDEFINE: %{form} = --pipeline-options="tile-m=16 tile-n=24 splits=3"
// RUN: %{all}
// REDEFINE: %{form} = --pipeline-options="tile-m=16 tile-n=24 splits=3 loop-order=key-outer"
// RUN: %{all}
// REDEFINE: %{form} = --pipeline-options="tile-m=16 tile-n=24 maximum=unified"
// RUN: %{all}
// REDEFINE: %{form} = --pipeline-options="tile-m=16 tile-n=24 maximum=unified splits=3"
// RUN: %{all}

func.func @full(%q: tensor<2x3x40x16xf64>, %k: tensor<2x3x50x16xf64>, %v: tensor<2x3x50x24xf64>, %o: tensor<2x3x40x24xf64>,
                %l: tensor<2x3x40xf64>) -> (tensor<2x3x40x24xf64>, tensor<2x3x40xf64>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<2x3x40x16xf64>, tensor<2x3x50x16xf64>, tensor<2x3x50x24xf64>)
      outs(%o, lse %l : tensor<2x3x40x24xf64>, tensor<2x3x40xf64>)
  return %r#0, %r#1 : tensor<2x3x40x24xf64>, tensor<2x3x40xf64>
}

func.func @heads(%q: tensor<4x?x16xbf16> {fovea.dims = ["*", "queries", "*"]},
                 %k: tensor<2x?x16xbf16> {fovea.dims = ["*", "keys", "*"]},
                 %v: tensor<2x?x16xbf16> {fovea.dims = ["*", "keys", "*"]},
                 %o: tensor<4x?x16xbf16> {fovea.dims = ["*", "queries", "*"]}) -> tensor<4x?x16xbf16> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<4x?x16xbf16>, tensor<2x?x16xbf16>, tensor<2x?x16xbf16>)
      outs(%o : tensor<4x?x16xbf16>)
  return %r : tensor<4x?x16xbf16>
}

func.func @window(%q: tensor<2x90x8xf32>, %k: tensor<2x90x8xf32>, %v: tensor<2x90x8xf32>, %o: tensor<2x90x8xf32>)
    -> tensor<2x90x8xf32> {
  %r = attn.attention causal(top_left) window(20, 0) ins(%q, %k, %v : tensor<2x90x8xf32>, tensor<2x90x8xf32>, tensor<2x90x8xf32>)
      outs(%o : tensor<2x90x8xf32>)
  return %r : tensor<2x90x8xf32>
}

// With a maximum among the results, which keeps the running one.
func.func @clauses(%q: tensor<2x2x50x8xf32>, %k: tensor<2x2x70x8xf32>, %v: tensor<2x2x70x8xf32>, %b: tensor<2x50x70xf32>,
                   %m: tensor<70xi1>, %s: tensor<2xf32>, %o: tensor<2x2x50x8xf32>, %l: tensor<2x2x50xf32>,
                   %x: tensor<2x2x50xf32>) -> (tensor<2x2x50x8xf32>, tensor<2x2x50xf32>, tensor<2x2x50xf32>) {
  %r:3 = attn.attention softcap(20.0) ins(%q, %k, %v : tensor<2x2x50x8xf32>, tensor<2x2x70x8xf32>, tensor<2x2x70x8xf32>)
      bias(%b : tensor<2x50x70xf32>) keep(%m : tensor<70xi1>) sink(%s : tensor<2xf32>)
      outs(%o, lse %l, max %x : tensor<2x2x50x8xf32>, tensor<2x2x50xf32>, tensor<2x2x50xf32>)
  return %r#0, %r#1, %r#2 : tensor<2x2x50x8xf32>, tensor<2x2x50xf32>, tensor<2x2x50xf32>
}

func.func @matrix(%q: tensor<?x16xf32> {fovea.dims = ["n", "*"]}, %k: tensor<?x16xf32> {fovea.dims = ["n", "*"]},
                  %v: tensor<?x16xf32> {fovea.dims = ["n", "*"]}, %o: tensor<?x16xf32> {fovea.dims = ["n", "*"]})
    -> tensor<?x16xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) outs(%o : tensor<?x16xf32>)
  return %r : tensor<?x16xf32>
}
