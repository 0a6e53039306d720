// Few query rows with keys along the lanes: every clause, every type, head dims that are no whole vectors, few and many
// keys, keys that are not contiguous.

// RUN: fovea-run %s --entry clauses --check --dim keys=1100
// RUN: fovea-run %s --entry clauses --check --dim keys=3
// RUN: fovea-run %s --entry clauses --check --dim keys=0
// RUN: fovea-run %s --entry clauses --check --dim keys=700 --pipeline-options="splits=3"
// RUN: fovea-run %s --entry positions --check --dim keys=90
// RUN: fovea-run %s --entry types --check --dim keys=531
// RUN: fovea-run %s --entry types --check --dim keys=17
// RUN: fovea-run %s --entry types --check --dim keys=300 --strides 1=1,300 --strides 5=9000,3
// RUN: fovea-run %s --entry types --check --dim keys=300 --pipeline-options="vector-bytes=32 vector-registers=16"

// Six rows of three heads that share one of two; a bias by element, a boolean mask, a softcap, a window, a sink.
func.func @clauses(%q: tensor<6x2x40xf32>, %k: tensor<2x?x40xf32> {fovea.dims = ["*", "keys", "*"]},
                   %v: tensor<2x?x24xf32> {fovea.dims = ["*", "keys", "*"]},
                   %bias: tensor<6x2x?xf32> {fovea.dims = ["*", "*", "keys"]},
                   %keep: tensor<2x?xi1> {fovea.dims = ["*", "keys"]}, %sink: tensor<6xf32>, %o: tensor<6x2x24xf32>,
                   %lse: tensor<6x2xf32>, %max: tensor<6x2xf32>)
    -> (tensor<6x2x24xf32>, tensor<6x2xf32>, tensor<6x2xf32>) {
  %r:3 = attn.attention softcap(9.0) bias(%bias : tensor<6x2x?xf32>)
      keep(%keep : tensor<2x?xi1>) window(900, *) align(bottom_right) sink(%sink : tensor<6xf32>)
      ins(%q, %k, %v : tensor<6x2x40xf32>, tensor<2x?x40xf32>, tensor<2x?x24xf32>)
      outs(%o, lse %lse, max %max : tensor<6x2x24xf32>, tensor<6x2xf32>, tensor<6x2xf32>)
  return %r#0, %r#1, %r#2 : tensor<6x2x24xf32>, tensor<6x2xf32>, tensor<6x2xf32>
}

// Positions of keys and rows; with slopes as large as these, few keys, for the score's rounding is the result's error.
func.func @positions(%q: tensor<4x2x64xf32>, %k: tensor<2x?x64xf32> {fovea.dims = ["*", "keys", "*"]},
                     %slopes: tensor<4xf32>, %o: tensor<4x2x64xf32>) -> tensor<4x2x64xf32> {
  %r = attn.attention causal(bottom_right) alibi(%slopes : tensor<4xf32>)
      ins(%q, %k, %k : tensor<4x2x64xf32>, tensor<2x?x64xf32>, tensor<2x?x64xf32>) outs(%o : tensor<4x2x64xf32>)
  return %r : tensor<4x2x64xf32>
}

// One to eight rows, in f32, bf16, f16 and f64.
func.func @types(%q0: tensor<1x33xf32>, %k0: tensor<?x33xf32> {fovea.dims = ["keys", "*"]}, %o0: tensor<1x33xf32>,
                 %q1: tensor<3x100xbf16>, %k1: tensor<?x100xbf16> {fovea.dims = ["keys", "*"]},
                 %v1: tensor<?x3xbf16> {fovea.dims = ["keys", "*"]}, %o1: tensor<3x3xbf16>,
                 %q2: tensor<8x16xf16>, %k2: tensor<?x16xf16> {fovea.dims = ["keys", "*"]}, %o2: tensor<8x16xf16>,
                 %q3: tensor<4x20xf64>, %k3: tensor<?x20xf64> {fovea.dims = ["keys", "*"]}, %o3: tensor<4x20xf64>)
    -> (tensor<1x33xf32>, tensor<3x3xbf16>, tensor<8x16xf16>, tensor<4x20xf64>) {
  %r0 = attn.attention ins(%q0, %k0, %k0 : tensor<1x33xf32>, tensor<?x33xf32>, tensor<?x33xf32>) outs(%o0 : tensor<1x33xf32>)
  %r1 = attn.attention ins(%q1, %k1, %v1 : tensor<3x100xbf16>, tensor<?x100xbf16>, tensor<?x3xbf16>) outs(%o1 : tensor<3x3xbf16>)
  %r2 = attn.attention ins(%q2, %k2, %k2 : tensor<8x16xf16>, tensor<?x16xf16>, tensor<?x16xf16>) outs(%o2 : tensor<8x16xf16>)
  %r3 = attn.attention ins(%q3, %k3, %k3 : tensor<4x20xf64>, tensor<?x20xf64>, tensor<?x20xf64>) outs(%o3 : tensor<4x20xf64>)
  return %r0, %r1, %r2, %r3 : tensor<1x33xf32>, tensor<3x3xbf16>, tensor<8x16xf16>, tensor<4x20xf64>
}
