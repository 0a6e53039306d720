// What the ops refuse of explicit indexing maps.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// maps: one map per mapped operand
func.func @map_count(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{got 3 maps for 4 operands}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>]
  return
}

// -----

// maps: an empty list of maps
func.func @no_maps(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{got 0 maps}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps []
  return
}

// -----

// maps: affine maps only
func.func @not_maps(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{failed to satisfy constraint: AffineMap array attribute}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [1, 2, 3, 4]
  return
}

// -----

// maps: one domain
func.func @dim_count(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{maps differ in their number of dimensions}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>, affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>, affine_map<(m, v) -> (m, v)>]
  return
}

// -----

// maps: no symbols
func.func @symbols(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{map 3 must have 4 dimensions and no symbols, got 4 and 1}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v)[s] -> (m, v)>]
  return
}

// -----

// maps: no sums of dimensions
func.func @sum(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{has an illegal result}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m + n, v)>]
  return
}

// -----

// maps: a domain without dimensions
func.func @no_domain(%q: tensor<f32>, %k: tensor<f32>, %v: tensor<f32>, %o: tensor<f32>) {
  // expected-error @below {{must have at least one row dimension}}
  %r = attn.attention ins(%q, %k, %v : tensor<f32>, tensor<f32>, tensor<f32>) outs(%o : tensor<f32>) maps [
      affine_map<() -> ()>,
      affine_map<() -> ()>,
      affine_map<() -> ()>,
      affine_map<() -> ()>]
  return
}

// -----

// maps: a row dimension
func.func @no_row(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{must have at least one row dimension}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(n, k, v) -> (n, k)>,
      affine_map<(n, k, v) -> (n, k)>,
      affine_map<(n, k, v) -> (n, v)>,
      affine_map<(n, k, v) -> (n, v)>]
  return
}

// -----

// maps: the key dimension is in K and V
func.func @key_in_one(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{must have at least one row dimension}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m, v)>]
  return
}

// -----

// maps: a dimension is used once per operand
func.func @dimension_twice(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{map 3 uses a dimension twice}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m, m)>]
  return
}

// -----

// maps: 0 is the only constant
func.func @constant_one(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{has an illegal result}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m, 1)>]
  return
}

// -----

// maps: a group has more than one head
func.func @group_of_one(%q: tensor<2x4x8xf32>, %k: tensor<2x4x8xf32>, %v: tensor<2x4x8xf32>, %o: tensor<2x4x8xf32>) {
  // expected-error @below {{has an illegal result}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) outs(%o : tensor<2x4x8xf32>) maps [
      affine_map<(h, m, n, k, v) -> (h, m, k)>,
      affine_map<(h, m, n, k, v) -> (h floordiv 1, n, k)>,
      affine_map<(h, m, n, k, v) -> (h mod 2, n, v)>,
      affine_map<(h, m, n, k, v) -> (h, m, v)>]
  return
}

// -----

// S6: as many KV heads as groups
func.func @group_size(%q: tensor<4x4x8xf32>, %k: tensor<3x4x8xf32>, %v: tensor<3x4x8xf32>, %o: tensor<4x4x8xf32>) {
  // expected-error @below {{operand 1 has 3 heads along dimension 0, expected 2 for 4 query heads in groups of 2}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>) outs(%o : tensor<4x4x8xf32>) maps [
      affine_map<(h, m, n, k, v) -> (h, m, k)>,
      affine_map<(h, m, n, k, v) -> (h floordiv 2, n, k)>,
      affine_map<(h, m, n, k, v) -> (h floordiv 2, n, v)>,
      affine_map<(h, m, n, k, v) -> (h, m, v)>]
  return
}

// -----

// S10: a broadcast dimension has extent 1
func.func @broadcast_extent(%q: tensor<2x4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 0 is broadcast along dimension 0, so its extent must be 1, got 2}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (0, m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m, v)>]
  return
}

// -----

// S10: outputs are not broadcast
func.func @broadcast_output(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<1x4x8xf32>) {
  // expected-error @below {{output 3 cannot be broadcast}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<1x4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (0, m, v)>]
  return
}

// -----

