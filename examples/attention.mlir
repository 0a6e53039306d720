// Causal attention with grouped heads over sequences of any length: 16 query
// heads share 4 heads of keys and values.
//
//   fovea-run examples/attention.mlir --dim batch=1 --dim queries=512 --dim keys=512 --check --repeat 10
//
// `fovea.dims` gives the dynamic dimensions the names that --dim takes.

func.func @attention(
    %q: tensor<?x16x?x128xbf16> {fovea.dims = ["batch", "*", "queries", "*"]},
    %k: tensor<?x4x?x128xbf16> {fovea.dims = ["batch", "*", "keys", "*"]},
    %v: tensor<?x4x?x128xbf16> {fovea.dims = ["batch", "*", "keys", "*"]},
    %out: tensor<?x16x?x128xbf16> {fovea.dims = ["batch", "*", "queries", "*"]})
    -> tensor<?x16x?x128xbf16> {
  %o = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<?x16x?x128xbf16>, tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>) outs(%out : tensor<?x16x?x128xbf16>)
  return %o : tensor<?x16x?x128xbf16>
}
