// What #attn.config and the attribute attn.config refuse.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// config: tiles have elements
func.func @tile_zero(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{tile_m must be at least 1, got 0}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.config = #attn.config<tile_m = 0>}
  return
}

// -----

// config: tiles have elements
func.func @tile_negative(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{tile_n must be at least 1, got -4}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.config = #attn.config<tile_n = -4>}
  return
}

// -----

// config: one split means none
func.func @splits_zero(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{splits must be at least 1, got 0}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.config = #attn.config<splits = 0>}
  return
}

// -----

// config: a group has a head
func.func @group_zero(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{tile_g must be at least 1, got 0}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.config = #attn.config<lanes = keys, tile_g = 0>}
  return
}

// -----

// config: several heads per tile are for keys along the lanes
func.func @group_of_queries(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{tile_g must be 1 unless lanes = keys, got 4}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.config = #attn.config<tile_g = 4>}
  return
}

// -----

// config: a parameter that does not exist
func.func @config_unknown(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{duplicate or unknown struct parameter name: tile_k}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.config = #attn.config<tile_k = 4>}
  return
}

// -----

// config: attn.config is a #attn.config
func.func @config_type(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{expected 'attn.config' to be a #attn.config, got 4}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.config = 4}
  return
}

// -----

// config: attn.config is for ops with a domain
func.func @config_elsewhere(%x: i32) {
  // expected-error @below {{'attn.config' has no meaning on this op}}
  %r = arith.addi %x, %x {attn.config = #attn.config<tile_m = 4>} : i32
  return
}

// -----

// config: no other attribute of the dialect
func.func @attribute_unknown(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{unknown attribute 'attn.tile' of the attn dialect}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) attributes {attn.tile = 4}
  return
}
