// The extents of results are those of the outputs.
// RUN: fovea-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s

// CHECK-LABEL: func @attention
// CHECK-SAME: tensor<?x?x16xf32>, %[[O:[a-z0-9]+]]: tensor<?x?x16xf32>, %[[L:[a-z0-9]+]]: tensor<?x?xf32>)
// CHECK-DAG: %[[C0:[a-z0-9]+]] = arith.constant 0
// CHECK-DAG: %[[C1:[a-z0-9]+]] = arith.constant 1
// CHECK-DAG: %[[D1:.*]] = tensor.dim %[[O]], %[[C1]]
// CHECK-DAG: %[[D0:.*]] = tensor.dim %[[L]], %[[C0]]
// CHECK-NOT: attn.
// CHECK: return %[[D1]], %[[D0]]
func.func @attention(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x16xf32>, %o: tensor<?x?x16xf32>, %l: tensor<?x?xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r, %lse = attn.attention ins(%q, %k, %v : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x16xf32>) outs(%o, lse %l : tensor<?x?x16xf32>, tensor<?x?xf32>)
  %a = tensor.dim %r, %c1 : tensor<?x?x16xf32>
  %b = tensor.dim %lse, %c0 : tensor<?x?xf32>
  return %a, %b : index, index
}

// CHECK-LABEL: func @softmax
// CHECK-SAME: tensor<?xf32>, %[[E:[a-z0-9]+]]: tensor<?xf32>)
// CHECK: tensor.dim %[[E]]
func.func @softmax(%x: tensor<?xf32>, %e: tensor<?xf32>) -> index {
  %c0 = arith.constant 0 : index
  %y = attn.softmax dimension(0) ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>)
  %d = tensor.dim %y, %c0 : tensor<?xf32>
  return %d : index
}
