func.func @attention(%q: tensor<64x32xbf16>, %k: tensor<96x32xbf16>, %v: tensor<96x32xbf16>, %o: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<64x32xbf16>, tensor<96x32xbf16>, tensor<96x32xbf16>) outs(%o : tensor<64x32xf32>)
  return %r : tensor<64x32xf32>
}
