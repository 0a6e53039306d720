// S5: the sink is one more logit of its head in the denominator and in the LSE. It is not scaled and has no value; a row
// without keys has the sink as its LSE.

// RUN: fovea-run %s --entry sink --check
// RUN: fovea-run %s --entry sink --check --pipeline-options="splits=4 tile-n=16"
// RUN: fovea-run %s --entry keyless --check --dim keys=0
// RUN: fovea-run %s --entry keyless --check --dim keys=9

func.func @sink(%q: tensor<2x6x21x40xbf16>, %k: tensor<2x3x70x40xbf16>, %v: tensor<2x3x70x16xbf16>, %sink: tensor<6xbf16>,
                %o: tensor<2x6x21x16xbf16>, %l: tensor<2x6x21xf32>) -> (tensor<2x6x21x16xbf16>, tensor<2x6x21xf32>) {
  %r:2 = attn.attention causal(bottom_right) sink(%sink : tensor<6xbf16>)
      ins(%q, %k, %v : tensor<2x6x21x40xbf16>, tensor<2x3x70x40xbf16>, tensor<2x3x70x16xbf16>)
      outs(%o, lse %l : tensor<2x6x21x16xbf16>, tensor<2x6x21xf32>)
  return %r#0, %r#1 : tensor<2x6x21x16xbf16>, tensor<2x6x21xf32>
}

func.func @keyless(%q: tensor<4x5x8xf32>, %k: tensor<4x?x8xf32> {fovea.dims = ["*", "keys", "*"]},
                   %v: tensor<4x?x8xf32> {fovea.dims = ["*", "keys", "*"]}, %sink: tensor<4xf32>,
                   %o: tensor<4x5x8xf32>, %l: tensor<4x5xf32>, %m: tensor<4x5xf32>)
    -> (tensor<4x5x8xf32>, tensor<4x5xf32>, tensor<4x5xf32>) {
  %r:3 = attn.attention sink(%sink : tensor<4xf32>) ins(%q, %k, %v : tensor<4x5x8xf32>, tensor<4x?x8xf32>, tensor<4x?x8xf32>)
      outs(%o, lse %l, max %m : tensor<4x5x8xf32>, tensor<4x5xf32>, tensor<4x5xf32>)
  return %r#0, %r#1, %r#2 : tensor<4x5x8xf32>, tensor<4x5xf32>, tensor<4x5xf32>
}
