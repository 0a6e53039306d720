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
// RUN: not fovea-compile %t/threads.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=THREADS
// THREADS: error: has no nvvm.reqntid that says how many threads a block has
// RUN: not fovea-compile %t/narrow.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=NARROW
// NARROW: error: 'cta.launch' op passes a scalar of type 'i32', expected index, i64, f32 or f64
// RUN: not fovea-compile %t/swizzle.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=SWIZZLE
// SWIZZLE: error: 'cta.launch' op has a tensor map with a swizzle of 48 bytes, expected 0, 32, 64 or 128
// RUN: not fovea-compile %t/argument.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=ARGUMENT
// ARGUMENT: error: 'cta.launch' op passes no argument 7 for parameter 0, #cta.param<pointer, arg = 7>
// RUN: not fovea-compile %t/pointer.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=POINTER
// POINTER: error: 'cta.launch' op passes 'index' for parameter 0, #cta.param<pointer, arg = 1>
// RUN: not fovea-compile %t/dim.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=DIM
// DIM: error: 'cta.launch' op has parameter 0, #cta.param<size, arg = 0, dim = 3>, of a tensor of rank 1
// RUN: not fovea-compile %t/blocks.mlir --emit launch -o - 2>&1 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: error: has control flow on the host, which a launch has not

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
//--- threads.mlir
func.func @f() {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1)
  return
}
gpu.module @k {
  llvm.func @k() attributes {nvvm.kernel, cta.grid = #cta.grid<>, cta.params = []} { llvm.return }
}
//--- narrow.mlir
func.func @f() {
  %c1 = arith.constant 1 : index
  %five = arith.constant 5 : i32
  cta.launch @k::@k tiles(%c1) ins(%five : i32)
  return
}
gpu.module @k {
  llvm.func @k(%x: i32) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<scalar, arg = 0>]} { llvm.return }
}
//--- swizzle.mlir
func.func @f(%x: tensor<4xf32>) {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>)
  return
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<tensor_map, arg = 0, dims = [0], box = [4], swizzle = 48>]} { llvm.return }
}
//--- argument.mlir
func.func @f(%x: tensor<4xf32>) {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>)
  return
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<pointer, arg = 7>]} { llvm.return }
}
//--- pointer.mlir
func.func @f(%x: tensor<4xf32>) {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>)
  return
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<pointer, arg = 1>]} { llvm.return }
}
//--- dim.mlir
func.func @f(%x: tensor<4xf32>) {
  %c1 = arith.constant 1 : index
  cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>)
  return
}
gpu.module @k {
  llvm.func @k(%x: i64) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<size, arg = 0, dim = 3>]} { llvm.return }
}
//--- blocks.mlir
func.func @f(%x: tensor<4xf32>) {
  %c1 = arith.constant 1 : index
  cf.br ^end
^end:
  cta.launch @k::@k tiles(%c1) ins(%x : tensor<4xf32>)
  return
}
gpu.module @k {
  llvm.func @k(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 32>, cta.grid = #cta.grid<>,
                                          cta.params = [#cta.param<pointer, arg = 0>]} { llvm.return }
}
