// RUN: fovea-opt %s -attn-outline-kernels -verify-diagnostics

// A kernel takes tensors and scalars.

func.func @buffer(%acc: tensor<64x64xf32>, %m: tensor<64xf32>, %scratch: memref<64xf32>, %o: tensor<64x64xf32>) -> tensor<64x64xf32> {
  // expected-error @below {{'scf.forall' op cannot become a kernel: it uses a value of type 'memref<64xf32>'}}
  %r = scf.forall (%i) in (1) shared_outs(%e = %o) -> (tensor<64x64xf32>) {
    %l = bufferization.to_tensor %scratch restrict : memref<64xf32> to tensor<64xf32>
    %t = attn.finalize ins(%acc, %m, %l : tensor<64x64xf32>, tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64x64xf32>)
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %t into %e[0, 0] [64, 64] [1, 1] : tensor<64x64xf32> into tensor<64x64xf32>
    }
  }
  return %r : tensor<64x64xf32>
}
