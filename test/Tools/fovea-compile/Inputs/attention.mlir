// Causal attention with grouped heads over sequences of any length: 16 query
// heads share 4 heads of keys and values.
//
// `fovea.dims` gives the dynamic dimensions the names that --dim takes.

func.func @attention(
    %q: tensor<?x16x?x64xf32> {fovea.dims = ["batch", "*", "queries", "*"]},
    %k: tensor<?x4x?x64xf32> {fovea.dims = ["batch", "*", "keys", "*"]},
    %v: tensor<?x4x?x64xf32> {fovea.dims = ["batch", "*", "keys", "*"]},
    %out: tensor<?x16x?x64xf32> {fovea.dims = ["batch", "*", "queries", "*"]})
    -> tensor<?x16x?x64xf32> {
  %o = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<?x16x?x64xf32>, tensor<?x4x?x64xf32>, tensor<?x4x?x64xf32>) outs(%out : tensor<?x16x?x64xf32>)
  return %o : tensor<?x16x?x64xf32>
}
