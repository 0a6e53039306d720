// Attention whose last tile of rows and last block of keys are partial.
func.func @attention(%q: tensor<2x200x64xbf16>, %k: tensor<2x333x64xbf16>, %v: tensor<2x333x64xbf16>,
                     %out: tensor<2x200x64xbf16>) -> tensor<2x200x64xbf16> {
  %o = attn.attention causal(bottom_right)
      ins(%q, %k, %v : tensor<2x200x64xbf16>, tensor<2x333x64xbf16>, tensor<2x333x64xbf16>)
      outs(%out : tensor<2x200x64xbf16>)
  return %o : tensor<2x200x64xbf16>
}
