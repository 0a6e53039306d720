// A branch on sizes becomes variants of the launch, in the order of the branches, each guarded by what it was taken for:
// the conditions of a variant that comes later are the negated ones of those before it, whose other guards may have failed.
// All share arguments, results, images and expressions.

// RUN: fovea-compile %s --emit launch -o - | FileCheck %s
//      CHECK: launch 'choose' of 1 image
// CHECK-NEXT: argument 'arg0': f32 tensor of rank 1
// CHECK-NEXT: argument 'arg1': f32 tensor of rank 1
// CHECK-NEXT: result 0: 'arg1', sizes [size('arg1', 0)]
// CHECK-NEXT: variant 'main'
//      CHECK:   if (size('arg0', 0) <= 1024): the sizes are those that the variant is for
//      CHECK:   kernel 'few' of image 0: grid ((size('arg0', 0) ceildiv 64), 1, 1)
// CHECK-NEXT:     parameter 0: pointer to 'arg0'
//  CHECK-NOT:   kernel
//      CHECK: variant 'variant1'
//      CHECK:   if ((size('arg0', 0) <= 1024) == 0): the sizes are those that the variant is for
//      CHECK:   if (size('arg1', 0) <= 7): the sizes are those that the variant is for
//      CHECK:   kernel 'many' of image 0
// CHECK-NEXT:     parameter 0: pointer to 'arg0'
//  CHECK-NOT:   kernel
//      CHECK: variant 'variant2'
//      CHECK:   if ((size('arg0', 0) <= 1024) == 0): the sizes are those that the variant is for
//      CHECK:   if ((size('arg1', 0) <= 7) == 0): the sizes are those that the variant is for
//      CHECK:   kernel 'few' of image 0
//      CHECK:   kernel 'many' of image 0
//  CHECK-NOT: variant

func.func @choose(%x: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %c1024 = arith.constant 1024 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %m = tensor.dim %o, %c0 : tensor<?xf32>
  %tiles = affine.apply affine_map<(d0) -> (d0 ceildiv 64)>(%n)
  %few = arith.cmpi sle, %n, %c1024 : index
  %r = scf.if %few -> tensor<?xf32> {
    %a = cta.launch @kernels::@few tiles(%tiles) ins(%x : tensor<?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
    scf.yield %a : tensor<?xf32>
  } else {
    %small = arith.cmpi sle, %m, %c7 : index
    %s = scf.if %small -> tensor<?xf32> {
      %a = cta.launch @kernels::@many tiles(%tiles) ins(%x : tensor<?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
      scf.yield %a : tensor<?xf32>
    } else {
      %a = cta.launch @kernels::@few tiles(%tiles) ins(%x : tensor<?xf32>) outs(%o : tensor<?xf32>) -> tensor<?xf32>
      %b = cta.launch @kernels::@many tiles(%m) outs(%a : tensor<?xf32>) -> tensor<?xf32>
      scf.yield %b : tensor<?xf32>
    }
    scf.yield %s : tensor<?xf32>
  }
  return %r : tensor<?xf32>
}
gpu.module @kernels {
  llvm.func @few(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [#cta.param<pointer, arg = 0>]} {
    llvm.return
  }
  llvm.func @many(%o: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64>, cta.grid = #cta.grid<>, cta.params = [#cta.param<pointer, arg = 0>]} {
    llvm.return
  }
}
