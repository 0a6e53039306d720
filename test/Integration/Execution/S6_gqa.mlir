// S6: query head h reads key and value head h / g, for groups of any size, at prefill and when one query is decoded.

// RUN: fovea-run %s --check --dim queries=45 --dim keys=45
// RUN: fovea-run %s --check --dim queries=1 --dim keys=300
// RUN: fovea-run %s --check --dim queries=1 --dim keys=300 --pipeline-options="splits=5"
// RUN: fovea-run %s --check --dim queries=7 --dim keys=130 --pipeline-options="tile-m=4 tile-n=24"

// Twelve heads, three to each key and value head, and one key and value head for all.
func.func @groups(%q: tensor<2x12x?x32xf16> {fovea.dims = ["*", "*", "queries", "*"]},
                  %k: tensor<2x4x?x32xf16> {fovea.dims = ["*", "*", "keys", "*"]},
                  %v: tensor<2x4x?x32xf16> {fovea.dims = ["*", "*", "keys", "*"]},
                  %k1: tensor<2x1x?x32xf16> {fovea.dims = ["*", "*", "keys", "*"]},
                  %v1: tensor<2x1x?x32xf16> {fovea.dims = ["*", "*", "keys", "*"]},
                  %o: tensor<2x12x?x32xf16> {fovea.dims = ["*", "*", "queries", "*"]},
                  %o1: tensor<2x12x?x32xf16> {fovea.dims = ["*", "*", "queries", "*"]})
    -> (tensor<2x12x?x32xf16>, tensor<2x12x?x32xf16>) {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<2x12x?x32xf16>, tensor<2x4x?x32xf16>, tensor<2x4x?x32xf16>)
      outs(%o : tensor<2x12x?x32xf16>)
  %r1 = attn.attention ins(%q, %k1, %v1 : tensor<2x12x?x32xf16>, tensor<2x1x?x32xf16>, tensor<2x1x?x32xf16>)
      outs(%o1 : tensor<2x12x?x32xf16>)
  return %r, %r1 : tensor<2x12x?x32xf16>, tensor<2x12x?x32xf16>
}
