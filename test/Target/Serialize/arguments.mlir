// Addresses, sizes, strides and scalars of a launch are those of the function's arguments; what is static is a guard.

// RUN: fovea-compile %s --emit launch -o - | FileCheck %s --match-full-lines --strict-whitespace
//      CHECK:launch 'scale' of 1 image
// CHECK-NEXT:argument 'arg0': f32 tensor of rank 2
// CHECK-NEXT:argument 'arg1': f32
// CHECK-NEXT:argument 'arg2': i64
// CHECK-NEXT:argument 'arg3': f32 tensor of rank 2
// CHECK-NEXT:result 0: 'arg3', sizes [size('arg3', 0), 8]
// CHECK-NEXT:variant 'main'
// CHECK-NEXT:  if (size('arg0', 1) == 8): 'arg0' is a tensor<?x8xf32>
// CHECK-NEXT:  if (size('arg3', 1) == 8): 'arg3' is a tensor<?x8xf32>
// CHECK-NEXT:  if (min(((size('arg0', 0) + 1) floordiv 2), 'arg2') <= 2146435072): there are at most 2^31 - 2^20 tiles
// CHECK-NEXT:  kernel 'scale' of image 0: grid (min(((size('arg0', 0) + 1) floordiv 2), 'arg2'), 1, 1), block (64, 1, 1), cluster (1, 1, 1), shared 0
// CHECK-NEXT:    parameter 0: pointer to 'arg0'
// CHECK-NEXT:    parameter 1: size('arg0', 0)
// CHECK-NEXT:    parameter 2: stride('arg0', 1)
// CHECK-NEXT:    parameter 3: 'arg1'
// CHECK-NEXT:    parameter 4: f32 bits 1069547520
// CHECK-NEXT:    parameter 5: (size('arg0', 0) - 8)
// CHECK-NEXT:    parameter 6: pointer to 'arg3'

func.func @scale(%x: tensor<?x8xf32>, %s: f32, %most: index, %out: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %columns = tensor.dim %x, %c1 : tensor<?x8xf32>
  %pairs = affine.apply affine_map<()[s0] -> ((s0 + 1) floordiv 2)>()[%rows]
  %tiles = arith.minsi %pairs, %most : index
  %rest = arith.subi %rows, %columns : index
  %offset = arith.constant 1.5 : f32
  %r = cta.launch @kernels::@scale tiles(%tiles)
      ins(%x, %s, %offset, %rest : tensor<?x8xf32>, f32, f32, index) outs(%out : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}
gpu.module @kernels {
  llvm.func @scale(%x: !llvm.ptr, %rows: i64, %stride: i64, %s: f32, %offset: f32, %rest: i64, %out: !llvm.ptr)
      attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [
        #cta.param<pointer, arg = 0>, #cta.param<size, arg = 0>, #cta.param<stride, arg = 0, dim = 1>,
        #cta.param<scalar, arg = 1>, #cta.param<scalar, arg = 2>, #cta.param<scalar, arg = 3>,
        #cta.param<pointer, arg = 4>]} {
    llvm.return
  }
}
