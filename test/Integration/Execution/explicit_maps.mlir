// Maps give the operands any order of dimensions: here batch, position, head, head dim, with a transposed result.

// RUN: fovea-run %s --check
// RUN: fovea-run %s --check --strides "1=1,12,4,2000" --strides "2=9000,128,64,1" --pipeline-options="splits=2"
// RUN: fovea-run %s --check --pipeline-options="tile-m=16 tile-n=16 vector-bytes=32"

#q = affine_map<(b, h, m, n, k, v) -> (b, m, h, k)>
#k = affine_map<(b, h, m, n, k, v) -> (b, n, h floordiv 2, k)>
#v = affine_map<(b, h, m, n, k, v) -> (b, n, h floordiv 2, v)>
#o = affine_map<(b, h, m, n, k, v) -> (v, h, b, m)>
#lse = affine_map<(b, h, m, n, k, v) -> (m, h, b)>

func.func @bshd(%q: tensor<2x35x4x48xf32>, %k: tensor<2x70x2x48xf32>, %v: tensor<2x70x2x20xf32>, %o: tensor<20x4x2x35xf32>, %l: tensor<35x4x2xf32>)
    -> (tensor<20x4x2x35xf32>, tensor<35x4x2xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<2x35x4x48xf32>, tensor<2x70x2x48xf32>, tensor<2x70x2x20xf32>)
      outs(%o, lse %l : tensor<20x4x2x35xf32>, tensor<35x4x2xf32>) maps [#q, #k, #v, #o, #lse]
  return %r#0, %r#1 : tensor<20x4x2x35xf32>, tensor<35x4x2xf32>
}
