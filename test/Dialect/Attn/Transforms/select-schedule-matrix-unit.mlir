// RUN: fovea-opt %s -attn-select-schedule="amx-bf16=true" -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-select-schedule="bf16-pairs=true" -split-input-file | FileCheck %s --check-prefix=PAIRS

// On a matrix unit a tile is one panel of 32 queries and a step 256 keys; the maximum may lag. f16 goes there, too.

// CHECK-LABEL: func @bf16
//       CHECK:   attn.config = #attn.config<tile_m = 32, tile_n = 256, rescale_log2 = 8>
// CHECK-LABEL: func @f16
//       CHECK:   attn.config = #attn.config<tile_m = 32, tile_n = 256, rescale_log2 = 8>
//
// The same where pairs of bf16 are multiplied; f16 is then for vectors.
// PAIRS-LABEL: func @bf16
//       PAIRS:   attn.config = #attn.config<tile_m = 32, tile_n = 256, rescale_log2 = 8>
// PAIRS-LABEL: func @f16
//   PAIRS-NOT:   rescale_log2
//       PAIRS:   attn.config = #attn.config<tile_m = 128>
func.func @bf16(%q: tensor<4x2048x64xbf16>, %o: tensor<4x2048x64xbf16>) -> tensor<4x2048x64xbf16> {
  %r = attn.attention ins(%q, %q, %q : tensor<4x2048x64xbf16>, tensor<4x2048x64xbf16>, tensor<4x2048x64xbf16>)
      outs(%o : tensor<4x2048x64xbf16>)
  return %r : tensor<4x2048x64xbf16>
}
func.func @f16(%q: tensor<4x2048x64xf16>, %o: tensor<4x2048x64xf16>) -> tensor<4x2048x64xf16> {
  %r = attn.attention ins(%q, %q, %q : tensor<4x2048x64xf16>, tensor<4x2048x64xf16>, tensor<4x2048x64xf16>)
      outs(%o : tensor<4x2048x64xf16>)
  return %r : tensor<4x2048x64xf16>
}

// -----

// S12: a maximum that is a result may not lag.

// CHECK-LABEL: func @exact_maximum
//       CHECK:   attn.config = #attn.config<tile_m = 32, tile_n = 256>
func.func @exact_maximum(%q: tensor<4x2048x64xbf16>, %o: tensor<4x2048x64xbf16>, %m: tensor<4x2048xf32>) -> tensor<4x2048xf32> {
  %r:2 = attn.attention ins(%q, %q, %q : tensor<4x2048x64xbf16>, tensor<4x2048x64xbf16>, tensor<4x2048x64xbf16>)
      outs(%o, max %m : tensor<4x2048x64xbf16>, tensor<4x2048xf32>)
  return %r#1 : tensor<4x2048xf32>
}

// -----

// Few rows, a head dim that is not known, and f32 are for vectors.

// CHECK-LABEL: func @vectors
//       CHECK:   tile_m = 8, tile_n = 256, splits = 4, lanes = keys>
//   CHECK-NOT:   rescale_log2
//   CHECK-NOT:   tile_m = 32
//       CHECK:   return
func.func @vectors(%q: tensor<4x8x64xbf16>, %k: tensor<4x2048x64xbf16>, %o: tensor<4x8x64xbf16>, %d: tensor<4x64x?xbf16>, %p: tensor<4x64x?xbf16>,
                   %w: tensor<4x64x64xf32>, %x: tensor<4x64x64xf32>) -> (tensor<4x8x64xbf16>, tensor<4x64x?xbf16>, tensor<4x64x64xf32>) {
  %r = attn.attention ins(%q, %k, %k : tensor<4x8x64xbf16>, tensor<4x2048x64xbf16>, tensor<4x2048x64xbf16>)
      outs(%o : tensor<4x8x64xbf16>)
  %s = attn.attention ins(%d, %d, %d : tensor<4x64x?xbf16>, tensor<4x64x?xbf16>, tensor<4x64x?xbf16>) outs(%p : tensor<4x64x?xbf16>)
  %t = attn.attention ins(%w, %w, %w : tensor<4x64x64xf32>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) outs(%x : tensor<4x64x64xf32>)
  return %r, %s, %t : tensor<4x8x64xbf16>, tensor<4x64x?xbf16>, tensor<4x64x64xf32>
}

// -----

// Keys and values of a head that take more than half of the second-level cache, 1 MiB here, are read for four panels.

// CHECK-LABEL: func @long
//       CHECK:   attn.config = #attn.config<tile_m = 128, tile_n = 256, rescale_log2 = 8>
func.func @long(%q: tensor<4x8192x64xbf16>, %o: tensor<4x8192x64xbf16>) -> tensor<4x8192x64xbf16> {
  %r = attn.attention ins(%q, %q, %q : tensor<4x8192x64xbf16>, tensor<4x8192x64xbf16>, tensor<4x8192x64xbf16>)
      outs(%o : tensor<4x8192x64xbf16>)
  return %r : tensor<4x8192x64xbf16>
}
