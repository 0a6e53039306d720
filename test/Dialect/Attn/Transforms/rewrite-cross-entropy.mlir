// The loss of cross_entropy from its softmax state: x[t] is read only where t is a class.
// RUN: fovea-opt %s -attn-decompose -split-input-file | FileCheck %s

// An unsigned comparison rejects negative targets too; what it rejects becomes NaN, and nothing is read.
// CHECK-LABEL: @target_range
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x?xf32>
// CHECK: %[[CLASSES:.*]] = tensor.dim %[[X]], %c1
// CHECK: %[[T:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK: %[[VALID:.*]] = arith.cmpi ult, %[[T]], %[[CLASSES]]
// CHECK: scf.if %[[VALID]]
// CHECK-NEXT: tensor.extract %[[X]][%{{.*}}, %[[T]]]
// CHECK: else
// CHECK-NEXT: arith.constant 0x7FC00000 : f32
// CHECK-NOT: arith.select
func.func @target_range(%x: tensor<?x?xf32>, %t: tensor<?xi64>, %e: tensor<?xf32>) -> tensor<?xf32> {
  %r = attn.cross_entropy ins(%x, %t : tensor<?x?xf32>, tensor<?xi64>) outs(%e : tensor<?xf32>)
  return %r : tensor<?xf32>
}

// -----

// An ignored row has a loss of 0, whatever its target.
// CHECK-LABEL: @ignore_index
// CHECK: scf.if
// CHECK: %[[LOSS:.*]] = arith.subf
// CHECK: %[[IGNORED:.*]] = arith.cmpi eq, %{{.*}}, %c-100
// CHECK: arith.select %[[IGNORED]], %{{.*}}, %[[LOSS]]
func.func @ignore_index(%x: tensor<?x?xf32>, %t: tensor<?xindex>, %e: tensor<?xf32>) -> tensor<?xf32> {
  %r = attn.cross_entropy ignore_index(-100) ins(%x, %t : tensor<?x?xf32>, tensor<?xindex>) outs(%e : tensor<?xf32>)
  return %r : tensor<?xf32>
}

// -----

// The mean is over the rows that are not ignored, which are counted as integers.
// CHECK-LABEL: @mean
// CHECK: %[[TOTAL:.*]] = linalg.generic {{.*}}["reduction"]} ins(%{{.*}} : tensor<?xf32>)
// CHECK: %[[COUNTED:.*]] = linalg.generic {{.*}}["reduction"]} ins(%{{.*}} : tensor<?xi32>) outs(%{{.*}} : tensor<i64>)
// CHECK: %[[COUNT:.*]] = tensor.extract %[[COUNTED]]
// CHECK: %[[FLOAT:.*]] = arith.sitofp %[[COUNT]]
// CHECK: linalg.generic {{.*}} ins(%[[TOTAL]] : tensor<f32>)
// CHECK: arith.divf %{{.*}}, %[[FLOAT]]
func.func @mean(%x: tensor<?x?xf32>, %t: tensor<?xi32>, %e: tensor<f32>) -> tensor<f32> {
  %r = attn.cross_entropy ignore_index(-1) reduction(mean) ins(%x, %t : tensor<?x?xf32>, tensor<?xi32>) outs(%e : tensor<f32>)
  return %r : tensor<f32>
}

// -----

// The logits are summed only where label smoothing asks for it.
// CHECK-LABEL: @label_smoothing
// CHECK: math.log
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}}["parallel", "reduction"]} ins(%{{.*}} : tensor<4x10xf32>)
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %[[SUM]]
func.func @label_smoothing(%x: tensor<4x10xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %r = attn.cross_entropy label_smoothing(0.1) ins(%x, %t : tensor<4x10xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return %r : tensor<4xf32>
}
