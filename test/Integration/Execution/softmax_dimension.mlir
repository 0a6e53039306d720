// A softmax normalises along any dimension, of buffers in any order.

// RUN: fovea-run %s --entry first --check
// RUN: fovea-run %s --entry first --check --strides "0=1,300,40"
// RUN: fovea-run %s --entry middle --check
// RUN: fovea-run %s --entry middle --check --strides "0=200,3,2000" --strides "1=1,7,700" --pipeline-options="tile-n=16"
// RUN: fovea-run %s --entry vector --check --dim n=1000
// RUN: fovea-run %s --entry vector --check --dim n=1 --strides "0=5"

func.func @first(%x: tensor<33x7x5xf32>, %y: tensor<33x7x5xf32>, %l: tensor<7x5xf32>) -> (tensor<33x7x5xf32>, tensor<7x5xf32>) {
  %r:2 = attn.softmax dimension(0) ins(%x : tensor<33x7x5xf32>) outs(%y, lse %l : tensor<33x7x5xf32>, tensor<7x5xf32>)
  return %r#0, %r#1 : tensor<33x7x5xf32>, tensor<7x5xf32>
}

func.func @middle(%x: tensor<7x65x5xf16>, %y: tensor<7x65x5xf16>) -> tensor<7x65x5xf16> {
  %r = attn.softmax dimension(1) ins(%x : tensor<7x65x5xf16>) outs(%y : tensor<7x65x5xf16>)
  return %r : tensor<7x65x5xf16>
}

func.func @vector(%x: tensor<?xf32> {fovea.dims = ["n"]}, %y: tensor<?xf32> {fovea.dims = ["n"]}) -> tensor<?xf32> {
  %r = attn.softmax log_prob dimension(0) ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>)
  return %r : tensor<?xf32>
}
