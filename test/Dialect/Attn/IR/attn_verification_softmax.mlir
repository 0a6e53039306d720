// What softmax, online_softmax and normalize refuse.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// S14: a softmax has a dimension
func.func @softmax_no_dimension(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{requires attribute 'dimension'}}
  %r = attn.softmax ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S14: one of the input's
func.func @softmax_dimension(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{dimension 2 is not one of the 2 dimensions of the input}}
  %r = attn.softmax dimension(2) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S14: counted from the front
func.func @softmax_negative_dimension(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{dimension -1 is not one of the 2 dimensions of the input}}
  %r = attn.softmax dimension(-1) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S14: a scalar has no dimension
func.func @softmax_scalar(%x: tensor<f32>, %e: tensor<f32>) {
  // expected-error @below {{dimension 0 is not one of the 0 dimensions of the input}}
  %r = attn.softmax dimension(0) ins(%x : tensor<f32>) outs(%e : tensor<f32>)
  return
}

// -----

// S14: the result has the input's shape
func.func @softmax_extent(%x: tensor<4x8xf32>, %e: tensor<4x9xf32>) {
  // expected-error @below {{operand 1 has extent 9 along dimension 1, expected 8}}
  %r = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x9xf32>)
  return
}

// -----

// S12: floats only
func.func @softmax_integers(%x: tensor<4x8xi32>, %e: tensor<4x8xi32>) {
  // expected-error @below {{the input must have element type f16, bf16, f32 or f64, got 'i32'}}
  %r = attn.softmax dimension(1) ins(%x : tensor<4x8xi32>) outs(%e : tensor<4x8xi32>)
  return
}

// -----

// S12: the result has the input's type or the compute type
func.func @softmax_result_type(%x: tensor<4x8xf16>, %e: tensor<4x8xbf16>) {
  // expected-error @below {{the result must have element type 'f16' or 'f32', got 'bf16'}}
  %r = attn.softmax dimension(1) ins(%x : tensor<4x8xf16>) outs(%e : tensor<4x8xbf16>)
  return
}

// -----

// S3: safe has no meaning for a log-probability
func.func @softmax_safe_log(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{'safe' gives 0 for a row without keys, which is no log-probability}}
  %r = attn.softmax log_prob safe dimension(1) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S12: the LSE has the compute type
func.func @softmax_lse(%x: tensor<4x8xf16>, %e: tensor<4x8xf16>, %l: tensor<4xf16>) {
  // expected-error @below {{lse must have element type 'f32', got 'f16'}}
  %r:2 = attn.softmax dimension(1) ins(%x : tensor<4x8xf16>) outs(%e, lse %l : tensor<4x8xf16>, tensor<4xf16>)
  return
}

// -----

// destination: a softmax has no maximum
func.func @softmax_outputs(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{needs 1 output, got 2}}
  %r:2 = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%e, max %l : tensor<4x8xf32>, tensor<4xf32>)
  return
}

// -----

// destination: one input
func.func @softmax_two_inputs(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{too many operands in 'ins': got 2, expected 1}}
  %r = attn.softmax dimension(1) ins(%x, %y : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// destination: a state is a maximum and a sum
func.func @online_softmax_outputs(%x: tensor<4x8xf32>, %m: tensor<4xf32>) {
  // expected-error @below {{needs 2 outputs, got 1}}
  %r = attn.online_softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%m : tensor<4xf32>)
  return
}

// -----

// S12: the state has the compute type
func.func @online_softmax_state(%x: tensor<4x8xf16>, %m: tensor<4xf32>, %l: tensor<4xf16>) {
  // expected-error @below {{sum must have element type 'f32', got 'f16'}}
  %r:2 = attn.online_softmax dimension(1) ins(%x : tensor<4x8xf16>) outs(%m, %l : tensor<4xf32>, tensor<4xf16>)
  return
}

// -----

// S4: base 2 or e
func.func @online_softmax_base(%x: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{'ten' is no value of 'base'}}
  %r:2 = attn.online_softmax base(ten) dimension(1) ins(%x : tensor<4x8xf32>) outs(%m, %l : tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// S12: normalize reads the compute type
func.func @normalize_state(%x: tensor<4x8xbf16>, %m: tensor<4xbf16>, %l: tensor<4xf32>, %e: tensor<4x8xbf16>) {
  // expected-error @below {{max must have element type 'f32', got 'bf16'}}
  %r = attn.normalize dimension(1) ins(%x, %m, %l : tensor<4x8xbf16>, tensor<4xbf16>, tensor<4xf32>) outs(%e : tensor<4x8xbf16>)
  return
}

// -----

// destination: an input and its state
func.func @normalize_inputs(%x: tensor<4x8xf32>, %m: tensor<4xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{too few operands in 'ins': got 2}}
  %r = attn.normalize dimension(1) ins(%x, %m : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S14: one state per row
func.func @normalize_rows(%x: tensor<4x8xf32>, %m: tensor<8xf32>, %l: tensor<4xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{operand 1 has extent 8 along dimension 0, expected 4}}
  %r = attn.normalize dimension(1) ins(%x, %m, %l : tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S3: safe has no meaning for a log-probability
func.func @normalize_safe(%x: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{'safe' gives 0 for a row without keys}}
  %r = attn.normalize log_prob safe dimension(1) ins(%x, %m, %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>)
  return
}
