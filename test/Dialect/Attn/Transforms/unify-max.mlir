// RUN: fovea-opt %s --attn-unify-max="max=2.0 range-log2=20" | FileCheck %s

// The first attempt is relative to 2; the rows' sums decide whether a second one, from the identity, is made.

// CHECK-LABEL: @base_e
func.func @base_e(%q: tensor<64x32xf32>, %k: tensor<128x32xf32>, %v: tensor<128x16xf32>, %o: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<64x16xf32>
  %e1 = tensor.empty() : tensor<64xf32>
  %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<64x16xf32>) -> tensor<64x16xf32>
  %m = linalg.fill ins(%none : f32) outs(%e1 : tensor<64xf32>) -> tensor<64xf32>
  %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<64xf32>) -> tensor<64xf32>
  // CHECK: %[[MAX:.*]] = arith.constant 2.000000e+00 : f32
  // CHECK: %[[M:.*]] = linalg.fill ins(%[[MAX]] : f32)
  // CHECK: %[[FIXED:.*]]:3 = attn.online_attention fixed_max ins(%arg0, %arg1, %arg2 {{.*}} outs(%{{.*}}, %[[M]], %{{.*}} :
  // CHECK-DAG: %[[LOW:.*]] = arith.constant 9.53674316E-7 : f32
  // CHECK-DAG: %[[HIGH:.*]] = arith.constant 0x49800000 : f32
  // CHECK: %[[ALL:.*]] = linalg.generic {{.*}} ins(%[[FIXED]]#2 : tensor<64xf32>)
  // CHECK:   arith.cmpf oge, %{{.*}}, %[[LOW]]
  // CHECK:   arith.cmpf ole, %{{.*}}, %[[HIGH]]
  // CHECK: %[[OK:.*]] = tensor.extract %[[ALL]][] : tensor<i1>
  // CHECK: %[[STATE:.*]]:3 = scf.if %[[OK]]
  // CHECK:   scf.yield %[[FIXED]]#0, %[[FIXED]]#1, %[[FIXED]]#2
  // CHECK: } else {
  // CHECK:   %[[RUNNING:.*]]:3 = attn.online_attention ins
  // CHECK:   scf.yield %[[RUNNING]]#0, %[[RUNNING]]#1, %[[RUNNING]]#2
  // CHECK: attn.finalize ins(%[[STATE]]#0, %[[STATE]]#1, %[[STATE]]#2
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<64x32xf32>, tensor<128x32xf32>, tensor<128x16xf32>)
      outs(%acc, %m, %l : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>)
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<64x16xf32>, tensor<64xf32>, tensor<64xf32>) outs(%o : tensor<64x16xf32>)
  return %r : tensor<64x16xf32>
}
