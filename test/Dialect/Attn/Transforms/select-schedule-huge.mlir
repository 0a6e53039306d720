// RUN: fovea-opt %s -attn-select-schedule="amx-bf16=true threads=4" | FileCheck %s

// Sizes whose product no number holds count as the largest number, and no step of the choice overflows.

// CHECK-LABEL: func @batches
//       CHECK:   attn.config = #attn.config<tile_m = 128>
func.func @batches(%q: tensor<4294967296x4294967296x4096x64xf32>) -> tensor<4294967296x4294967296x4096x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<4294967296x4294967296x4096x64xf32>, tensor<4294967296x4294967296x4096x64xf32>, tensor<4294967296x4294967296x4096x64xf32>)
      outs(%q : tensor<4294967296x4294967296x4096x64xf32>)
  return %r : tensor<4294967296x4294967296x4096x64xf32>
}

// CHECK-LABEL: func @lengths
//       CHECK:   attn.config = #attn.config<tile_m = 128, tile_n = 256, rescale_log2 = 8>
func.func @lengths(%q: tensor<9223372036854775807x64xbf16>) -> tensor<9223372036854775807x64xbf16> {
  %r = attn.attention ins(%q, %q, %q : tensor<9223372036854775807x64xbf16>, tensor<9223372036854775807x64xbf16>, tensor<9223372036854775807x64xbf16>)
      outs(%q : tensor<9223372036854775807x64xbf16>)
  return %r : tensor<9223372036854775807x64xbf16>
}

// CHECK-LABEL: func @head_dims
//       CHECK:   attn.config = #attn.config<>
func.func @head_dims(%q: tensor<64x9223372036854775807xf32>) -> tensor<64x9223372036854775807xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<64x9223372036854775807xf32>, tensor<64x9223372036854775807xf32>, tensor<64x9223372036854775807xf32>)
      outs(%q : tensor<64x9223372036854775807xf32>)
  return %r : tensor<64x9223372036854775807xf32>
}

// CHECK-LABEL: func @one_row
//       CHECK:   tile_m = 1, tile_n = 256,
//  CHECK-SAME:   lanes = keys
func.func @one_row(%q: tensor<4294967296x4294967296x1x64xf32>, %k: tensor<4294967296x4294967296x9223372036854775807x64xf32>) -> tensor<4294967296x4294967296x1x64xf32> {
  %r = attn.attention ins(%q, %k, %k : tensor<4294967296x4294967296x1x64xf32>, tensor<4294967296x4294967296x9223372036854775807x64xf32>, tensor<4294967296x4294967296x9223372036854775807x64xf32>)
      outs(%q : tensor<4294967296x4294967296x1x64xf32>)
  return %r : tensor<4294967296x4294967296x1x64xf32>
}

// CHECK-LABEL: func @softmax_rows
//       CHECK:   attn.config
func.func @softmax_rows(%x: tensor<4294967296x4294967296x64xf32>) -> tensor<4294967296x4294967296x64xf32> {
  %y = attn.softmax dimension(2) ins(%x : tensor<4294967296x4294967296x64xf32>) outs(%x : tensor<4294967296x4294967296x64xf32>)
  return %y : tensor<4294967296x4294967296x64xf32>
}
