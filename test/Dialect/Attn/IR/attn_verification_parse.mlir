// What the parser refuses.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// parse: a clause is given once
func.func @clause_twice(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{clause 'causal' is given twice}}
  %r = attn.attention causal scale(1.0) causal ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: operands are given once
func.func @ins_twice(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{clause 'ins' is given twice}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) ins(%q : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: a clause that does not exist
func.func @unknown_clause(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{expected 'ins' or another clause: causal, align, window}}
  %r = attn.attention sliding(4) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: a clause of another op
func.func @foreign_clause(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) {
  // expected-error @below {{expected 'ins' or another clause: log_prob, safe, dimension}}
  %r = attn.softmax causal dimension(1) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>)
  return
}

// -----

// parse: one type per operand
func.func @types(%q: tensor<4x8xf32>) {
  // expected-error @below {{3 operands but 2 types}}
  %r = attn.attention ins(%q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>) outs(%q : tensor<4x8xf32>)
  return
}

// -----

// parse: query, key and value
func.func @too_few(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{too few operands in 'ins': got 2}}
  %r = attn.attention ins(%q, %k : tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: and nothing else
func.func @too_many(%q: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{too many operands in 'ins': got 4, expected 3}}
  %r = attn.attention ins(%q, %q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: an op without operands
func.func @no_ins(%o: tensor<4x8xf32>) {
  // expected-error @+2 {{expected 'ins' or another clause}}
  %r = attn.attention outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: an op without destination
func.func @no_outs(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>) {
  // expected-error @below {{needs 1 output, got 0}}
  attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

// parse: an empty operand list
func.func @empty_ins(%o: tensor<4x8xf32>) {
  // expected-error @below {{expected SSA operand}}
  %r = attn.attention ins() outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: an attribute and a clause of one name
func.func @attribute_and_clause(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{attribute 'scale' occurs more than once in the attribute list}}
  %r = attn.attention scale(1.0) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {scale = 2.0 : f32}
  return
}

// -----

// parse: an attribute of the wrong type
func.func @attribute_type(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{attribute 'softcap' failed to satisfy constraint: 32-bit float attribute}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {softcap = "no"}
  return
}

// -----

// parse: a scale is a number
func.func @scale_text(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{invalid kind of attribute specified}}
  %r = attn.attention scale("no") ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: an unclosed clause
func.func @missing_paren(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{expected ')'}}
  %r = attn.attention softcap(1.0 window(1, 1) ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// parse: the result comes first
func.func @lse_first(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{outs are the result, then 'lse', then 'max'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(lse %l : tensor<4xf32>)
  return
}

// -----

// parse: an operand that does not exist
func.func @undefined(%x: tensor<4xf32>) {
  // expected-error @below {{use of undeclared SSA value name}}
  %r = attn.softmax dimension(0) ins(%x : tensor<4xf32>) outs(%nowhere : tensor<4xf32>)
  return
}
