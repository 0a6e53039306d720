// One step of decoding: a single query row per sequence and head against the
// keys and values cached so far, in half precision.
//
//   fovea-run examples/decode.mlir --dim batch=2 --dim cached=3000 --check

func.func @decode(
    %q: tensor<?x16x1x128xf16> {fovea.dims = ["batch", "*", "*", "*"]},
    %k: tensor<?x4x?x128xf16> {fovea.dims = ["batch", "*", "cached", "*"]},
    %v: tensor<?x4x?x128xf16> {fovea.dims = ["batch", "*", "cached", "*"]},
    %out: tensor<?x16x1x128xf16> {fovea.dims = ["batch", "*", "*", "*"]})
    -> tensor<?x16x1x128xf16> {
  %o = attn.attention ins(%q, %k, %v : tensor<?x16x1x128xf16>, tensor<?x4x?x128xf16>, tensor<?x4x?x128xf16>) outs(%out : tensor<?x16x1x128xf16>)
  return %o : tensor<?x16x1x128xf16>
}
