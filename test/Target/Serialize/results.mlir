// A tensor that is made for a result becomes an argument, whatever views lie between the two; one that only launches
// see becomes a workspace.

// RUN: fovea-compile %s --emit launch -o - | FileCheck %s
//      CHECK: argument 'arg0': bf16 tensor of rank 3
// CHECK-NEXT: argument 'result0': bf16 tensor of rank 3
// CHECK-NEXT: argument 'result1': f32 tensor of rank 1
//      CHECK: result 0: 'result0', sizes [size('arg0', 0), 16, size('arg0', 2)]
// CHECK-NEXT: result 1: 'result1', sizes [size('arg0', 0)]
//      CHECK: if {{.*}}: 'arg0' is a tensor<?x16x?xbf16>
// CHECK-NEXT: if {{.*}}: there are at most
// CHECK-NEXT: workspace 0: (((size('arg0', 0) * 16) * size('arg0', 2)) * 4) bytes
// CHECK-NEXT: kernel 'split' of image 0
// The input is seen with its heads in groups of four.
// CHECK-NEXT: parameter 0: (stride('arg0', 1) * 4)
// CHECK-NEXT: parameter 1: stride('arg0', 1)
// CHECK-NEXT: parameter 2: pointer to workspace 0
// CHECK-NEXT: kernel 'merge' of image 0
// CHECK-NEXT: parameter 0: pointer to workspace 0
// CHECK-NEXT: parameter 1: (size('arg0', 2) * 16)
// So is the result that the caller makes, with strides of its own.
// CHECK-NEXT: parameter 2: pointer to 'result0'
// CHECK-NEXT: parameter 3: (stride('result0', 1) * 4)
// CHECK-NEXT: parameter 4: pointer to 'result1'

func.func @grouped(%q: tensor<?x16x?xbf16>) -> (tensor<?x16x?xbf16>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : tensor<?x16x?xbf16>
  %l = tensor.dim %q, %c2 : tensor<?x16x?xbf16>
  %groups = tensor.expand_shape %q [[0], [1, 2], [3]] output_shape [%b, 4, 4, %l]
      : tensor<?x16x?xbf16> into tensor<?x4x4x?xbf16>
  %partial = tensor.empty(%b, %l) : tensor<?x16x?xf32>
  %p = cta.launch @kernels::@split tiles(%b) ins(%groups : tensor<?x4x4x?xbf16>) outs(%partial : tensor<?x16x?xf32>)
      -> tensor<?x16x?xf32>
  %o = tensor.empty(%b, %l) : tensor<?x4x4x?xbf16>
  %lse = tensor.empty(%b) : tensor<?xf32>
  %m:2 = cta.launch @kernels::@merge tiles(%b) ins(%p : tensor<?x16x?xf32>)
      outs(%o, %lse : tensor<?x4x4x?xbf16>, tensor<?xf32>) -> tensor<?x4x4x?xbf16>, tensor<?xf32>
  %r = tensor.collapse_shape %m#0 [[0], [1, 2], [3]] : tensor<?x4x4x?xbf16> into tensor<?x16x?xbf16>
  return %r, %m#1 : tensor<?x16x?xbf16>, tensor<?xf32>
}
gpu.module @kernels {
  llvm.func @split(%a: i64, %b: i64, %c: !llvm.ptr)
      attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [
        #cta.param<stride, arg = 0, dim = 1>, #cta.param<stride, arg = 0, dim = 2>, #cta.param<pointer, arg = 1>]} {
    llvm.return
  }
  llvm.func @merge(%a: !llvm.ptr, %b: i64, %c: !llvm.ptr, %d: i64, %e: !llvm.ptr)
      attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [
        #cta.param<pointer, arg = 0>, #cta.param<stride, arg = 0, dim = 0>, #cta.param<pointer, arg = 1>,
        #cta.param<stride, arg = 1, dim = 1>, #cta.param<pointer, arg = 2>]} {
    llvm.return
  }
}
