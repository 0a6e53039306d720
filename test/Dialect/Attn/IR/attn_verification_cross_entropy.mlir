// What attn.cross_entropy refuses.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// cross-entropy: targets are class numbers
func.func @target_type(%x: tensor<4x8xf32>, %t: tensor<4xf32>, %e: tensor<4xf32>) {
  // expected-error @below {{target must have element type i32, i64 or index, got 'f32'}}
  %r = attn.cross_entropy ins(%x, %t : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// S12: logits are floats
func.func @logits_type(%x: tensor<4x8xi32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{logits must have element type f16, bf16, f32 or f64, got 'i32'}}
  %r = attn.cross_entropy ins(%x, %t : tensor<4x8xi32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// cross-entropy: logits have classes
func.func @logits_rank(%x: tensor<f32>, %t: tensor<i32>, %e: tensor<f32>) {
  // expected-error @below {{logits must have a class dimension}}
  %r = attn.cross_entropy ins(%x, %t : tensor<f32>, tensor<i32>) outs(%e : tensor<f32>)
  return
}

// -----

// S14: one target per row
func.func @rows(%x: tensor<4x8xf32>, %t: tensor<5xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{operand 1 has extent 5 along dimension 0, expected 4}}
  %r = attn.cross_entropy ins(%x, %t : tensor<4x8xf32>, tensor<5xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// S10: targets have no class dimension
func.func @target_rank(%x: tensor<4x8xf32>, %t: tensor<4x8xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{operand 1 has rank 2 but a map of 1 results}}
  %r = attn.cross_entropy ins(%x, %t : tensor<4x8xf32>, tensor<4x8xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// cross-entropy: label smoothing is a share
func.func @smoothing(%x: tensor<4x8xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{label_smoothing must be in [0, 1], got 1.5}}
  %r = attn.cross_entropy label_smoothing(1.5) ins(%x, %t : tensor<4x8xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// cross-entropy: and no NaN
func.func @smoothing_nan(%x: tensor<4x8xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{label_smoothing must be in [0, 1]}}
  %r = attn.cross_entropy label_smoothing(0x7FC00000) ins(%x, %t : tensor<4x8xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// cross-entropy: the z-loss is a penalty
func.func @z_loss(%x: tensor<4x8xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{z_loss must be finite and not negative, got -1.0}}
  %r = attn.cross_entropy z_loss(-1.0) ins(%x, %t : tensor<4x8xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// cross-entropy: a reduced loss has rank 0
func.func @reduced_rank(%x: tensor<4x8xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{operand 2 has rank 1 but a map of 0 results}}
  %r = attn.cross_entropy reduction(mean) ins(%x, %t : tensor<4x8xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// cross-entropy: a reduction that does not exist
func.func @reduction(%x: tensor<4x8xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{'max' is no value of 'reduction'}}
  %r = attn.cross_entropy reduction(max) ins(%x, %t : tensor<4x8xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// S12: the loss has the compute type
func.func @loss_type(%x: tensor<4x8xbf16>, %t: tensor<4xi32>, %e: tensor<4xbf16>) {
  // expected-error @below {{loss must have element type 'f32', got 'bf16'}}
  %r = attn.cross_entropy ins(%x, %t : tensor<4x8xbf16>, tensor<4xi32>) outs(%e : tensor<4xbf16>)
  return
}

// -----

// destination: the LSE is named
func.func @lse(%x: tensor<4x8xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{needs 1 output, got 2}}
  %r:2 = attn.cross_entropy ins(%x, %t : tensor<4x8xf32>, tensor<4xi32>) outs(%e, %l : tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// cross-entropy: ignore_index is an integer
func.func @ignore_index(%x: tensor<4x8xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{expected integer value}}
  %r = attn.cross_entropy ignore_index(1.0) ins(%x, %t : tensor<4x8xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

// maps: the classes are the last dimension
func.func @logits_map(%x: tensor<8x4xf32>, %t: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{the logits' map must be the identity}}
  %r = attn.cross_entropy ins(%x, %t : tensor<8x4xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>) maps [
      affine_map<(r, c) -> (c, r)>,
      affine_map<(r, c) -> (r)>,
      affine_map<(r, c) -> (r)>]
  return
}

// -----

// maps: a target is one per row
func.func @target_map(%x: tensor<4x8xf32>, %t: tensor<8xi32>, %e: tensor<4xf32>) {
  // expected-error @below {{target must vary along every dimension but the classes}}
  %r = attn.cross_entropy ins(%x, %t : tensor<4x8xf32>, tensor<8xi32>) outs(%e : tensor<4xf32>) maps [
      affine_map<(r, c) -> (r, c)>,
      affine_map<(r, c) -> (c)>,
      affine_map<(r, c) -> (r)>]
  return
}
