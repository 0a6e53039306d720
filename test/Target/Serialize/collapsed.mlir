// A kernel that sees two dimensions of an argument as one asks that nothing lies between them, but where one of the two
// has a single element.

// RUN: fovea-compile %s --emit launch -o - | FileCheck %s
//     CHECK: if select((size('arg0', 0) <= 1), 1, (stride('arg0', 0) == (stride('arg0', 1) * size('arg0', 1)))): 'arg0' has no gaps between dimensions that a kernel sees as one
//     CHECK: parameter 0: pointer to 'arg0'
// CHECK-NEXT: parameter 1: (size('arg0', 0) * size('arg0', 1))
// CHECK-NEXT: parameter 2: stride('arg0', 1)

func.func @rows(%x: tensor<?x?x1x64xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.collapse_shape %x [[0, 1, 2], [3]] : tensor<?x?x1x64xf32> into tensor<?x64xf32>
  %n = tensor.dim %rows, %c0 : tensor<?x64xf32>
  cta.launch @kernels::@rows tiles(%n) ins(%rows : tensor<?x64xf32>)
  return
}
gpu.module @kernels {
  llvm.func @rows(%x: !llvm.ptr, %n: i64, %stride: i64)
      attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [
        #cta.param<pointer, arg = 0>, #cta.param<size, arg = 0>, #cta.param<stride, arg = 0>]} {
    llvm.return
  }
}
