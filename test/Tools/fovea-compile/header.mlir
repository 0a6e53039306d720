// The header says what each function takes and returns; results that are arguments are not there.

// RUN: fovea-compile %s --emit header -o %t.h && FileCheck %s < %t.h
// RUN: %c_compiler -std=c99 -Wall -Wextra -pedantic -Wno-pre-c11-compat -fsyntax-only -x c %t.h
// RUN: %cxx_compiler -std=c++17 -Wall -fsyntax-only -x c++ %t.h

// CHECK: Compiled from header.mlir by fovea-compile

// CHECK:      typedef struct FoveaTensor2xf32 {
// CHECK-NEXT:   float *allocated;
// CHECK-NEXT:   float *aligned;
// CHECK-NEXT:   int64_t offset;
// CHECK-NEXT:   int64_t sizes[2];
// CHECK-NEXT:   int64_t strides[2];
// CHECK-NEXT: } FoveaTensor2xf32;

// CHECK:      /** @rows
// CHECK-NEXT:  *  arg0: rows x width = 8 of f32
// CHECK-NEXT:  *  arg1: ? x 8 of f32; receives result 0
// CHECK-NEXT:  */
// CHECK-NEXT: void rows(const FoveaTensor2xf32 *arg0,
// CHECK-NEXT:     const FoveaTensor2xf32 *arg1);
func.func @rows(%x: tensor<?x8xf32> {fovea.dims = ["rows", "width"]}, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = attn.softmax dimension(1) ins(%x : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

// CHECK:      typedef struct several_results {
// CHECK-NEXT:   FoveaTensor1xf32 result0;
// CHECK-NEXT:   bool result1;
// CHECK-NEXT: } several_results;
// CHECK-NEXT: void several(several_results *results,
// CHECK-NEXT:     float arg0,
// CHECK-NEXT:     int64_t arg1,
// CHECK-NEXT:     bool arg2);
func.func @several(%x: f32, %n: index, %b: i1) -> (tensor<?xf32>, i1) {
  %e = tensor.empty(%n) : tensor<?xf32>
  %t = linalg.fill ins(%x : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %t, %b : tensor<?xf32>, i1
}

// CHECK:      double number(double arg0);
func.func @number(%x: f64) -> f64 {
  %y = arith.addf %x, %x : f64
  return %y : f64
}

// CHECK-NOT: hidden
func.func private @hidden(%x: f64) -> f64 {
  return %x : f64
}