// S6: outputs are not grouped
func.func @grouped_output(%q: tensor<4x4x8xf32>, %k: tensor<4x4x8xf32>, %v: tensor<4x4x8xf32>, %o: tensor<2x4x8xf32>) {
  // expected-error @below {{output 3 cannot have a grouped dimension}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x4x8xf32>, tensor<4x4x8xf32>, tensor<4x4x8xf32>) outs(%o : tensor<2x4x8xf32>) maps [
      affine_map<(h, m, n, k, v) -> (h, m, k)>,
      affine_map<(h, m, n, k, v) -> (h, n, k)>,
      affine_map<(h, m, n, k, v) -> (h, n, v)>,
      affine_map<(h, m, n, k, v) -> (h floordiv 2, m, v)>]
  return
}

// -----

// S10: maps have the operand's rank
func.func @map_rank(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 0 has rank 2 but a map of 3 results}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k, 0)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m, v)>]
  return
}

// -----

// maps: the output has no key dimension
func.func @output_along_keys(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{the result must vary along the batch, row and V head dimensions and no other}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (n, v)>]
  return
}

// -----

// maps: the LSE has no V head dimension
func.func @lse_along_value(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %l: tensor<8xf32>) {
  // expected-error @below {{lse must vary along the batch and row dimensions and no other}}
  %r:2 = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o, lse %l : tensor<4x8xf32>, tensor<8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m, v)>,
      affine_map<(m, n, k, v) -> (v)>]
  return
}

// -----

// maps: the input of a softmax is in place
func.func @softmax_transposed(%x: tensor<4x4xf32>, %e: tensor<4x4xf32>) {
  // expected-error @below {{the input's map must be the identity}}
  %r = attn.softmax dimension(0) ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) maps [
      affine_map<(i, j) -> (j, i)>,
      affine_map<(i, j) -> (i, j)>]
  return
}

// -----

// maps: the LSE of a softmax has no softmax dimension
func.func @softmax_lse(%x: tensor<4x4xf32>, %e: tensor<4x4xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{lse must vary along every dimension but the normalised one}}
  %r:2 = attn.softmax dimension(1) ins(%x : tensor<4x4xf32>) outs(%e, lse %l : tensor<4x4xf32>, tensor<4xf32>) maps [
      affine_map<(i, j) -> (i, j)>,
      affine_map<(i, j) -> (i, j)>,
      affine_map<(i, j) -> (j)>]
  return
}

// -----

// maps: only captures are taken whole
func.func @finalize_whole(%a: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{operand 1 has rank 1 but a map of 0 results}}
  %r = attn.finalize ins(%a, %m, %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) maps [
      affine_map<(i, j) -> (i, j)>,
      affine_map<(i, j) -> ()>,
      affine_map<(i, j) -> (i)>,
      affine_map<(i, j) -> (i, j)>]
  return
}

// -----

// maps: maximum and sum are per row
func.func @finalize_along_value(%a: tensor<8x8xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>, %e: tensor<8x8xf32>) {
  // expected-error @below {{max and sum must vary along the same dimensions}}
  %r = attn.finalize ins(%a, %m, %l : tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) maps [
      affine_map<(i, j) -> (i, j)>,
      affine_map<(i, j) -> (i)>,
      affine_map<(i, j) -> (j)>,
      affine_map<(i, j) -> (i, j)>]
  return
}

// -----

// maps: states merge along the same dimensions
func.func @merge_outputs(%a: tensor<3x3x3xf32>, %m: tensor<3x3xf32>, %l: tensor<3x3xf32>, %b: tensor<3x3xf32>, %n: tensor<3xf32>, %p: tensor<3xf32>) {
  // expected-error @below {{the merged dimensions of states and outputs differ}}
  %r:3 = attn.merge ins(%a, %m, %l : tensor<3x3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>) outs(%b, %n, %p : tensor<3x3xf32>, tensor<3xf32>, tensor<3xf32>) maps [
      affine_map<(s, i, j) -> (s, i, j)>,
      affine_map<(s, i, j) -> (s, i)>,
      affine_map<(s, i, j) -> (s, i)>,
      affine_map<(s, i, j) -> (s, i)>,
      affine_map<(s, i, j) -> (i)>,
      affine_map<(s, i, j) -> (i)>]
  return
}
