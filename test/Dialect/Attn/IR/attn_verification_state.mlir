// What online_attention, finalize, merge and pack refuse.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// destination: a state is acc, m and l
func.func @online_outputs(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %a: tensor<4x8xf32>, %m: tensor<4xf32>) {
  // expected-error @below {{needs 3 outputs, got 2}}
  %r:2 = attn.online_attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%a, %m : tensor<4x8xf32>, tensor<4xf32>)
  return
}

// -----

// S12: acc has the compute type
func.func @online_accumulator(%q: tensor<4x8xf16>, %k: tensor<4x8xf16>, %v: tensor<4x8xf16>, %a: tensor<4x8xf16>, %m: tensor<4xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{acc must have element type 'f32', got 'f16'}}
  %r:3 = attn.online_attention ins(%q, %k, %v : tensor<4x8xf16>, tensor<4x8xf16>, tensor<4x8xf16>) outs(%a, %m, %l : tensor<4x8xf16>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// S6: groups of heads
func.func @online_heads(%q: tensor<4x4x8xf32>, %k: tensor<3x4x8xf32>, %v: tensor<3x4x8xf32>, %a: tensor<4x4x8xf32>, %m: tensor<4x4xf32>, %l: tensor<4x4xf32>) {
  // expected-error @below {{the 4 query heads are no positive multiple of the 3 key heads}}
  %r:3 = attn.online_attention ins(%q, %k, %v : tensor<4x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>) outs(%a, %m, %l : tensor<4x4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>)
  return
}

// -----

// S14: acc has rows and columns
func.func @finalize_rank(%a: tensor<4xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{acc must have a rank of at least 2, got 1}}
  %r = attn.finalize ins(%a, %m, %l : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S12: one compute type
func.func @finalize_state_type(%a: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf16>, %e: tensor<4x8xf32>) {
  // expected-error @below {{the softmax state must have element type 'f32', got 'f16'}}
  %r = attn.finalize ins(%a, %m, %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf16>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S12: a state is not kept in half precision
func.func @finalize_half_state(%a: tensor<4x8xbf16>, %m: tensor<4xbf16>, %l: tensor<4xbf16>, %e: tensor<4x8xf32>) {
  // expected-error @below {{the softmax state must have element type 'f32', got 'bf16'}}
  %r = attn.finalize ins(%a, %m, %l : tensor<4x8xbf16>, tensor<4xbf16>, tensor<4xbf16>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S14: one maximum per row
func.func @finalize_rows(%a: tensor<4x8xf32>, %m: tensor<8xf32>, %l: tensor<4xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{operand 1 has extent 8 along dimension 0, expected 4}}
  %r = attn.finalize ins(%a, %m, %l : tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// S12: the result is a float
func.func @finalize_result_type(%a: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>, %e: tensor<4x8xi32>) {
  // expected-error @below {{the result must have element type f16, bf16, f32 or f64, got 'i32'}}
  %r = attn.finalize ins(%a, %m, %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4x8xi32>)
  return
}

// -----

// S12: the LSE has the compute type
func.func @finalize_lse_type(%a: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>, %e: tensor<4x8xf32>, %s: tensor<4xf64>) {
  // expected-error @below {{lse must have element type 'f32', got 'f64'}}
  %r:2 = attn.finalize ins(%a, %m, %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) outs(%e, lse %s : tensor<4x8xf32>, tensor<4xf64>)
  return
}

// -----

// S5: one sink per head
func.func @finalize_sink(%a: tensor<2x4x8xf32>, %m: tensor<2x4xf32>, %l: tensor<2x4xf32>, %s: tensor<3xf32>, %e: tensor<2x4x8xf32>) {
  // expected-error @below {{operand 3 has extent 3 along dimension 0, expected 2}}
  %r = attn.finalize ins(%a, %m, %l : tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4xf32>) sink(%s : tensor<3xf32>) outs(%e : tensor<2x4x8xf32>)
  return
}

// -----

// S15: a state has two or three parts
func.func @merge_arity(%m: tensor<2x4xf32>, %n: tensor<4xf32>) {
  // expected-error @below {{takes a state (acc, m, l) or (m, l), got 1 operands}}
  %r = attn.merge ins(%m : tensor<2x4xf32>) outs(%n : tensor<4xf32>)
  return
}

// -----

// destination: outputs are a state as well
func.func @merge_outputs(%m: tensor<2x4xf32>, %l: tensor<2x4xf32>, %a: tensor<4xf32>, %n: tensor<4xf32>, %p: tensor<4xf32>) {
  // expected-error @below {{needs 2 outputs, got 3}}
  %r:3 = attn.merge ins(%m, %l : tensor<2x4xf32>, tensor<2x4xf32>) outs(%a, %n, %p : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// S15: states have one more dimension
func.func @merge_rank(%m: tensor<4xf32>, %l: tensor<4xf32>, %n: tensor<4xf32>, %p: tensor<4xf32>) {
  // expected-error @below {{the states have one leading dimension more than the outputs, got ranks 1 and 1}}
  %r:2 = attn.merge ins(%m, %l : tensor<4xf32>, tensor<4xf32>) outs(%n, %p : tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// S15: as many maxima as sums
func.func @merge_splits(%m: tensor<2x4xf32>, %l: tensor<3x4xf32>, %n: tensor<4xf32>, %p: tensor<4xf32>) {
  // expected-error @below {{operand 1 has extent 3 along dimension 0, expected 2}}
  %r:2 = attn.merge ins(%m, %l : tensor<2x4xf32>, tensor<3x4xf32>) outs(%n, %p : tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// S12: one compute type
func.func @merge_type(%m: tensor<2x4xf32>, %l: tensor<2x4xf64>, %n: tensor<4xf32>, %p: tensor<4xf32>) {
  // expected-error @below {{the softmax state must have element type 'f32', got 'f64'}}
  %r:2 = attn.merge ins(%m, %l : tensor<2x4xf32>, tensor<2x4xf64>) outs(%n, %p : tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// S14: packs a tile
func.func @pack_rank(%q: tensor<4x8xf32>, %e: tensor<8xf32>) {
  // expected-error @below {{permutes the dimensions of a tile of rank 1 or 2}}
  %r = attn.pack ins(%q : tensor<4x8xf32>) outs(%e : tensor<8xf32>)
  return
}

// -----

// S14: of a tile
func.func @pack_source(%q: tensor<1x4x8xf32>, %e: tensor<8x4xf32>) {
  // expected-error @below {{permutes the dimensions of a tile of rank 1 or 2}}
  %r = attn.pack ins(%q : tensor<1x4x8xf32>) outs(%e : tensor<8x4xf32>)
  return
}

// -----

// S12: into the source's type or the compute type
func.func @pack_type(%q: tensor<4x8xbf16>, %e: tensor<8x4xf16>) {
  // expected-error @below {{the packed tile must have element type 'bf16' or 'f32', got 'f16'}}
  %r = attn.pack ins(%q : tensor<4x8xbf16>) outs(%e : tensor<8x4xf16>)
  return
}

// -----

// S14: a query is packed whole
func.func @pack_depth(%q: tensor<4x8xf32>, %e: tensor<16x4xf32>) {
  // expected-error @below {{the packed tile has extent 16 for 8 elements of a row}}
  %r = attn.pack ins(%q : tensor<4x8xf32>) outs(%e : tensor<16x4xf32>)
  return
}

// -----

// S14: a tile has room for every query
func.func @pack_queries(%q: tensor<4x8xf32>, %e: tensor<8x2xf32>) {
  // expected-error @below {{the packed tile has extent 2 for 4 rows}}
  %r = attn.pack ins(%q : tensor<4x8xf32>) outs(%e : tensor<8x2xf32>)
  return
}

// -----

// maps: one map per mapped operand
func.func @pack_maps(%q: tensor<4x8xf32>, %e: tensor<8x4xf32>) {
  // expected-error @below {{got 1 maps for 2 operands}}
  %r = attn.pack ins(%q : tensor<4x8xf32>) outs(%e : tensor<8x4xf32>) maps [affine_map<(k, m) -> (m, k)>]
  return
}
