// Host code that a launch descriptor cannot express is refused by name, and so are kernels that do not say how they are
// launched.

// RUN: split-file %s %t
// RUN: not fovea-compile %t/op.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=OP
// OP: op.mlir:{{.*}}: error: 'linalg.fill' op is left on the host, where a launch has only kernels, shapes of tensors and integer arithmetic over sizes
// RUN: not fovea-compile %t/integer.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=INTEGER
// INTEGER: error: 'arith.xori' op is integer arithmetic that a launch cannot express
// RUN: not fovea-compile %t/scalar.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=SCALAR
// SCALAR: error: argument 0 has type 'bf16', expected a ranked tensor of numbers or an index, i64, f32 or f64
// RUN: not fovea-compile %t/overwritten.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=OVERWRITTEN
// OVERWRITTEN: error: 'cta.launch' op reads a tensor of type 'tensor<4xf32>' that a launch before has overwritten
// RUN: not fovea-compile %t/in-place.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=PLACE
// PLACE: error: 'cta.launch' op writes to memory of type 'tensor<4xf32>' that it also reads or writes
// RUN: not fovea-compile %t/scalar-result.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=RESULT
// RESULT: error: result 0 has type 'index'; the results of a launch are tensors
// RUN: not fovea-compile %t/grid.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=GRID
// GRID: error: has no cta.grid to launch it by
// RUN: not fovea-compile %t/params.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=PARAMS
// PARAMS: error: has 0 cta.params for 1 parameters
// RUN: not fovea-compile %t/workspace.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=WORKSPACE
// WORKSPACE: error: has no cta.workspace on parameter 0, which is passed a workspace
// RUN: not fovea-compile %t/map.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=MAP
// MAP: error: 'cta.launch' op has a tensor map #cta.param<tensor_map, arg = 0, dims = [1], box = [4]> that does not fit a tensor of rank 1
// RUN: not fovea-compile %t/branch.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=BRANCH
// BRANCH: error: 'arith.cmpf' op computes on the host with what is no size and no integer argument
// RUN: not fovea-compile %t/loop.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=LOOP
// LOOP: error: 'scf.for' op is left on the host

//--- op.mlir
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %y = linalg.fill ins(%zero : f32) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  %r = cta.launch @k::@k tiles(%c1) outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel} { llvm.return }
}
//--- integer.mlir
func.func @f(%n: index) {
  %m = arith.xori %n, %n : index
  cta.launch @k::@k tiles(%m)
  return
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel} { llvm.return }
}
//--- scalar.mlir
func.func @f(%n: bf16) {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1) ins(%n : bf16)
  return
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel} { llvm.return }
}
//--- overwritten.mlir
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  %y = cta.launch @k::@k tiles(%c1) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  %z = tensor.empty() : tensor<4xf32>
  %r = cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>) outs(%z : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel} { llvm.return }
}
//--- in-place.mlir
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  %y = cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel} { llvm.return }
}
//--- scalar-result.mlir
func.func @f() -> index {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1)
  return %c1 : index
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel} { llvm.return }
}
//--- grid.mlir
func.func @f() {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1)
  return
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel, cta.params = []} { llvm.return }
}
//--- params.mlir
func.func @f() {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1)
  return
}
gpu.module @k {
  llvm.func @k(%x: i64) attributes {nvvm.kernel, cta.grid = #cta.grid<>} { llvm.return }
}
//--- workspace.mlir
func.func @f() {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1)
  return
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<workspace, arg = 1>]} { llvm.return }
}
//--- map.mlir
func.func @f(%x: tensor<4xf32>) {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>)
  return
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<tensor_map, arg = 0, dims = [1], box = [4]>]} { llvm.return }
}
//--- branch.mlir
func.func @f(%s: f32, %x: tensor<4xf32>) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %p = arith.cmpf ogt, %s, %zero : f32
  %r = scf.if %p -> tensor<4xf32> {
    %a = cta.launch @k::@k tiles(%c1) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %a : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [#cta.param<pointer, arg = 0>]} {
    llvm.return
  }
}
//--- loop.mlir
func.func @f(%n: index, %x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%e = %x) -> (tensor<4xf32>) {
    %a = cta.launch @k::@k tiles(%c1) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %a : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [#cta.param<pointer, arg = 0>]} {
    llvm.return
  }
}
