// RUN: fovea-opt %s -attn-to-llvm | FileCheck %s
// RUN: fovea-opt %s -attn-unfused-to-llvm | FileCheck %s

// Ops on tensors that are not ours reach LLVM: the destination is written in
// place, scratch of the parallel body is freed in it, the fresh result is not.

// CHECK-NOT:   unrealized_conversion_cast
// CHECK-LABEL: llvm.func @rows(
// CHECK-SAME:      fovea.returned_arguments = array<i64: 1, -1>
// CHECK:         llvm.call @malloc
// CHECK-NOT:     llvm.call @malloc
// CHECK:         llvm.call @foveaParallelFor
// CHECK-NOT:     llvm.call @free
// CHECK-LABEL: llvm.func @_mlir_ciface_rows(
// CHECK-LABEL: llvm.func internal @rows_body_0(
// CHECK:         llvm.call @malloc
// CHECK-NOT:     llvm.call @malloc
// CHECK:         llvm.call @free
// CHECK-NOT:     unrealized_conversion_cast
func.func @rows(%x: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x?xf32>
  %n = tensor.dim %x, %c1 : tensor<?x?xf32>
  %e = tensor.empty(%m) : tensor<?xf32>
  %r:2 = scf.forall (%i) in (%m) shared_outs(%a = %o, %b = %e) -> (tensor<?x?xf32>, tensor<?xf32>) {
    %xs = tensor.extract_slice %x[%i, 0] [1, %n] [1, 1] : tensor<?x?xf32> to tensor<?xf32>
    %t = tensor.empty(%n) : tensor<?xf32>
    %exp = linalg.exp ins(%xs : tensor<?xf32>) outs(%t : tensor<?xf32>) -> tensor<?xf32>
    %os = tensor.extract_slice %a[%i, 0] [1, %n] [1, 1] : tensor<?x?xf32> to tensor<?xf32>
    %y = linalg.add ins(%exp, %xs : tensor<?xf32>, tensor<?xf32>) outs(%os : tensor<?xf32>) -> tensor<?xf32>
    %bs = tensor.extract_slice %b[%i] [1] [1] : tensor<?xf32> to tensor<f32>
    %bf = linalg.fill ins(%z : f32) outs(%bs : tensor<f32>) -> tensor<f32>
    %s = linalg.reduce ins(%y : tensor<?xf32>) outs(%bf : tensor<f32>) dimensions = [0]
      (%in: f32, %acc: f32) {
        %q = arith.addf %in, %acc : f32
        linalg.yield %q : f32
      }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %y into %a[%i, 0] [1, %n] [1, 1] : tensor<?xf32> into tensor<?x?xf32>
      tensor.parallel_insert_slice %s into %b[%i] [1] [1] : tensor<f32> into tensor<?xf32>
    }
  }
  return %r#0, %r#1 : tensor<?x?xf32>, tensor<?xf32>
}
