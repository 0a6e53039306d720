// A softmax and an attention of fixed sizes, which docs/Ladder.md takes from the naive form to the fused one.
func.func @softmax(%x: tensor<4x1024xf32>, %out: tensor<4x1024xf32>) -> tensor<4x1024xf32> {
  %y = attn.softmax dimension(1) ins(%x : tensor<4x1024xf32>) outs(%out : tensor<4x1024xf32>)
  return %y : tensor<4x1024xf32>
}

func.func @attention(%q: tensor<2x512x32xf32>, %k: tensor<2x512x32xf32>, %v: tensor<2x512x32xf32>,
                     %out: tensor<2x512x32xf32>) -> tensor<2x512x32xf32> {
  %o = attn.attention ins(%q, %k, %v : tensor<2x512x32xf32>, tensor<2x512x32xf32>, tensor<2x512x32xf32>)
      outs(%out : tensor<2x512x32xf32>)
  return %o : tensor<2x512x32xf32>
}
