// The orders of FlashAttention (Dao et al. 2022), counted. Traffic falls like 1 / M where tiles grow with M (theorem 2),
// it is that of the blocks which the mask leaves (theorem 4), and no memory of the order N^2 is needed (theorem 1).

// Unfused: scores, their scaled form and probabilities are N^2 elements each, written once and read 5 times in all; beside
// them is the accumulator (N d).
// RUN: fovea-run %s --entry full --target cpu --count --on-chip 4096 --unfused | FileCheck %s --check-prefix=UNFUSED
// UNFUSED: temporaries: 794624 bytes: reads 329728, writes 198656

// Tiles of 16 x 16 read K 16 times, tiles of 32 rows 8 times.
// RUN: fovea-run %s --entry full --target cpu --count --on-chip 8192 --pipeline-options="tile-m=16 tile-n=16" | FileCheck %s --check-prefix=SMALL
// SMALL: argument 1: 256x8xf32: reads 32768 (16 per element)
// SMALL: temporaries: 0 bytes
// RUN: fovea-run %s --entry full --target cpu --count --on-chip 16384 --pipeline-options="tile-m=32 tile-n=32" | FileCheck %s --check-prefix=LARGE
// LARGE: argument 1: 256x8xf32: reads 16384 (8 per element)

// With the keys outside, K is read once, and Q and the state once per block.
// RUN: fovea-run %s --entry full --target cpu --count --on-chip 4096 --pipeline-options="tile-m=16 tile-n=16 loop-order=key-outer" | FileCheck %s --check-prefix=OUTER
// OUTER: argument 0: 256x8xf32: reads 32768 (16 per element)
// OUTER: argument 1: 256x8xf32: reads 2048 (1 per element)
// OUTER: temporaries: 8192 bytes

// A causal mask leaves 16 * 17 / 2 of 256 blocks.
// RUN: fovea-run %s --entry causal --target cpu --count --on-chip 8192 --pipeline-options="tile-m=16 tile-n=16" | FileCheck %s --check-prefix=CAUSAL
// CAUSAL: argument 1: 256x8xf32: reads 17408 (8.5 per element)

func.func @full(%q: tensor<256x8xf32>, %k: tensor<256x8xf32>, %v: tensor<256x8xf32>, %o: tensor<256x8xf32>) -> tensor<256x8xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<256x8xf32>, tensor<256x8xf32>, tensor<256x8xf32>) outs(%o : tensor<256x8xf32>)
  return %r : tensor<256x8xf32>
}

func.func @causal(%q: tensor<256x8xf32>, %k: tensor<256x8xf32>, %v: tensor<256x8xf32>, %o: tensor<256x8xf32>) -> tensor<256x8xf32> {
  %r = attn.attention causal(top_left) ins(%q, %k, %v : tensor<256x8xf32>, tensor<256x8xf32>, tensor<256x8xf32>)
      outs(%o : tensor<256x8xf32>)
  return %r : tensor<256x8xf32>
}
