// What attn-decompose leaves is lowered to LLVM by upstream passes alone.
// RUN: fovea-opt %s -attn-decompose -canonicalize -cse \
// RUN:   -one-shot-bufferize='bufferize-function-boundaries=1 function-boundary-type-conversion=identity-layout-map' \
// RUN:   -buffer-deallocation-pipeline -convert-bufferization-to-memref -convert-linalg-to-loops -lower-affine \
// RUN:   -convert-scf-to-cf -expand-strided-metadata -lower-affine -convert-math-to-llvm -convert-math-to-libm \
// RUN:   -arith-expand=include-bf16=1 -convert-arith-to-llvm -finalize-memref-to-llvm -convert-func-to-llvm \
// RUN:   -convert-cf-to-llvm -canonicalize -reconcile-unrealized-casts | FileCheck %s

// CHECK-NOT: attn.
// CHECK-NOT: unrealized_conversion_cast
// CHECK: llvm.func @attention
// CHECK: llvm.func @cross_entropy
func.func @attention(%q: tensor<2x8x?x16xbf16>, %k: tensor<2x2x?x16xbf16>, %v: tensor<2x2x?x32xbf16>, %b: tensor<8x1x?xbf16>,
                     %m: tensor<?x?xi1>, %s: tensor<8xf32>, %table: tensor<?xf32>, %o: tensor<2x8x?x32xbf16>, %l: tensor<2x8x?xf32>)
    -> (tensor<2x8x?x32xbf16>, tensor<2x8x?xf32>) {
  %c0 = arith.constant 0 : index
  %r:2 = attn.attention causal(bottom_right) window(8, 3) softcap(3.0e+01)
      ins(%q, %k, %v : tensor<2x8x?x16xbf16>, tensor<2x2x?x16xbf16>, tensor<2x2x?x32xbf16>) bias(%b : tensor<8x1x?xbf16>)
      keep(%m : tensor<?x?xi1>) alibi(%s : tensor<8xf32>) outs(%o, lse %l : tensor<2x8x?x32xbf16>, tensor<2x8x?xf32>)
  // A whole capture, read at a position that a nested region computes.
  %t = attn.attention ins(%r#0, %v, %v : tensor<2x8x?x32xbf16>, tensor<2x2x?x32xbf16>, tensor<2x2x?x32xbf16>)
      captures(%table, %c0 : tensor<?xf32>, index) outs(%o : tensor<2x8x?x32xbf16>) score {
  ^bb0(%x: f32, %whole: tensor<?xf32>, %zero: index):
    %i = attn.index 2 : index
    %first = arith.cmpi eq, %i, %zero : index
    %at = scf.if %first -> index {
      %j = attn.index 3 : index
      scf.yield %j : index
    } else {
      scf.yield %zero : index
    }
    %e = tensor.extract %whole[%at] : tensor<?xf32>
    %y = arith.addf %x, %e : f32
    attn.yield %y : f32
  }
  return %t, %r#1 : tensor<2x8x?x32xbf16>, tensor<2x8x?xf32>
}
func.func @cross_entropy(%x: tensor<?x100xbf16>, %t: tensor<?xi32>, %l: tensor<?xf32>) -> (tensor<f32>, tensor<?xf32>) {
  %e = tensor.empty() : tensor<f32>
  %r:2 = attn.cross_entropy ignore_index(-100) label_smoothing(1.0e-1) z_loss(1.0e-4) reduction(mean)
      ins(%x, %t : tensor<?x100xbf16>, tensor<?xi32>) outs(%e, lse %l : tensor<f32>, tensor<?xf32>)
  return %r#0, %r#1 : tensor<f32>, tensor<?xf32>
}
