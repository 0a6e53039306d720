// What attn.attention refuses of shapes, types and destinations.
// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// S6: query heads are a multiple of KV heads
func.func @heads(%q: tensor<2x8x4x8xf32>, %k: tensor<2x3x4x8xf32>, %v: tensor<2x3x4x8xf32>, %o: tensor<2x8x4x8xf32>) {
  // expected-error @below {{the 8 query heads are no positive multiple of the 3 key heads}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x8x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>) outs(%o : tensor<2x8x4x8xf32>)
  return
}

// -----

// S6: of the value as well
func.func @value_heads(%q: tensor<2x8x4x8xf32>, %k: tensor<2x2x4x8xf32>, %v: tensor<2x5x4x8xf32>, %o: tensor<2x8x4x8xf32>) {
  // expected-error @below {{the 8 query heads are no positive multiple of the 5 value heads}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x8x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x5x4x8xf32>) outs(%o : tensor<2x8x4x8xf32>)
  return
}

// -----

// S6: KV heads are not more than query heads
func.func @more_kv_heads(%q: tensor<2x2x4x8xf32>, %k: tensor<2x8x4x8xf32>, %v: tensor<2x8x4x8xf32>, %o: tensor<2x2x4x8xf32>) {
  // expected-error @below {{the 2 query heads are no positive multiple of the 8 key heads}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x2x4x8xf32>, tensor<2x8x4x8xf32>, tensor<2x8x4x8xf32>) outs(%o : tensor<2x2x4x8xf32>)
  return
}

// -----

// S6: query heads need a KV head
func.func @no_kv_heads(%q: tensor<2x8x4x8xf32>, %k: tensor<2x0x4x8xf32>, %v: tensor<2x0x4x8xf32>, %o: tensor<2x8x4x8xf32>) {
  // expected-error @below {{the 8 query heads are no positive multiple of the 0 key heads}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x8x4x8xf32>, tensor<2x0x4x8xf32>, tensor<2x0x4x8xf32>) outs(%o : tensor<2x8x4x8xf32>)
  return
}

// -----

// S6: zero query heads have zero KV heads
func.func @no_query_heads(%q: tensor<2x0x4x8xf32>, %k: tensor<2x2x4x8xf32>, %v: tensor<2x2x4x8xf32>, %o: tensor<2x0x4x8xf32>) {
  // expected-error @below {{the 0 query heads are no positive multiple of the 2 key heads}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x0x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>) outs(%o : tensor<2x0x4x8xf32>)
  return
}

// -----

// S14: attention needs rows
func.func @rank_one(%q: tensor<4xf32>, %k: tensor<4xf32>, %v: tensor<4xf32>, %o: tensor<4xf32>) {
  // expected-error @below {{query, key and value must have one rank of at least 2, got 1, 1 and 1}}
  %r = attn.attention ins(%q, %k, %v : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) outs(%o : tensor<4xf32>)
  return
}

// -----

// S14: and so at rank 0
func.func @rank_zero(%q: tensor<f32>, %k: tensor<f32>, %v: tensor<f32>, %o: tensor<f32>) {
  // expected-error @below {{query, key and value must have one rank of at least 2, got 0, 0 and 0}}
  %r = attn.attention ins(%q, %k, %v : tensor<f32>, tensor<f32>, tensor<f32>) outs(%o : tensor<f32>)
  return
}

// -----

// S14: ranks agree
func.func @ranks_differ(%q: tensor<2x4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<2x4x8xf32>) {
  // expected-error @below {{must have one rank of at least 2, got 3, 2 and 2}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<2x4x8xf32>)
  return
}

// -----

// S14: query and key have one head dim
func.func @qk_dim(%q: tensor<4x8xf32>, %k: tensor<4x16xf32>, %v: tensor<4x16xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 1 has extent 16 along dimension 1, expected 8}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x16xf32>, tensor<4x16xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S14: keys and values have one length
func.func @key_length(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<5x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 2 has extent 5 along dimension 0, expected 4}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<5x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S14: one batch
func.func @batch(%q: tensor<2x1x4x8xf32>, %k: tensor<3x1x4x8xf32>, %v: tensor<3x1x4x8xf32>, %o: tensor<2x1x4x8xf32>) {
  // expected-error @below {{operand 1 has extent 3 along dimension 0, expected 2}}
  %r = attn.attention ins(%q, %k, %v : tensor<2x1x4x8xf32>, tensor<3x1x4x8xf32>, tensor<3x1x4x8xf32>) outs(%o : tensor<2x1x4x8xf32>)
  return
}

// -----

// S14: the output has the value's head dim
func.func @output_dim(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x16xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand 3 has extent 8 along dimension 1, expected 16}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x16xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S10: the output has the query's rank
func.func @output_rank(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4xf32>) {
  // expected-error @below {{operand 3 has rank 1 but a map of 2 results}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4xf32>)
  return
}

// -----

