// A captured bound that stands for none, the least of its type, keeps every key; the greatest keeps no key (S3). Another is
// met exactly.

// RUN: fovea-run %s --check --interpret=tiles --input random --input random --input random --input=-2147483648
// RUN: fovea-run %s --check --interpret=barriers --input random --input random --input random --input=-2147483648
// RUN: fovea-run %s --check --interpret=tiles --input random --input random --input random --input=2147483647
// RUN: fovea-run %s --check --interpret=tiles --input random --input random --input random --input=131

#q = affine_map<(i, j, k, n) -> (i, k)>
#k = affine_map<(i, j, k, n) -> (j, k)>
#v = affine_map<(i, j, k, n) -> (j, n)>
#row = affine_map<(i, j, k, n) -> (i)>
#o = affine_map<(i, j, k, n) -> (i, n)>
func.func @later(%q: tensor<150x64xf16>, %k: tensor<300x64xf16>, %v: tensor<300x64xf16>, %from: tensor<150xi32>, %o: tensor<150x64xf16>) -> tensor<150x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<150x64xf16>, tensor<300x64xf16>, tensor<300x64xf16>) captures(%from : tensor<150xi32>)
      outs(%o : tensor<150x64xf16>) maps [#q, #k, #v, #row, #o] mask {
  ^bb0(%f: i32):
    %j = attn.index 1 : index
    %ji = arith.index_cast %j : index to i32
    %keep = arith.cmpi sge, %ji, %f : i32
    attn.yield %keep : i1
  }
  return %r : tensor<150x64xf16>
}
