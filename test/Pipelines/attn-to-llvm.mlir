// RUN: fovea-opt %s -attn-to-llvm -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-to-llvm="avx512=true" -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-to-llvm="vector-bytes=16 vector-registers=16" -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-to-llvm="threads=4 splits=3" -split-input-file | FileCheck %s

// Nothing but the LLVM dialect is left, and nothing is called but the runtime and the allocator: soft capping (tanh), the
// exponentials and the logarithm of the LSE are code.

// CHECK-LABEL: llvm.func @softcap(
//   CHECK-NOT:   {{[^.](arith|math|vector|scf|memref|linalg|attn|cf|builtin)\.}}
//   CHECK-NOT:   llvm.call @{{exp|log|tanh|pow|memrefCopy}}
//   CHECK-NOT:   llvm.intr.{{exp|log|tanh|pow}}
//       CHECK:   llvm.call @foveaParallelFor
//   CHECK-NOT:   {{[^.](arith|math|vector|scf|memref|linalg|attn|cf|builtin)\.}}
//   CHECK-NOT:   llvm.call @{{exp|log|tanh|pow|memrefCopy}}
//   CHECK-NOT:   llvm.intr.{{exp|log|tanh|pow}}
func.func @softcap(%q: tensor<1x8x40x64xf32>, %k: tensor<1x2x?x64xf32>, %o: tensor<1x8x40x64xf32>, %l: tensor<1x8x40xf32>)
    -> (tensor<1x8x40x64xf32>, tensor<1x8x40xf32>) {
  %r:2 = attn.attention causal(bottom_right) softcap(30.0)
      ins(%q, %k, %k : tensor<1x8x40x64xf32>, tensor<1x2x?x64xf32>, tensor<1x2x?x64xf32>)
      outs(%o, lse %l : tensor<1x8x40x64xf32>, tensor<1x8x40xf32>)
  return %r#0, %r#1 : tensor<1x8x40x64xf32>, tensor<1x8x40xf32>
}

// -----

// A decoding step has one query row, padded to a vector.

// CHECK-LABEL: llvm.func @decode(
//   CHECK-NOT:   {{[^.](arith|math|vector|scf|memref|linalg|attn|cf|builtin)\.}}
//       CHECK:   llvm.call @foveaParallelFor
//   CHECK-NOT:   {{[^.](arith|math|vector|scf|memref|linalg|attn|cf|builtin)\.}}
func.func @decode(%q: tensor<?x8x1x64xbf16>, %k: tensor<?x2x?x64xbf16>, %o: tensor<?x8x1x64xbf16>) -> tensor<?x8x1x64xbf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x8x1x64xbf16>, tensor<?x2x?x64xbf16>, tensor<?x2x?x64xbf16>)
      outs(%o : tensor<?x8x1x64xbf16>)
  return %r : tensor<?x8x1x64xbf16>
}
