// RUN: fovea-opt %s -fovea-separate-destinations -split-input-file | FileCheck %s

// Each variable of a loop has a tensor of its own, and so has each fill.

// CHECK-LABEL: func @carried
//   CHECK-DAG:   %[[E0:.*]] = tensor.empty() : tensor<8xf32>
//   CHECK-DAG:   %[[E1:.*]] = tensor.empty() : tensor<8xf32>
//       CHECK:   %[[Z0:.*]] = linalg.fill ins(%{{.*}}) outs(%[[E1]]
//       CHECK:   %[[Z1:.*]] = linalg.fill ins(%{{.*}}) outs(%[[E0]]
//       CHECK:   scf.for {{.*}} iter_args(%{{.*}} = %[[Z0]], %{{.*}} = %[[Z1]])
func.func @carried(%n: index, %zero: f32) -> (tensor<8xf32>, tensor<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %z, %b = %z) -> (tensor<8xf32>, tensor<8xf32>) {
    scf.yield %b, %a : tensor<8xf32>, tensor<8xf32>
  }
  return %r#0, %r#1 : tensor<8xf32>, tensor<8xf32>
}

// -----

// Of dynamic shape, in destination style.

// CHECK-LABEL: func @filled
//  CHECK-SAME:   %[[N:[a-z0-9]+]]: index
//   CHECK-DAG:   %[[A:.*]] = tensor.empty(%[[N]])
//   CHECK-DAG:   %[[B:.*]] = tensor.empty(%[[N]])
//   CHECK-DAG:   linalg.fill ins(%{{.*}}) outs(%[[A]]
//   CHECK-DAG:   linalg.fill ins(%{{.*}}) outs(%[[B]]
func.func @filled(%n: index, %x: f32, %y: f32) -> (tensor<?xf32>, tensor<?xf32>) {
  %e = tensor.empty(%n) : tensor<?xf32>
  %a = linalg.fill ins(%x : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %b = linalg.fill ins(%y : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %a, %b : tensor<?xf32>, tensor<?xf32>
}

// -----

// Who only reads shares.

// CHECK-LABEL: func @read
//       CHECK:   linalg.fill
//   CHECK-NOT:   linalg.fill
//       CHECK:   return
func.func @read(%zero: f32, %o: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %r = linalg.add ins(%z, %z : tensor<8xf32>, tensor<8xf32>) outs(%o : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}
