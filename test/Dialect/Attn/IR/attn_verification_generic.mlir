// What the verifier refuses of the generic form, whose structure no parser guards.
// RUN: fovea-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// generic: segments cover the operands
func.func @segment_sum(%q: tensor<4x8xf32>) {
  // expected-error @below {{operand count (4) does not match with the total size (3) specified in attribute 'operandSegmentSizes'}}
  %r = "attn.attention"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0>}> ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// generic: a segment has no negative size
func.func @segment_negative(%q: tensor<4x8xf32>) {
  // expected-error @below {{'operandSegmentSizes' attribute cannot have negative elements}}
  %r = "attn.attention"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, -1, 1, 0, 0, 0, 0, 0, 0, 1>}> ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// generic: one segment per operand group
func.func @segment_count(%q: tensor<4x8xf32>) {
  // expected-error @below {{size mismatch in attribute conversion: 3 vs 12}}
  %r = "attn.attention"(%q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1>}> ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// generic: segments are needed
func.func @no_segments(%q: tensor<4x8xf32>) {
  // expected-error @below {{operandSegmentSizes}}
  %r = "attn.attention"(%q, %q, %q, %q) ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// generic: an optional operand is one
func.func @two_sinks(%q: tensor<4x8xf32>) {
  // expected-error @below {{operand group starting at #3 requires 0 or 1 element, but found 2}}
  %r = "attn.attention"(%q, %q, %q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 2, 0, 0, 0, 0, 0, 0, 1>}> ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// generic: two regions, empty or not
func.func @no_regions(%q: tensor<4x8xf32>) {
  // expected-error @below {{region}}
  %r = "attn.attention"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// destination: a result per output
func.func @no_results(%q: tensor<4x8xf32>) {
  // expected-error @below {{has 0 results, expected 1}}
  "attn.attention"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> ()
  return
}

// -----

// destination: a result has its output's type
func.func @result_type(%q: tensor<4x8xf32>) {
  // expected-error @below {{expected type of operand #3}}
  %r = "attn.attention"(%q, %q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1>}> ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x4xf32>
  return
}

// -----

// destination: memrefs give no results
func.func @memref_with_result(%m: memref<2x4xf32>, %n: memref<4xf32>) {
  // expected-error @below {{has 1 results, expected 0}}
  %r = "attn.merge"(%m, %m, %n, %n) <{operandSegmentSizes = array<i32: 2, 2>}> : (memref<2x4xf32>, memref<2x4xf32>, memref<4xf32>, memref<4xf32>) -> tensor<4xf32>
  return
}

// -----

// at: as many operands as dynamic entries
func.func @at_operands(%x: tensor<4xf32>) {
  // expected-error @below {{'at' has 1 dynamic entries but 0 operands}}
  %r = "attn.softmax"(%x, %x) <{dimension = 0 : i64, static_offsets = array<i64: -9223372036854775808>, operandSegmentSizes = array<i32: 1, 0, 0, 1>}> ({}, {}) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// at: operands without a list
func.func @at_without_list(%x: tensor<4xf32>, %i: index) {
  // expected-error @below {{'at' has 0 dynamic entries but 1 operands}}
  %r = "attn.softmax"(%x, %i, %x) <{dimension = 0 : i64, operandSegmentSizes = array<i32: 1, 0, 1, 1>}> ({}, {}) : (tensor<4xf32>, index, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// S1: an offset value without the alignment 'offset'
func.func @offset_without_alignment(%q: tensor<4x8xf32>, %i: index) {
  // expected-error @below {{alignment 'offset' and an offset value go together}}
  %r = "attn.attention"(%q, %q, %q, %i, %q) <{causal, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1>}> ({}, {}) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, index, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// maps: an empty list of maps
func.func @empty_maps(%m: tensor<2x4xf32>, %n: tensor<4xf32>) {
  // expected-error @below {{got 0 maps for 4 operands}}
  %r:2 = "attn.merge"(%m, %m, %n, %n) <{maps = [], operandSegmentSizes = array<i32: 2, 2>}> : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// regions: a block has a terminator
func.func @empty_block(%x: tensor<4xf32>) {
  // expected-error @below {{empty block: expect at least a terminator}}
  %r = "attn.softmax"(%x, %x) <{dimension = 0 : i64, operandSegmentSizes = array<i32: 1, 0, 0, 1>}> ({
  ^bb0(%s: f32):
  }, {}) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// regions: an op that nobody knows may have side effects
func.func @unregistered(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) {
  %r = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) score {
  ^bb0(%s: f32):
    // expected-error @below {{has side effects and cannot be part of the score region}}
    %t = "unknown.op"(%s) : (f32) -> f32
    attn.yield %t : f32
  }
  return
}

// -----

// regions: and ends no region
func.func @unregistered_terminator(%x: tensor<4xf32>) {
  // expected-error @below {{the score region must end in attn.yield}}
  %r = "attn.softmax"(%x, %x) <{dimension = 0 : i64, operandSegmentSizes = array<i32: 1, 0, 0, 1>}> ({
  ^bb0(%s: f32):
    "unknown.end"() : () -> ()
  }, {}) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// S15: a merge of nothing
func.func @no_state() {
  // expected-error @below {{got 0 operands}}
  "attn.merge"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  return
}
