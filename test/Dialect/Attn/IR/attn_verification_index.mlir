// What attn.index and attn.yield refuse.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// regions: attn.index outside a region
func.func @index_outside() {
  // expected-error @below {{is legal inside a score or mask region only}}
  %i = attn.index 0 : index
  return
}

// -----

// regions: a dimension that the domain does not have
func.func @index_out_of_range(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %b: i1) {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) mask {
    // expected-error @below {{dimension 4 does not exist in a domain of 4 dimensions}}
    %i = attn.index 4 : index
    attn.yield %b : i1
  }
  return
}

// -----

// regions: a score has no position along a head dim
func.func @index_head_dim(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %b: i1) {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) mask {
    // expected-error @below {{a score has no position along dimension 2, a head dimension}}
    %i = attn.index 2 : index
    attn.yield %b : i1
  }
  return
}

// -----

// regions: a negative dimension
func.func @index_negative(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %b: i1) {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) mask {
    // expected-error @below {{whose value is non-negative}}
    %i = attn.index -1 : index
    attn.yield %b : i1
  }
  return
}

// -----

// regions: the domain of a softmax is its input's
func.func @index_softmax(%x: tensor<4x4xf32>, %e: tensor<4x4xf32>, %b: i1) {
  %r = attn.softmax dimension(1) ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) mask {
    // expected-error @below {{dimension 2 does not exist in a domain of 2 dimensions}}
    %i = attn.index 2 : index
    attn.yield %b : i1
  }
  return
}

// -----

// regions: also inside a nested region
func.func @index_nested(%x: tensor<4x4xf32>, %e: tensor<4x4xf32>, %b: i1, %n: index) {
  %r = attn.softmax dimension(1) ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) mask {
    %t = scf.if %b -> index {
      // expected-error @below {{dimension 9 does not exist}}
      %i = attn.index 9 : index
      scf.yield %i : index
    } else {
      scf.yield %n : index
    }
    attn.yield %b : i1
  }
  return
}

// -----

// regions: attn.yield outside a region
func.func @yield_outside(%x: f32) {
  scf.execute_region {
    // expected-error @below {{expects parent op to be one of}}
    attn.yield %x : f32
  }
  return
}
