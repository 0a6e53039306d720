// What attn.attention refuses of scale, softcap, bias, keep, alibi and sink.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// S2: softcap is positive
func.func @softcap_negative(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{softcap must be positive and finite, got -1.0}}
  %r = attn.attention softcap(-1.0) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S2: softcap divides
func.func @softcap_zero(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{softcap must be positive and finite, got 0.0}}
  %r = attn.attention softcap(0.0) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S2: softcap is finite
func.func @softcap_infinite(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{softcap must be positive and finite}}
  %r = attn.attention softcap(0x7F800000) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S2: the order of a score region and a bias is not defined
func.func @softcap_and_region(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %b: tensor<4x4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{has a score region and softcap, alibi or bias}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) bias(%b : tensor<4x4xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// S4: one scale
func.func @scale_twice(%c: f32, %q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{has a scale attribute and a scale operand}}
  %r = attn.attention scale(%c : f32) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {scale = 1.0 : f32}
  return
}

// -----

// S4: a scale is finite
func.func @scale_infinite(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{scale must be finite}}
  %r = attn.attention scale(0x7F800000) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S4: a scale is f32 or f64
func.func @scale_of_wrong_type(%c: f16, %q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{must be 32-bit float or 64-bit float}}
  %r = attn.attention scale(%c : f16) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S2: softcap is a constant
func.func @softcap_value(%c: f32, %q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{'softcap' takes a number, not a value}}
  %r = attn.attention softcap(%c : f32) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S10: a bias has at most the score's rank
func.func @bias_rank(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %b: tensor<1x4x4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{bias has rank 3, at most 2 align with (batch..., query, key)}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) bias(%b : tensor<1x4x4xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S10: a bias broadcasts from extent 1 only
func.func @bias_extent(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %b: tensor<2x4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{bias has extent 2 along dimension 0, expected 4 or 1}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) bias(%b : tensor<2x4xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S12: a bias is a float
func.func @bias_type(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %b: tensor<4x4xi32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{bias must have element type f16, bf16, f32 or f64, got 'i32'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) bias(%b : tensor<4x4xi32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S9: keep is boolean
func.func @keep_type(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %b: tensor<4x4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{keep must have element type 'i1', got 'f32'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) keep(%b : tensor<4x4xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S10: keep broadcasts from extent 1 only
func.func @keep_extent(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %b: tensor<1x3xi1>, %o: tensor<4x8xf32>) {
  // expected-error @below {{keep has extent 3 along dimension 1, expected 4 or 1}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) keep(%b : tensor<1x3xi1>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S9: one keep
func.func @keep_twice(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %a: tensor<4x4xi1>, %b: tensor<4x4xi1>, %o: tensor<4x8xf32>) {
  // expected-error @below {{'keep' takes one operand, got 2}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) keep(%a, %b : tensor<4x4xi1>, tensor<4x4xi1>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S10: ALiBi has one slope per head
func.func @alibi_rank(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %a: tensor<4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{alibi has rank 1, at most 0 align with (batch...)}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) alibi(%a : tensor<4xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S10: as many slopes as heads
func.func @alibi_extent(%q: tensor<2x8x4x8xf32>, %k: tensor<2x2x4x8xf32>, %v: tensor<2x2x4x8xf32>, %a: tensor<3xf32>, %o: tensor<2x8x4x8xf32>) {
  // expected-error @below {{alibi has extent 3 along dimension 0, expected 8 or 1}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x8x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>) alibi(%a : tensor<3xf32>) outs(%o : tensor<2x8x4x8xf32>)
  return
}

// -----

// S5: one sink per head
func.func @sink_extent(%q: tensor<2x8x4x8xf32>, %k: tensor<2x8x4x8xf32>, %v: tensor<2x8x4x8xf32>, %s: tensor<4xf32>, %o: tensor<2x8x4x8xf32>) {
  // expected-error @below {{operand 3 has extent 4 along dimension 0, expected 8}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>) sink(%s : tensor<4xf32>) outs(%o : tensor<2x8x4x8xf32>)
  return
}

// -----

// S5: a sink without heads is a scalar
func.func @sink_rank(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %s: tensor<4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 3 has rank 1 but a map of 0 results}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) sink(%s : tensor<4xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S5: a sink is a logit
func.func @sink_type(%q: tensor<2x8x4x8xf32>, %k: tensor<2x8x4x8xf32>, %v: tensor<2x8x4x8xf32>, %s: tensor<8xi8>, %o: tensor<2x8x4x8xf32>) {
  // expected-error @below {{sink must have element type f16, bf16, f32 or f64, got 'i8'}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>) sink(%s : tensor<8xi8>) outs(%o : tensor<2x8x4x8xf32>)
  return
}

// -----

// S5: a sink cannot vary along the query
func.func @sink_along_query(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %s: tensor<4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{a sink is one logit per head and cannot vary along query, key or head dim}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) sink(%s : tensor<4xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>, affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>, affine_map<(m, n, k, v) -> (m)>,
      affine_map<(m, n, k, v) -> (m, v)>]
  return
}
