// A tensor map comes with the guards of its address and strides; of an empty tensor nothing is asked, nor of the stride
// of a dimension that has one element.

// RUN: fovea-compile %s --emit launch -o - | FileCheck %s
//      CHECK: variant 'main'
//      CHECK: if {{.*}}: 'arg0' has stride 1 in its innermost dimension and else positive strides that are multiples of 16 bytes, and sizes below 2^31
// CHECK-NEXT: if select(select((size('arg0', 1) == 0), 1, select((size('arg0', 0) == 0), 1, 0)), 1, ((address('arg0') mod 16) == 0)): 'arg0' starts at a multiple of 16 bytes
// CHECK-NEXT: workspace 0: 8 bytes, zero
// CHECK-NEXT: map 0: of 'arg0', bf16, sizes [128, size('arg0', 1), 1, size('arg0', 0)], strides [select((size('arg0', 1) <= 1), 16, (stride('arg0', 1) * 2)), 16, select((size('arg0', 0) <= 1), 16, (stride('arg0', 0) * 2))] bytes, box [64, 128, 1, 1], swizzle 128
// CHECK-NEXT: kernel 'copy' of image 0: grid (min((size('arg0', 0) * (size('arg0', 1) ceildiv 128)), (sm_count * 2)), 1, 1), block (384, 1, 1), cluster (1, 1, 1), shared 230400
// CHECK-NEXT: parameter 0: map 0
// CHECK-NEXT: parameter 1: pointer to workspace 0

func.func @copy(%x: tensor<?x?x1x128xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %batch = tensor.dim %x, %c0 : tensor<?x?x1x128xbf16>
  %rows = tensor.dim %x, %c1 : tensor<?x?x1x128xbf16>
  %tiles = affine.apply affine_map<(d0) -> (d0 ceildiv 128)>(%rows)
  cta.launch @kernels::@copy tiles(%batch, %tiles) ins(%x : tensor<?x?x1x128xbf16>)
  return
}
gpu.module @kernels {
  llvm.func @copy(%map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
                  %counter: !llvm.ptr {cta.workspace = #cta.workspace<bytes = 8, zero = true>})
      attributes {nvvm.kernel, nvvm.reqntid = array<i32: 384>, nvvm.minctasm = 2 : i32, cta.shared_bytes = 230400 : i64,
                  cta.grid = #cta.grid<persistent = true, blocks_per_sm = 2>, cta.params = [
        #cta.param<tensor_map, arg = 0, dims = [3, 1, 2, 0], box = [64, 128, 1, 1], swizzle = 128>,
        #cta.param<workspace, arg = 3>]} {
    llvm.return
  }
}
