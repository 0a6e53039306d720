// S10: bias and keep broadcast along any dimension, by extent 1, by missing leading dimensions or by a stride of 0.

// RUN: fovea-run %s --check
// RUN: fovea-run %s --check --strides "3=37,0,1" --strides "4=0,61,1" --strides "1=4000,0,25,1"
// RUN: fovea-run %s --check --strides "3=1,1,3" --strides "2=1600,0,25,1" --pipeline-options="tile-n=16 splits=2"

func.func @broadcast(%q: tensor<2x3x37x24xf32>, %k: tensor<2x3x61x24xf32>, %v: tensor<2x3x61x24xf32>, %bias: tensor<3x37x1xf32>,
                     %keep: tensor<1x37x61xi1>, %perKey: tensor<61xf16>, %perRow: tensor<2x1x37x1xi1>, %o: tensor<2x3x37x24xf32>,
                     %p: tensor<2x3x37x24xf32>) -> (tensor<2x3x37x24xf32>, tensor<2x3x37x24xf32>) {
  %r = attn.attention bias(%bias : tensor<3x37x1xf32>) keep(%keep : tensor<1x37x61xi1>)
      ins(%q, %k, %v : tensor<2x3x37x24xf32>, tensor<2x3x61x24xf32>, tensor<2x3x61x24xf32>) outs(%o : tensor<2x3x37x24xf32>)
  %s = attn.attention bias(%perKey : tensor<61xf16>) keep(%perRow : tensor<2x1x37x1xi1>)
      ins(%q, %k, %v : tensor<2x3x37x24xf32>, tensor<2x3x61x24xf32>, tensor<2x3x61x24xf32>) outs(%p : tensor<2x3x37x24xf32>)
  return %r, %s : tensor<2x3x37x24xf32>, tensor<2x3x37x24xf32>
}
