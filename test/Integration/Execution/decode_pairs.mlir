// REQUIRES: avx512_bf16
// S8, S12: few rows by dot products of pairs of bf16: head dims with and without a rest, odd numbers of keys, one and
// several streams, masks, values that are not finite.

// DEFINE: %{options} = bf16-pairs=true read-streams=1 prefetch-bytes=0
// DEFINE: %{check} = fovea-run %s --check --pipeline-options="%{options}"

// RUN: %{check} --entry grouped --dim keys=777
// RUN: %{check} --entry grouped --dim keys=1
// RUN: %{check} --entry grouped --dim keys=0
// RUN: %{check} --entry grouped --dim keys=300 --strides 1=40000,1,300 --strides 2=30000,1,300
// RUN: %{check} --entry masked
// RUN: %{check} --entry not_finite --dim keys=513
// RUN: %{check} --entry not_finite --dim keys=514
// REDEFINE: %{options} = bf16-pairs=true read-streams=4 prefetch-bytes=1024
// RUN: %{check} --entry grouped --dim keys=777
// RUN: %{check} --entry grouped --dim keys=2100
// RUN: %{check} --entry not_finite --dim keys=513
// REDEFINE: %{options} = bf16-pairs=false read-streams=2 prefetch-bytes=256
// RUN: %{check} --entry grouped --dim keys=777

func.func @grouped(%q: tensor<14x1x136xbf16>, %k: tensor<2x?x136xbf16> {fovea.dims = ["*", "keys", "*"]},
                   %v: tensor<2x?x88xbf16> {fovea.dims = ["*", "keys", "*"]}, %o: tensor<14x1x88xbf16>,
                   %l: tensor<14x1xf32>, %m: tensor<14x1xf32>)
    -> (tensor<14x1x88xbf16>, tensor<14x1xf32>, tensor<14x1xf32>) {
  %r:3 = attn.attention ins(%q, %k, %v : tensor<14x1x136xbf16>, tensor<2x?x136xbf16>, tensor<2x?x88xbf16>)
      outs(%o, lse %l, max %m : tensor<14x1x88xbf16>, tensor<14x1xf32>, tensor<14x1xf32>)
  return %r#0, %r#1, %r#2 : tensor<14x1x88xbf16>, tensor<14x1xf32>, tensor<14x1xf32>
}

func.func @masked(%q: tensor<3x2x64xbf16>, %k: tensor<3x1001x64xbf16>, %o: tensor<3x2x64xbf16>) -> tensor<3x2x64xbf16> {
  %r = attn.attention causal(bottom_right) window(600, 0) softcap(2.0e+01)
      ins(%q, %k, %k : tensor<3x2x64xbf16>, tensor<3x1001x64xbf16>, tensor<3x1001x64xbf16>) outs(%o : tensor<3x2x64xbf16>)
  return %r : tensor<3x2x64xbf16>
}

// The last key's value is infinite in some columns, and the one before it is not.
#elements = affine_map<(n, d) -> (n, d)>
func.func @not_finite(%q: tensor<1x64xbf16>, %k: tensor<?x64xbf16> {fovea.dims = ["keys", "*"]}, %o: tensor<1x64xbf16>)
    -> tensor<1x64xbf16> {
  %infinity = arith.constant 0x7F80 : bf16
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %keys = tensor.dim %k, %c0 : tensor<?x64xbf16>
  %last = arith.subi %keys, %c1 : index
  %empty = tensor.empty(%keys) : tensor<?x64xbf16>
  %v = linalg.generic {indexing_maps = [#elements, #elements], iterator_types = ["parallel", "parallel"]}
      ins(%k : tensor<?x64xbf16>) outs(%empty : tensor<?x64xbf16>) {
  ^bb0(%a: bf16, %x: bf16):
    %n = linalg.index 0 : index
    %d = linalg.index 1 : index
    %few = arith.cmpi ult, %d, %c5 : index
    %isLast = arith.cmpi eq, %n, %last : index
    %both = arith.andi %isLast, %few : i1
    %b = arith.select %both, %infinity, %a : bf16
    linalg.yield %b : bf16
  } -> tensor<?x64xbf16>
  %r = attn.attention ins(%q, %k, %v : tensor<1x64xbf16>, tensor<?x64xbf16>, tensor<?x64xbf16>) outs(%o : tensor<1x64xbf16>)
  return %r : tensor<1x64xbf16>
}
