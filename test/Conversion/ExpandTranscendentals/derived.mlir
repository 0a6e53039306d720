// RUN: fovea-opt %s -fovea-expand-transcendentals | FileCheck %s

// No function that LLVM would call a library for is left, in f32 and f64, for scalars and vectors.

// CHECK-NOT: math.{{exp|tanh|log |pow}}

// What x * log2(e) loses, in the product and in the constant, is put back behind the exponential.

// CHECK-LABEL: func @exp
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: vector<16xf32>
//   CHECK-DAG:   %[[LOG2E:.*]] = arith.constant dense<1.44269502> : vector<16xf32>
//   CHECK-DAG:   %[[REST:.*]] = arith.constant dense<1.925{{[0-9]*}}E-8> : vector<16xf32>
//       CHECK:   %[[Y:.*]] = arith.mulf %[[X]], %[[LOG2E]]
//       CHECK:   %[[MINUS:.*]] = arith.negf %[[Y]]
//       CHECK:   %[[PRODUCT:.*]] = llvm.intr.fmuladd(%[[X]], %[[LOG2E]], %[[MINUS]])
//       CHECK:   llvm.intr.fmuladd(%[[X]], %[[REST]], %[[PRODUCT]])
//   CHECK-NOT:   math.{{exp|tanh|log |pow}}
//       CHECK:   return
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: func @others
//   CHECK-NOT:   math.{{exp|tanh|log |pow}}
//       CHECK:   return
func.func @others(%x: f32, %v: vector<16xf32>, %d: f64) -> (f32, vector<16xf32>, f32, vector<16xf32>, f64) {
  %a = math.tanh %x : f32
  %b = math.tanh %v : vector<16xf32>
  %c = math.log %x : f32
  %e = math.log %v : vector<16xf32>
  %f = math.tanh %d : f64
  return %a, %b, %c, %e, %f : f32, vector<16xf32>, f32, vector<16xf32>, f64
}
