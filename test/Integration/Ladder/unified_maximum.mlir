// FlashDecoding++: a tile whose sums leave the range of the unified maximum is computed again, whether it overflows or
// underflows, and only such a tile: K is read once where none is, twice where all are.

// RUN: fovea-run %s --entry decode --target cpu --check --count --on-chip 20000 --pipeline-options="maximum=unified splits=4 tile-n=16" | FileCheck %s --check-prefix=ONCE
// ONCE: PASS
// ONCE: argument 1: 4x64x16xf32: reads 4096 (1 per element)

// Every score is about 0: far below a maximum of 100, far above one of -100.
// RUN: fovea-run %s --entry decode --target cpu --check --count --on-chip 20000 --pipeline-options="maximum=unified unified-max=100 splits=4 tile-n=16" | FileCheck %s --check-prefix=TWICE
// RUN: fovea-run %s --entry decode --target cpu --check --count --on-chip 20000 --pipeline-options="maximum=unified unified-max=-100 splits=4 tile-n=16" | FileCheck %s --check-prefix=TWICE
// TWICE: PASS
// TWICE: argument 1: 4x64x16xf32: reads 8192 (2 per element)

// The scores of one head of four are 200 higher. In f32 its exponentials overflow.
// RUN: fovea-run %s --entry outlier --target cpu --check --count --on-chip 20000 --pipeline-options="maximum=unified splits=4 tile-n=16" | FileCheck %s --check-prefix=OUTLIER
// OUTLIER: PASS
// OUTLIER: argument 1: 4x64x16xf32: reads 5120 (1.25 per element)

// All keys are masked, in whole tiles of queries and in parts of the keys: every tile falls back to the running maximum.
// RUN: fovea-run %s --entry masked --target cpu --check --input=random --input=random --input=random --input=zeros --input=random --pipeline-options="maximum=unified splits=2 tile-m=64 tile-n=64" | FileCheck %s --check-prefix=MASKED
// MASKED: PASS

// What the running maximum reads and rescales.
// RUN: fovea-run %s --entry decode --target cpu --check --count --on-chip 20000 --pipeline-options="splits=4 tile-n=16" | FileCheck %s --check-prefix=RUNNING
// RUNNING: argument 1: 4x64x16xf32: reads 4096 (1 per element)

func.func @decode(%q: tensor<4x1x16xf32>, %k: tensor<4x64x16xf32>, %v: tensor<4x64x16xf32>, %o: tensor<4x1x16xf32>)
    -> tensor<4x1x16xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<4x1x16xf32>, tensor<4x64x16xf32>, tensor<4x64x16xf32>) outs(%o : tensor<4x1x16xf32>)
  return %r : tensor<4x1x16xf32>
}

func.func @outlier(%q: tensor<4x1x16xf32>, %k: tensor<4x64x16xf32>, %v: tensor<4x64x16xf32>, %o: tensor<4x1x16xf32>)
    -> tensor<4x1x16xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<4x1x16xf32>, tensor<4x64x16xf32>, tensor<4x64x16xf32>) outs(%o : tensor<4x1x16xf32>)
      score {
      ^bb0(%s: f32):
        %h = attn.index 0 : index
        %two = arith.constant 2 : index
        %shift = arith.constant 200.0 : f32
        %zero = arith.constant 0.0 : f32
        %isOutlier = arith.cmpi eq, %h, %two : index
        %added = arith.select %isOutlier, %shift, %zero : f32
        %t = arith.addf %s, %added : f32
        attn.yield %t : f32
      }
  return %r : tensor<4x1x16xf32>
}

func.func @masked(%q: tensor<128x24xf32>, %k: tensor<128x24xf32>, %v: tensor<128x24xf32>, %keep: tensor<1xi1>,
                  %o: tensor<128x24xf32>) -> tensor<128x24xf32> {
  %r = attn.attention keep(%keep : tensor<1xi1>) ins(%q, %k, %v : tensor<128x24xf32>, tensor<128x24xf32>, tensor<128x24xf32>)
      outs(%o : tensor<128x24xf32>)
  return %r : tensor<128x24xf32>
}
