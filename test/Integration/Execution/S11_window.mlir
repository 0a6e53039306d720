// S11: windows are inclusive, either side may be unbounded, and they move with the same offset as the diagonal.

// RUN: fovea-run %s --entry both --check
// RUN: fovea-run %s --entry both --check --pipeline-options="tile-m=8 tile-n=8"
// RUN: fovea-run %s --entry left --check
// RUN: fovea-run %s --entry left --check --pipeline-options="splits=4 tile-n=16"
// RUN: fovea-run %s --entry offset --check --input random --input random --input random --input 33
// RUN: fovea-run %s --entry offset --check --input random --input random --input random --input -9

func.func @both(%q: tensor<90x16xf32>, %k: tensor<120x16xf32>, %v: tensor<120x16xf32>, %o: tensor<90x16xf32>) -> tensor<90x16xf32> {
  %r = attn.attention align(bottom_right) window(7, 3) ins(%q, %k, %v : tensor<90x16xf32>, tensor<120x16xf32>, tensor<120x16xf32>)
      outs(%o : tensor<90x16xf32>)
  return %r : tensor<90x16xf32>
}

func.func @left(%q: tensor<120x16xf32>, %k: tensor<120x16xf32>, %v: tensor<120x16xf32>, %o: tensor<120x16xf32>) -> tensor<120x16xf32> {
  %r = attn.attention causal(top_left) window(40, *) ins(%q, %k, %v : tensor<120x16xf32>, tensor<120x16xf32>, tensor<120x16xf32>)
      outs(%o : tensor<120x16xf32>)
  return %r : tensor<120x16xf32>
}

func.func @offset(%q: tensor<50x16xf32>, %k: tensor<90x16xf32>, %v: tensor<90x16xf32>, %offset: index, %o: tensor<50x16xf32>) -> tensor<50x16xf32> {
  %r = attn.attention causal(%offset) window(0, 0) ins(%q, %k, %v : tensor<50x16xf32>, tensor<90x16xf32>, tensor<90x16xf32>)
      outs(%o : tensor<50x16xf32>)
  return %r : tensor<50x16xf32>
}
