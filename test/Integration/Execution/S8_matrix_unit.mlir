// REQUIRES: amx_bf16
// S8: on the matrix unit, too, a value that is not finite shows in the rows that see its key, and in no others.

// RUN: fovea-run %s --entry bf16 --check
// RUN: fovea-run %s --entry bf16 --check --strides 1=1,150
// RUN: fovea-run %s --entry f16 --check

#elements = affine_map<(n, d) -> (n, d)>

// The value of key 70 is infinite and that of key 77 NaN, in some columns; a causal mask lets the last of 90 rows see them.
func.func @bf16(%q: tensor<90x64xbf16>, %k: tensor<150x64xbf16>, %o: tensor<90x64xbf16>) -> tensor<90x64xbf16> {
  %nan = arith.constant 0x7FC0 : bf16
  %infinity = arith.constant 0x7F80 : bf16
  %c70 = arith.constant 70 : index
  %c77 = arith.constant 77 : index
  %c3 = arith.constant 3 : index
  %empty = tensor.empty() : tensor<150x64xbf16>
  %v = linalg.generic {indexing_maps = [#elements, #elements], iterator_types = ["parallel", "parallel"]}
      ins(%k : tensor<150x64xbf16>) outs(%empty : tensor<150x64xbf16>) {
  ^bb0(%a: bf16, %x: bf16):
    %n = linalg.index 0 : index
    %d = linalg.index 1 : index
    %few = arith.cmpi ult, %d, %c3 : index
    %is70 = arith.cmpi eq, %n, %c70 : index
    %is77 = arith.cmpi eq, %n, %c77 : index
    %one = arith.andi %is70, %few : i1
    %other = arith.andi %is77, %few : i1
    %b = arith.select %one, %infinity, %a : bf16
    %c = arith.select %other, %nan, %b : bf16
    linalg.yield %c : bf16
  } -> tensor<150x64xbf16>
  %r = attn.attention causal(top_left) ins(%q, %k, %v : tensor<90x64xbf16>, tensor<150x64xbf16>, tensor<150x64xbf16>)
      outs(%o : tensor<90x64xbf16>)
  return %r : tensor<90x64xbf16>
}

func.func @f16(%q: tensor<90x40xf16>, %k: tensor<150x40xf16>, %o: tensor<90x40xf16>) -> tensor<90x40xf16> {
  %nan = arith.constant 0x7E00 : f16
  %c77 = arith.constant 77 : index
  %empty = tensor.empty() : tensor<150x40xf16>
  %v = linalg.generic {indexing_maps = [#elements, #elements], iterator_types = ["parallel", "parallel"]}
      ins(%k : tensor<150x40xf16>) outs(%empty : tensor<150x40xf16>) {
  ^bb0(%a: f16, %x: f16):
    %n = linalg.index 0 : index
    %is77 = arith.cmpi eq, %n, %c77 : index
    %b = arith.select %is77, %nan, %a : f16
    linalg.yield %b : f16
  } -> tensor<150x40xf16>
  %r = attn.attention causal(top_left) ins(%q, %k, %v : tensor<90x40xf16>, tensor<150x40xf16>, tensor<150x40xf16>)
      outs(%o : tensor<90x40xf16>)
  return %r : tensor<90x40xf16>
}
