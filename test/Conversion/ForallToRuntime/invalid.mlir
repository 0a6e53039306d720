// RUN: fovea-opt %s -fovea-forall-to-runtime -split-input-file -verify-diagnostics

// A loop on tensors has no runtime call.
func.func @tensors(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{has tensor results; bufferize it first}}
  %r = scf.forall (%i) in (4) shared_outs(%o = %x) -> tensor<4xf32> {
    %s = tensor.extract_slice %o[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %r : tensor<4xf32>
}

// -----

func.func private @use(tensor<4xf32>)

// A tensor cannot be captured.
func.func @capture(%x: tensor<4xf32>) {
  // expected-error @below {{body uses a value of type 'tensor<4xf32>', which has no form in memory}}
  scf.forall (%i) in (4) {
    func.call @use(%x) : (tensor<4xf32>) -> ()
  }
  return
}
