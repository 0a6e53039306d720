// Cross-entropy: each reduction, ignored targets, label smoothing and z-loss.

// RUN: fovea-run %s --entry none --check
// RUN: fovea-run %s --entry sum --check
// RUN: fovea-run %s --entry mean --check
// RUN: fovea-run %s --entry all_ignored --check --input random --input 7

func.func @none(%x: tensor<3x40x200xbf16>, %t: tensor<3x40xi64>, %loss: tensor<3x40xf32>, %l: tensor<3x40xf32>) -> (tensor<3x40xf32>, tensor<3x40xf32>) {
  %r:2 = attn.cross_entropy reduction(none) ins(%x, %t : tensor<3x40x200xbf16>, tensor<3x40xi64>)
      outs(%loss, lse %l : tensor<3x40xf32>, tensor<3x40xf32>)
  return %r#0, %r#1 : tensor<3x40xf32>, tensor<3x40xf32>
}

func.func @sum(%x: tensor<77x129xf32>, %t: tensor<77xi32>, %loss: tensor<f32>) -> tensor<f32> {
  %r = attn.cross_entropy label_smoothing(1.250000e-01) reduction(sum) ins(%x, %t : tensor<77x129xf32>, tensor<77xi32>) outs(%loss : tensor<f32>)
  return %r : tensor<f32>
}

func.func @mean(%x: tensor<77x129xf32>, %t: tensor<77xindex>, %loss: tensor<f32>) -> tensor<f32> {
  %r = attn.cross_entropy ignore_index(5) label_smoothing(2.500000e-01) z_loss(1.0e-03) reduction(mean)
      ins(%x, %t : tensor<77x129xf32>, tensor<77xindex>) outs(%loss : tensor<f32>)
  return %r : tensor<f32>
}

// No target is left to take the mean over.
func.func @all_ignored(%x: tensor<9x12xf32>, %t: tensor<9xi64>, %loss: tensor<f32>) -> tensor<f32> {
  %r = attn.cross_entropy ignore_index(7) reduction(mean) ins(%x, %t : tensor<9x12xf32>, tensor<9xi64>) outs(%loss : tensor<f32>)
  return %r : tensor<f32>
}
