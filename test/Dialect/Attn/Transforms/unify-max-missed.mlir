// RUN: fovea-opt %s -split-input-file -verify-diagnostics --attn-unify-max --remarks-filter=attn -o /dev/null

// Where the running maximum stays, and why.

func.func @state_comes_in(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>,
                          %acc: tensor<64x16xf32>, %m: tensor<64xf32>, %l: tensor<64xf32>) -> tensor<64x16xf32> {
  // expected-remark-re @+1 {{[Missed] UnifyMax {{.*}}the incoming state is not the identity}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  return %s#0 : tensor<64x16xf32>
}

// -----

func.func @max_is_returned(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>, %acc: tensor<64x16xf32>,
                           %m: tensor<64xf32>, %l: tensor<64xf32>, %o: tensor<64x16xf32>, %x: tensor<64xf32>) -> tensor<64xf32> {
  // expected-remark-re @+1 {{[Missed] UnifyMax {{.*}}an attention here returns its maximum}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  %r:2 = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
      outs(%o, max %x : tensor<64x16xf32>, tensor<64xf32>)
  return %r#1 : tensor<64xf32>
}
