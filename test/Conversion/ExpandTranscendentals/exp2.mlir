// RUN: fovea-opt %s -fovea-expand-transcendentals | FileCheck %s --check-prefixes=CHECK,PORTABLE
// RUN: fovea-opt %s -fovea-expand-transcendentals="avx512=true" | FileCheck %s --check-prefixes=CHECK,AVX512

// A full register takes x - floor(x) and p * 2^floor(x) as one instruction each with AVX-512. Without, x is rounded by
// adding what leaves no room for a fraction, and the exponent's bits are put together. The polynomial has degree 6 either
// way, and its multiply-adds are instructions of any machine.

// CHECK-LABEL: func @f32
//   CHECK-NOT:   math.exp2
//      AVX512:   %[[FRACTION:.*]] = llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"
//    PORTABLE:   %[[SHIFT:.*]] = arith.constant dense<0x4B400000> : vector<16xf32>
//    PORTABLE:   %[[BIG:.*]] = arith.addf %[[X:.*]], %[[SHIFT]]
//    PORTABLE:   %[[ROUNDED:.*]] = arith.subf %[[BIG]], %[[SHIFT]]
//    PORTABLE:   arith.cmpf ogt, %[[ROUNDED]], %[[X]]
//    PORTABLE:   %[[FLOOR:.*]] = arith.subf %[[ROUNDED]], %{{.*}}
//    PORTABLE:   %[[FRACTION:.*]] = arith.subf %{{.*}}, %[[FLOOR]]
// CHECK-COUNT-6: llvm.intr.fmuladd(%{{.*}}, %[[FRACTION]], %{{.*}}) : (vector<16xf32>
//   CHECK-NOT:   llvm.intr.fmuladd
//      AVX512:   llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
//    PORTABLE:   arith.fptosi %[[FLOOR]] : vector<16xf32> to vector<16xi32>
// PORTABLE-COUNT-2: arith.bitcast
//       CHECK:   return
func.func @f32(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp2 %x : vector<16xf32>
  return %y : vector<16xf32>
}

// f64 has its own fit of degree 11.

// CHECK-LABEL: func @f64
//      AVX512:   llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.pd.512"
// CHECK-COUNT-11: llvm.intr.fmuladd(%{{.*}}) : (vector<8xf64>
//   CHECK-NOT:   llvm.intr.fmuladd
//      AVX512:   llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.pd.512"
//       CHECK:   return
func.func @f64(%x: vector<8xf64>) -> vector<8xf64> {
  %y = math.exp2 %x : vector<8xf64>
  return %y : vector<8xf64>
}

// Scalars and vectors of other sizes have no such instruction.

// CHECK-LABEL: func @other_sizes
//   CHECK-NOT:   llvm.call_intrinsic
//       CHECK:   arith.bitcast %{{.*}} : i32 to f32
//   CHECK-NOT:   llvm.call_intrinsic
//       CHECK:   arith.bitcast %{{.*}} : vector<8xi32> to vector<8xf32>
//   CHECK-NOT:   llvm.call_intrinsic
//       CHECK:   return
func.func @other_sizes(%x: f32, %v: vector<8xf32>) -> (f32, vector<8xf32>) {
  %y = math.exp2 %x : f32
  %w = math.exp2 %v : vector<8xf32>
  return %y, %w : f32, vector<8xf32>
}
