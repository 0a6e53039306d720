// REQUIRES: amx_bf16
// S12, S14: on the matrix unit head dims that fill no tile, lengths that fill no group of keys, any strides, dynamic
// sizes, and f16 as the sum of two bf16.

// RUN: fovea-run %s --entry odd_dims --check
// RUN: fovea-run %s --entry odd_dims --check --strides 0=1,120,3 --strides 1=10000,1,77 --strides 2=1,2,154
// RUN: fovea-run %s --entry half --check
// RUN: fovea-run %s --entry half --check --strides 0=1,120,3 --strides 1=10000,1,377 --strides 2=1,2,754
// RUN: fovea-run %s --entry grouped --check --dim batch=2 --dim queries=75 --dim keys=333
// RUN: fovea-run %s --entry grouped --check --dim batch=1 --dim queries=33 --dim keys=0
// RUN: fovea-run %s --entry grouped --check --dim batch=1 --dim queries=200 --dim keys=77 --pipeline-options="tile-m=64 tile-n=96 splits=3"
// RUN: fovea-run %s --entry grouped --check --dim batch=1 --dim queries=200 --dim keys=777 --pipeline-options="tile-n=40"
// RUN: fovea-run %s --entry regions --check
// RUN: fovea-run %s --entry regions --check --pipeline-options="loop-order=key-outer"
// RUN: fovea-run %s --entry regions --check --pipeline-options="amx-versions=true"

func.func @odd_dims(%q: tensor<2x50x40xbf16>, %k: tensor<2x77x40xbf16>, %v: tensor<2x77x25xbf16>, %o: tensor<2x50x25xbf16>, %l: tensor<2x50xf32>)
    -> (tensor<2x50x25xbf16>, tensor<2x50xf32>) {
  %r:2 = attn.attention causal(bottom_right) softcap(2.0e+01) ins(%q, %k, %v : tensor<2x50x40xbf16>, tensor<2x77x40xbf16>, tensor<2x77x25xbf16>)
      outs(%o, lse %l : tensor<2x50x25xbf16>, tensor<2x50xf32>)
  return %r#0, %r#1 : tensor<2x50x25xbf16>, tensor<2x50xf32>
}

func.func @half(%q: tensor<2x150x40xf16>, %k: tensor<2x377x40xf16>, %v: tensor<2x377x24xf16>, %o: tensor<2x150x24xf16>, %l: tensor<2x150xf32>)
    -> (tensor<2x150x24xf16>, tensor<2x150xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<2x150x40xf16>, tensor<2x377x40xf16>, tensor<2x377x24xf16>)
      outs(%o, lse %l : tensor<2x150x24xf16>, tensor<2x150xf32>)
  return %r#0, %r#1 : tensor<2x150x24xf16>, tensor<2x150xf32>
}

func.func @grouped(%q: tensor<?x4x?x64xbf16> {fovea.dims = ["batch", "*", "queries", "*"]}, %k: tensor<?x2x?x64xbf16> {fovea.dims = ["batch", "*", "keys", "*"]},
                   %v: tensor<?x2x?x80xbf16> {fovea.dims = ["batch", "*", "keys", "*"]}, %o: tensor<?x4x?x80xbf16> {fovea.dims = ["batch", "*", "queries", "*"]},
                   %l: tensor<?x4x?xf32> {fovea.dims = ["batch", "*", "queries"]}, %m: tensor<?x4x?xf32> {fovea.dims = ["batch", "*", "queries"]}, %s: tensor<4xf32>)
    -> (tensor<?x4x?x80xbf16>, tensor<?x4x?xf32>, tensor<?x4x?xf32>) {
  %r:3 = attn.attention causal(bottom_right) window(100, 0) sink(%s : tensor<4xf32>)
      ins(%q, %k, %v : tensor<?x4x?x64xbf16>, tensor<?x2x?x64xbf16>, tensor<?x2x?x80xbf16>)
      outs(%o, lse %l, max %m : tensor<?x4x?x80xbf16>, tensor<?x4x?xf32>, tensor<?x4x?xf32>)
  return %r#0, %r#1, %r#2 : tensor<?x4x?x80xbf16>, tensor<?x4x?xf32>, tensor<?x4x?xf32>
}

func.func @regions(%q: tensor<2x96x64xbf16>, %k: tensor<2x300x64xbf16>, %v: tensor<2x300x64xbf16>, %b: tensor<96x300xbf16>, %keep: tensor<2x1x300xi1>,
                   %scale: f32, %o: tensor<2x96x64xf32>) -> tensor<2x96x64xf32> {
  %r = attn.attention scale(%scale : f32) bias(%b : tensor<96x300xbf16>) keep(%keep : tensor<2x1x300xi1>)
      ins(%q, %k, %v : tensor<2x96x64xbf16>, tensor<2x300x64xbf16>, tensor<2x300x64xbf16>) outs(%o : tensor<2x96x64xf32>)
  return %r : tensor<2x96x64xf32>
}
