// What attn.attention refuses of causal, window and alignment.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// S1: causal with lengths that may differ needs an alignment
func.func @causal_dynamic(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x8xf32>, %o: tensor<?x8xf32>) {
  // expected-error @below {{query length ? and key length ? may differ, so the alignment must be given}}
  %r = attn.attention causal ins(%q, %k, %v : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) outs(%o : tensor<?x8xf32>)
  return
}

// -----

// S1: causal with lengths that differ needs an alignment
func.func @causal_differs(%q: tensor<4x8xf32>, %k: tensor<6x8xf32>, %v: tensor<6x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{query length 4 and key length 6 may differ}}
  %r = attn.attention causal ins(%q, %k, %v : tensor<4x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: one unknown length is enough
func.func @causal_one_dynamic(%q: tensor<4x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{query length 4 and key length ? may differ}}
  %r = attn.attention causal ins(%q, %k, %v : tensor<4x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: a window is placed by the alignment as well
func.func @window_without_alignment(%q: tensor<4x8xf32>, %k: tensor<6x8xf32>, %v: tensor<6x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{query length 4 and key length 6 may differ}}
  %r = attn.attention window(2, 0) ins(%q, %k, %v : tensor<4x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: ALiBi is placed by the alignment as well
func.func @alibi_without_alignment(%q: tensor<4x8xf32>, %k: tensor<6x8xf32>, %v: tensor<6x8xf32>, %a: tensor<f32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{query length 4 and key length 6 may differ}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<6x8xf32>, tensor<6x8xf32>) alibi(%a : tensor<f32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: an alignment that places nothing
func.func @alignment_places_nothing(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{no causal mask, window or ALiBi that it would place}}
  %r = attn.attention align(top_left) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: an alignment that does not exist
func.func @unknown_alignment(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{expected 'top_left', 'bottom_right' or an index value}}
  %r = attn.attention causal(middle) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: causal and align both give one
func.func @alignment_twice(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{the alignment is given twice}}
  %r = attn.attention causal(top_left) align(bottom_right) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: align without an alignment
func.func @align_without_value(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{expected 'top_left', 'bottom_right' or an index value}}
  %r = attn.attention causal align() ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: an offset is an index
// expected-note @below {{prior use here}}
func.func @offset_of_wrong_type(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %off: i32) {
  // expected-error @below {{expects different type than prior uses: 'index' vs 'i32'}}
  %r = attn.attention causal(%off) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S1: the alignment 'offset' needs a value
func.func @offset_without_value(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{alignment 'offset' and an offset value go together}}
  %r = attn.attention causal ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {alignment = #attn<alignment offset>}
  return
}

// -----

// S11: a window bound counts keys
func.func @window_negative(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{the window's left bound must not be negative, got -1}}
  %r = attn.attention window(-1, 0) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S11: and so does the other
func.func @window_negative_right(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{the window's right bound must not be negative, got -3}}
  %r = attn.attention window(*, -3) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S11: a window without any bound
func.func @window_without_bound(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{a window without any bound is no window}}
  %r = attn.attention window(*, *) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S11: a window has two bounds
func.func @window_one_bound(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{expected ','}}
  %r = attn.attention window(4) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// maps: clauses speak of the common layout
func.func @clauses_with_maps(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{clauses are defined for the layout without maps}}
  %r = attn.attention causal ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>, affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>, affine_map<(m, n, k, v) -> (m, v)>]
  return
}

// -----

// at: clauses speak of the whole op
func.func @clauses_with_at(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{clauses speak of the whole op and cannot be combined with 'at'}}
  %r = attn.attention causal ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) at[0, 4, 0, 0] outs(%o : tensor<4x8xf32>)
  return
}
