// What fovea-compile refuses, each with one diagnostic.

// RUN: split-file %s %t
// RUN: not fovea-compile %t/verify.mlir -o %t/x.o 2>&1 | FileCheck %s --check-prefix=VERIFY
// VERIFY: fovea-compile: error: {{.*}}verify.mlir:2:8: error: 'attn.softmax' op
// RUN: not fovea-compile %t/private.mlir -o %t/x.o 2>&1 | FileCheck %s --check-prefix=PRIVATE
// PRIVATE: fovea-compile: error: the file defines no public function
// RUN: not fovea-compile %t/name.mlir -o %t/x.o 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: fovea-compile: error: @double: C cannot declare a function of this name
// RUN: not fovea-compile %t/type.mlir -o %t/x.o 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: fovea-compile: error: @f: the type of argument 0, 'complex<f32>' is neither
// RUN: not fovea-compile %t/no.mlir 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: fovea-compile: error: {{.*}}no.mlir: No such file or directory
// RUN: not fovea-compile %t/good.mlir -o %t/no/x.o 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: fovea-compile: error: '{{.*}}no/x.o': No such file or directory
// RUN: not fovea-compile %t/good.mlir --emit shared -o - 2>&1 | FileCheck %s --check-prefix=STDOUT
// STDOUT: fovea-compile: error: a shared library cannot be written to the standard output
// RUN: not fovea-compile %t/good.mlir --emit shared --linker no-linker -o %t/x.so 2>&1 | FileCheck %s --check-prefix=LINKER
// LINKER: fovea-compile: error: no program 'no-linker' to link with
// RUN: not fovea-compile %t/good.mlir --pipeline-options=nonsense=1 -o %t/x.o 2>&1 | FileCheck %s --check-prefix=OPTIONS
// OPTIONS: fovea-compile: error: pipeline options 'nonsense=1': not options of attn-to-llvm

//--- verify.mlir
func.func @f(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = attn.softmax dimension(2) ins(%x : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return %y : tensor<4x8xf32>
}
//--- private.mlir
func.func private @f(%x: f32) -> f32 {
  return %x : f32
}
//--- name.mlir
func.func @double(%x: f32) -> f32 {
  return %x : f32
}
//--- type.mlir
func.func @f(%x: complex<f32>) {
  return
}
//--- good.mlir
func.func @f(%x: f32) -> f32 {
  return %x : f32
}
