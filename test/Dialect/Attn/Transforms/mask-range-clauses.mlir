// RUN: fovea-opt %s -split-input-file -verify-diagnostics -attn-canonicalize -fovea-test-mask-range -o /dev/null

// The masks that clauses stand for are understood exactly once they are regions.

func.func @causal_window(%q: tensor<1x1x10x4xf32>, %k: tensor<1x1x14x4xf32>, %v: tensor<1x1x14x4xf32>,
                         %o: tensor<1x1x10x4xf32>) -> tensor<1x1x10x4xf32> {
  // expected-remark @+1 {{55 tiles agree; live is exact for 55, full for 55}}
  %r = attn.attention causal(bottom_right) window(5, 0)
      ins(%q, %k, %v : tensor<1x1x10x4xf32>, tensor<1x1x14x4xf32>, tensor<1x1x14x4xf32>) outs(%o : tensor<1x1x10x4xf32>)
  return %r : tensor<1x1x10x4xf32>
}

// -----

func.func @causal_top_left(%q: tensor<14x4xf32>, %k: tensor<10x4xf32>, %v: tensor<10x4xf32>, %o: tensor<14x4xf32>) -> tensor<14x4xf32> {
  // expected-remark @+1 {{105 tiles agree; live is exact for 105, full for 105}}
  %r = attn.attention causal(top_left)
      ins(%q, %k, %v : tensor<14x4xf32>, tensor<10x4xf32>, tensor<10x4xf32>) outs(%o : tensor<14x4xf32>)
  return %r : tensor<14x4xf32>
}
