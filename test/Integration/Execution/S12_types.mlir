// S12: each element type meets its own tolerance; results may be wider than the operands, and operands may differ.

// RUN: fovea-run %s --entry f64 --check
// RUN: fovea-run %s --entry f64 --check --pipeline-options="vector-bytes=16 splits=2"
// RUN: fovea-run %s --entry f16 --check
// RUN: fovea-run %s --entry f16 --check --pipeline-options="vector-bytes=32 avx512=false"
// RUN: fovea-run %s --entry bf16 --check
// RUN: fovea-run %s --entry bf16 --check --pipeline-options="vector-bytes=16 tile-n=24"
// RUN: fovea-run %s --entry wide_result --check

func.func @f64(%q: tensor<2x50x40xf64>, %k: tensor<2x77x40xf64>, %v: tensor<2x77x24xf64>, %o: tensor<2x50x24xf64>, %l: tensor<2x50xf64>)
    -> (tensor<2x50x24xf64>, tensor<2x50xf64>) {
  %r:2 = attn.attention causal(bottom_right) softcap(2.0e+01) ins(%q, %k, %v : tensor<2x50x40xf64>, tensor<2x77x40xf64>, tensor<2x77x24xf64>)
      outs(%o, lse %l : tensor<2x50x24xf64>, tensor<2x50xf64>)
  return %r#0, %r#1 : tensor<2x50x24xf64>, tensor<2x50xf64>
}

func.func @f16(%q: tensor<2x50x40xf16>, %k: tensor<2x77x40xf16>, %v: tensor<2x77x24xf16>, %o: tensor<2x50x24xf16>, %l: tensor<2x50xf32>)
    -> (tensor<2x50x24xf16>, tensor<2x50xf32>) {
  %r:2 = attn.attention causal(bottom_right) softcap(2.0e+01) ins(%q, %k, %v : tensor<2x50x40xf16>, tensor<2x77x40xf16>, tensor<2x77x24xf16>)
      outs(%o, lse %l : tensor<2x50x24xf16>, tensor<2x50xf32>)
  return %r#0, %r#1 : tensor<2x50x24xf16>, tensor<2x50xf32>
}

func.func @bf16(%q: tensor<2x50x40xbf16>, %k: tensor<2x77x40xbf16>, %v: tensor<2x77x24xbf16>, %o: tensor<2x50x24xbf16>, %l: tensor<2x50xf32>)
    -> (tensor<2x50x24xbf16>, tensor<2x50xf32>) {
  %r:2 = attn.attention causal(bottom_right) softcap(2.0e+01) ins(%q, %k, %v : tensor<2x50x40xbf16>, tensor<2x77x40xbf16>, tensor<2x77x24xbf16>)
      outs(%o, lse %l : tensor<2x50x24xbf16>, tensor<2x50xf32>)
  return %r#0, %r#1 : tensor<2x50x24xbf16>, tensor<2x50xf32>
}

func.func @wide_result(%q: tensor<50x40xbf16>, %k: tensor<77x40xbf16>, %v: tensor<77x24xbf16>, %o: tensor<50x24xf32>) -> tensor<50x24xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<50x40xbf16>, tensor<77x40xbf16>, tensor<77x24xbf16>) outs(%o : tensor<50x24xf32>)
  return %r : tensor<50x24xf32>
}
