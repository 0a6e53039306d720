// Causal attention at its smallest: eight heads of 512 positions in f32.
// docs/Pipeline.md follows it through the compiler.
//
//   fovea-run examples/causal.mlir --check

func.func @causal(%q: tensor<8x512x64xf32>, %k: tensor<8x512x64xf32>,
                  %v: tensor<8x512x64xf32>, %out: tensor<8x512x64xf32>)
    -> tensor<8x512x64xf32> {
  %o = attn.attention causal(top_left)
      ins(%q, %k, %v : tensor<8x512x64xf32>, tensor<8x512x64xf32>, tensor<8x512x64xf32>)
      outs(%out : tensor<8x512x64xf32>)
  return %o : tensor<8x512x64xf32>
}