// S12: one element type
func.func @types_differ(%q: tensor<4x8xf32>, %k: tensor<4x8xf16>, %v: tensor<4x8xf16>, %o: tensor<4x8xf32>) {
  // expected-error @below {{query, key and value must have one element type, got 'f32', 'f16' and 'f16'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf16>, tensor<4x8xf16>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S12: floats only
func.func @integers(%q: tensor<4x8xi8>, %k: tensor<4x8xi8>, %v: tensor<4x8xi8>, %o: tensor<4x8xi8>) {
  // expected-error @below {{query must have element type f16, bf16, f32 or f64, got 'i8'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xi8>, tensor<4x8xi8>, tensor<4x8xi8>) outs(%o : tensor<4x8xi8>)
  return
}

// -----

// S12: f8 is not supported
func.func @small_floats(%q: tensor<4x8xf8E4M3FN>, %k: tensor<4x8xf8E4M3FN>, %v: tensor<4x8xf8E4M3FN>, %o: tensor<4x8xf8E4M3FN>) {
  // expected-error @below {{query must have element type f16, bf16, f32 or f64, got 'f8E4M3FN'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xf8E4M3FN>, tensor<4x8xf8E4M3FN>, tensor<4x8xf8E4M3FN>) outs(%o : tensor<4x8xf8E4M3FN>)
  return
}

// -----

// S12: the result has the operands' type or the compute type
func.func @output_type(%q: tensor<4x8xbf16>, %k: tensor<4x8xbf16>, %v: tensor<4x8xbf16>, %o: tensor<4x8xf16>) {
  // expected-error @below {{the result must have element type 'bf16' or 'f32', got 'f16'}}
  %r = attn.attention ins(%q, %k, %v : tensor<4x8xbf16>, tensor<4x8xbf16>, tensor<4x8xbf16>) outs(%o : tensor<4x8xf16>)
  return
}

// -----

// S12: the LSE has the compute type
func.func @lse_type(%q: tensor<4x8xf16>, %k: tensor<4x8xf16>, %v: tensor<4x8xf16>, %o: tensor<4x8xf16>, %l: tensor<4xf16>) {
  // expected-error @below {{lse must have element type 'f32', got 'f16'}}
  %r:2 = attn.attention ins(%q, %k, %v : tensor<4x8xf16>, tensor<4x8xf16>, tensor<4x8xf16>) outs(%o, lse %l : tensor<4x8xf16>, tensor<4xf16>)
  return
}

// -----

// S12: the maximum has the compute type
func.func @max_type(%q: tensor<4x8xf64>, %k: tensor<4x8xf64>, %v: tensor<4x8xf64>, %o: tensor<4x8xf64>, %l: tensor<4xf32>) {
  // expected-error @below {{max must have element type 'f64', got 'f32'}}
  %r:2 = attn.attention ins(%q, %k, %v : tensor<4x8xf64>, tensor<4x8xf64>, tensor<4x8xf64>) outs(%o, max %l : tensor<4x8xf64>, tensor<4xf32>)
  return
}

// -----

// S14: one LSE per row
func.func @lse_extent(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %l: tensor<8xf32>) {
  // expected-error @below {{operand 4 has extent 8 along dimension 0, expected 4}}
  %r:2 = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o, lse %l : tensor<4x8xf32>, tensor<8xf32>)
  return
}

// -----

// destination: further outputs are named
func.func @unnamed_lse(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{needs 1 output, got 2}}
  %r:2 = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o, %l : tensor<4x8xf32>, tensor<4xf32>)
  return
}

// -----

// destination: outputs have one order
func.func @max_before_lse(%q: tensor<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>, %m: tensor<4xf32>, %l: tensor<4xf32>) {
  // expected-error @below {{outs are the result, then 'lse', then 'max'}}
  %r:3 = attn.attention ins(%q, %k, %v : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o, max %m, lse %l : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// destination: tensors or memrefs
func.func @tensors_and_memrefs(%q: memref<4x8xf32>, %k: memref<4x8xf32>, %v: tensor<4x8xf32>, %o: memref<4x8xf32>) {
  // expected-error @below {{mixes tensor and memref operands}}
  attn.attention ins(%q, %k, %v : memref<4x8xf32>, memref<4x8xf32>, tensor<4x8xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

// S14: ranked operands only
func.func @unranked(%q: tensor<*xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand #0 must be ranked tensor of any type values or strided memref}}
  %r = attn.attention ins(%q, %k, %v : tensor<*xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S14: tensors or memrefs only
func.func @vectors(%q: vector<4x8xf32>, %k: tensor<4x8xf32>, %v: tensor<4x8xf32>, %o: tensor<4x8xf32>) {
  // expected-error @below {{operand #0 must be ranked tensor of any type values or strided memref}}
  %r = attn.attention ins(%q, %k, %v : vector<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%o : tensor<4x8xf32>)
  return
}

// -----

// S14: memrefs with strides only
func.func @not_strided(%q: memref<4x8xf32, affine_map<(i, j) -> (i floordiv 2, j, i mod 2)>>, %k: memref<4x8xf32>, %v: memref<4x8xf32>, %o: memref<4x8xf32>) {
  // expected-error @below {{operand #0 must be ranked tensor of any type values or strided memref}}
  attn.attention ins(%q, %k, %v : memref<4x8xf32, affine_map<(i, j) -> (i floordiv 2, j, i mod 2)>>, memref<4x8xf32>, memref<4x8xf32>) outs(%o : memref<4x8xf32>)
  return
}
