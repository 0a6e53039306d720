// What the ops refuse of score and mask regions, captures, `partial` and `at`.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// S12: scores are of the compute type
func.func @score_argument(%q: tensor<4x8xf16>, %k: tensor<4x8xf16>, %v: tensor<4x8xf16>, %o: tensor<4x8xf16>) {
  // expected-error @below {{the score argument must have the compute type 'f32', got 'f16'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf16>, tensor<4x8xf16>, tensor<4x8xf16>) outs(%o : tensor<4x8xf16>) score {
  ^bb0(%s: f16):
    attn.yield %s : f16
  }
  return
}

// -----

// S12: and so is what the region yields
func.func @score_result(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32):
    %t = arith.extf %s : f32 to f64
    // expected-error @below {{yields 'f64', expected 'f32' in the score region}}
    attn.yield %t : f64
  }
  return
}

// -----

// S9: a mask is boolean
func.func @mask_result(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) mask {
    %i = attn.index 0 : index
    // expected-error @below {{yields 'index', expected 'i1' in the mask region}}
    attn.yield %i : index
  }
  return
}

// -----

// regions: the score is an argument
func.func @score_without_argument(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %x: f32) {
  // expected-error @below {{the score region must have 1 arguments, got 0}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) score {
    attn.yield %x : f32
  }
  return
}

// -----

// regions: a mask does not see the score
func.func @mask_with_score(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %x: i1) {
  // expected-error @below {{the mask region must have 0 arguments, got 1}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) mask {
  ^bb0(%s: f32):
    attn.yield %x : i1
  }
  return
}

// -----

// regions: one argument per capture
func.func @capture_count(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: f32, %o: tensor<4x8xf32>) {
  // expected-error @below {{the score region must have 2 arguments, got 1}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : f32) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// regions: an argument has its capture's type
func.func @capture_type(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: f32, %o: tensor<4x8xf32>) {
  // expected-error @below {{capture 0 of type 'f32' cannot be the argument of type 'i32' in the score region}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : f32) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %x: i32):
    attn.yield %s : f32
  }
  return
}

// -----

// regions: or its element type
func.func @capture_element(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<4x4xf16>, %o: tensor<4x8xf32>) {
  // expected-error @below {{capture 0 of type 'tensor<4x4xf16>' cannot be the argument of type 'f32'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<4x4xf16>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %x: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// S10: a capture read by element aligns with (batch..., query, key)
func.func @capture_rank(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<1x4x4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 3 has rank 3 but a map of 2 results}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<1x4x4xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %x: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// S10: and broadcasts from extent 1 only
func.func @capture_extent(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<4x3xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 3 has extent 3 along dimension 1, expected 4}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<4x3xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %x: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// regions: captures are scalars or ranked
func.func @capture_unranked(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<*xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{must be variadic of}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<*xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %x: tensor<*xf32>):
    attn.yield %s : f32
  }
  return
}

// -----

// regions: a vector is no capture
func.func @capture_vector(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: vector<4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{must be variadic of}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : vector<4xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %x: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// regions: a capture is read in one way
func.func @capture_both_ways(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<4x4xf32>, %o: tensor<4x8xf32>, %b: i1) {
  // expected-error @below {{is taken whole by one region and by element by the other}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<4x4xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %x: f32):
    attn.yield %s : f32
  } mask {
  ^bb0(%x: tensor<4x4xf32>):
    attn.yield %b : i1
  }
  return
}

// -----

// maps: a whole capture has no position
func.func @capture_whole_with_map(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<4x4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{capture 0 is taken whole, so its map must have no results}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<4x4xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (m, n)>,
      affine_map<(m, n, k, v) -> (m, v)>] score {
  ^bb0(%s: f32, %x: tensor<4x4xf32>):
    attn.yield %s : f32
  }
  return
}

// -----

// maps: a capture read by element has a position
func.func @capture_element_without_map(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<4x4xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{capture 0 is read by element, so its map must have 2 results, got 0}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<4x4xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> ()>,
      affine_map<(m, n, k, v) -> (m, v)>] score {
  ^bb0(%s: f32, %x: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// maps: a score does not vary along a head dim
func.func @capture_along_head_dim(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: tensor<8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{capture 0 cannot vary along a head dimension}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : tensor<8xf32>) outs(%o : tensor<4x8xf32>) maps [
      affine_map<(m, n, k, v) -> (m, k)>,
      affine_map<(m, n, k, v) -> (n, k)>,
      affine_map<(m, n, k, v) -> (n, v)>,
      affine_map<(m, n, k, v) -> (k)>,
      affine_map<(m, n, k, v) -> (m, v)>] score {
  ^bb0(%s: f32, %x: f32):
    attn.yield %s : f32
  }
  return
}

// -----

// regions: captures are read by a region
func.func @captures_unread(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %c: f32, %o: tensor<4x8xf32>) {
  // expected-error @below {{has 1 captures but no region to read them}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%c : f32) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// regions: no side effects
func.func @side_effect(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %b: memref<f32>) {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32):
    // expected-error @below {{'memref.store' has side effects and cannot be part of the score region}}
    memref.store %s, %b[] : memref<f32>
    attn.yield %s : f32
  }
  return
}

// -----

// regions: no call of what may have side effects
func.func private @f(f32) -> f32
func.func @call(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) score {
  ^bb0(%s: f32):
    // expected-error @below {{'func.call' has side effects and cannot be part of the score region}}
    %t = func.call @f(%s) : (f32) -> f32
    attn.yield %t : f32
  }
  return
}

// -----

// regions: a region ends in attn.yield
func.func @wrong_terminator(%q: tensor<4x8xf32>) {
  // expected-error @below {{the score region must end in attn.yield}}
  %r = "attn.attention"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> ({
  ^bb0(%s: f32):
    llvm.unreachable
  }, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// regions: one block
func.func @several_blocks(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %b: i1) {
  // expected-error @below {{the mask region must have one block}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) mask {
    cf.br ^bb1
  ^bb1:
    attn.yield %b : i1
  }
  return
}

// -----

// regions: 'partial' switches a mask
func.func @partial_without_mask(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %a: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>, %p: i1) {
  // expected-error @below {{has 'partial' but no mask region that it would switch}}
  %r:3 = attn.online_attention partial(%p) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%a, %m, %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// at: one index per dimension
func.func @at_count(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %a: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{'at' must have one index per dimension of the domain: got 2, expected 4}}
  %r:3 = attn.online_attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) at[0, 4] outs(%a, %m, %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}
