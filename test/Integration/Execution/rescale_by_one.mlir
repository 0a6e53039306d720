// Where the maximum stays, rescaling the state changes nothing: 2^0 is exactly 1, or thousands of tiles would add up its
// error.

// RUN: fovea-run %s --check --input random --input zeros --input random --pipeline-options="tile-n=1"
// RUN: fovea-run %s --check --input random --input zeros --input random --pipeline-options="tile-n=1 avx512=false vector-bytes=32"

func.func @equal_scores(%q: tensor<4x8xf32>, %k: tensor<4096x8xf32>, %v: tensor<4096x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4096x8xf32>, tensor<4096x8xf32>) outs(%o : tensor<4x8xf32>)
  return %r : tensor<4x8xf32>
}
