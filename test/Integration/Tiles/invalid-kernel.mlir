// Kernels are run as they are in the file; an op that is none of theirs is named.

// RUN: not fovea-run %s --interpret=file 2>&1 | FileCheck %s
// CHECK: error: {{.*}}invalid-kernel.mlir:{{[0-9:]+}} 'gpu.barrier' is not an op that the tile interpreter knows

func.func @g(%o: tensor<8xf32>) -> tensor<8xf32> {
  %one = arith.constant 1 : index
  %r = cta.launch @kernels::@g tiles(%one) outs(%o : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}
gpu.module @kernels {
  gpu.func @g(%o: memref<8xf32>, %tiles: index) kernel {
    gpu.barrier
    gpu.return
  }
}
