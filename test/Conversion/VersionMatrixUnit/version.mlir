// RUN: fovea-opt %s -fovea-version-matrix-unit="amx-bf16=true" -split-input-file | FileCheck %s
// RUN: fovea-opt %s -fovea-version-matrix-unit -split-input-file | FileCheck %s --check-prefix=NONE

// The runtime is asked at the function's entry, and the loop has a copy whose ops stay away from the matrix unit.

// CHECK-LABEL: llvm.func @foveaRequestMatrixUnit() -> i32
// CHECK-LABEL: func.func @attention
//       CHECK:   %[[CODE:.*]] = llvm.call @foveaRequestMatrixUnit() : () -> i32
//       CHECK:   %[[GRANTED:.*]] = arith.cmpi eq, %[[CODE]], %c0
//       CHECK:   %[[R:.*]] = scf.if %[[GRANTED]] -> (tensor<4x32x32xf32>)
//       CHECK:     %[[A:.*]] = scf.forall
//       CHECK:       attn.online_attention
//   CHECK-NOT:       fovea.vector_only
//       CHECK:     scf.yield %[[A]]
//       CHECK:   } else {
//       CHECK:     %[[B:.*]] = scf.forall
//       CHECK:       attn.online_attention
//  CHECK-SAME:       fovea.vector_only
//       CHECK:     scf.yield %[[B]]
//       CHECK:   return %[[R]]
// NONE-LABEL: func.func @attention
//   NONE-NOT:   foveaRequestMatrixUnit
func.func @attention(%q: tensor<4x32x32xbf16>, %o: tensor<4x32x32xf32>, %m: tensor<1x32xf32>) -> tensor<4x32x32xf32> {
  %r = scf.forall (%h) in (4) shared_outs(%x = %o) -> (tensor<4x32x32xf32>) {
    %qh = tensor.extract_slice %q[%h, 0, 0] [1, 32, 32] [1, 1, 1] : tensor<4x32x32xbf16> to tensor<1x32x32xbf16>
    %acc = tensor.extract_slice %x[%h, 0, 0] [1, 32, 32] [1, 1, 1] : tensor<4x32x32xf32> to tensor<1x32x32xf32>
    %s:3 = attn.online_attention ins(%qh, %qh, %qh : tensor<1x32x32xbf16>, tensor<1x32x32xbf16>, tensor<1x32x32xbf16>)
        outs(%acc, %m, %m : tensor<1x32x32xf32>, tensor<1x32xf32>, tensor<1x32xf32>)
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s#0 into %x[%h, 0, 0] [1, 32, 32] [1, 1, 1] : tensor<1x32x32xf32> into tensor<4x32x32xf32>
    }
  }
  return %r : tensor<4x32x32xf32>
}

// -----

// What no matrix unit multiplies has one version.

// CHECK-LABEL: func.func @single
//   CHECK-NOT:   scf.if
//       CHECK:   return
func.func @single(%q: tensor<4x32x32xf32>, %o: tensor<4x32x32xf32>, %m: tensor<1x32xf32>) -> tensor<4x32x32xf32> {
  %r = scf.forall (%h) in (4) shared_outs(%x = %o) -> (tensor<4x32x32xf32>) {
    %qh = tensor.extract_slice %q[%h, 0, 0] [1, 32, 32] [1, 1, 1] : tensor<4x32x32xf32> to tensor<1x32x32xf32>
    %acc = tensor.extract_slice %x[%h, 0, 0] [1, 32, 32] [1, 1, 1] : tensor<4x32x32xf32> to tensor<1x32x32xf32>
    %s:3 = attn.online_attention ins(%qh, %qh, %qh : tensor<1x32x32xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>)
        outs(%acc, %m, %m : tensor<1x32x32xf32>, tensor<1x32xf32>, tensor<1x32xf32>)
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s#0 into %x[%h, 0, 0] [1, 32, 32] [1, 1, 1] : tensor<1x32x32xf32> into tensor<4x32x32xf32>
    }
  }
  return %r : tensor<4x32x32xf32>
}

// -----

// What is in no parallel loop is one tile, and stays away from the unit.

// CHECK-LABEL: func.func @one_tile
//       CHECK:   attn.online_attention
//  CHECK-SAME:   fovea.vector_only
func.func @one_tile(%q: tensor<32x32xbf16>, %acc: tensor<32x32xf32>, %m: tensor<32xf32>) -> tensor<32x32xf32> {
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<32x32xbf16>, tensor<32x32xbf16>, tensor<32x32xbf16>)
      outs(%acc, %m, %m : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>)
  return %s#0 : tensor<32x32xf32>
}
