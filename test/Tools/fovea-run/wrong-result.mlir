// A result beyond the tolerance is reported, and the exit status is 1: in f32
// nothing is left of x when 1e8 is added and taken away again.

// RUN: not fovea-run %s --check 2>&1 | FileCheck %s
// CHECK: result 0: 4xf32: FAIL f32: row-relative error {{.+}} > 1.00e-05
// CHECK-NOT: error:
func.func @cancel(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> {
  %c = arith.constant dense<1.0e8> : tensor<4xf32>
  %y = arith.addf %x, %c : tensor<4xf32>
  %z = arith.subf %y, %c : tensor<4xf32>
  %r = linalg.copy ins(%z : tensor<4xf32>) outs(%out : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
