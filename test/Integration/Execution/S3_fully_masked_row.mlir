// S3: a row without any key to attend to gives O = 0, LSE = -inf, max = -inf, whether a mask took the keys, the score
// region gave -inf, or there are none. A softmax over such a row is NaN unless it is `safe`.

// RUN: fovea-run %s --entry masked --check
// RUN: fovea-run %s --entry masked --check --pipeline-options="splits=3 tile-n=8"
// RUN: fovea-run %s --entry scored --check
// RUN: fovea-run %s --entry scored --check --pipeline-options="splits=2 vector-bytes=16"
// RUN: fovea-run %s --entry causal --check --dim queries=40 --dim keys=25
// RUN: fovea-run %s --entry causal --check --dim queries=3 --dim keys=0
// RUN: fovea-run %s --entry softmax --check
// RUN: fovea-run %s --entry safe --check

// Every third row.
func.func @masked(%q: tensor<2x37x24xf32>, %k: tensor<2x50x24xf32>, %v: tensor<2x50x24xf32>,
                  %o: tensor<2x37x24xf32>, %l: tensor<2x37xf32>, %m: tensor<2x37xf32>)
    -> (tensor<2x37x24xf32>, tensor<2x37xf32>, tensor<2x37xf32>) {
  %r:3 = attn.attention ins(%q, %k, %v : tensor<2x37x24xf32>, tensor<2x50x24xf32>, tensor<2x50x24xf32>)
      outs(%o, lse %l, max %m : tensor<2x37x24xf32>, tensor<2x37xf32>, tensor<2x37xf32>)
      mask {
        %i = attn.index 1 : index
        %three = arith.constant 3 : index
        %zero = arith.constant 0 : index
        %rest = arith.remui %i, %three : index
        %keep = arith.cmpi ne, %rest, %zero : index
        attn.yield %keep : i1
      }
  return %r#0, %r#1, %r#2 : tensor<2x37x24xf32>, tensor<2x37xf32>, tensor<2x37xf32>
}

// The rows below 20.
func.func @scored(%q: tensor<37x24xbf16>, %k: tensor<50x24xbf16>, %v: tensor<50x24xbf16>, %o: tensor<37x24xbf16>,
                  %l: tensor<37xf32>) -> (tensor<37x24xbf16>, tensor<37xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<37x24xbf16>, tensor<50x24xbf16>, tensor<50x24xbf16>)
      outs(%o, lse %l : tensor<37x24xbf16>, tensor<37xf32>)
      score {
      ^bb0(%s: f32):
        %i = attn.index 0 : index
        %bound = arith.constant 20 : index
        %none = arith.constant 0xFF800000 : f32
        %low = arith.cmpi slt, %i, %bound : index
        %score = arith.select %low, %none, %s : f32
        attn.yield %score : f32
      }
  return %r#0, %r#1 : tensor<37x24xbf16>, tensor<37xf32>
}

// The first queries - keys rows.
func.func @causal(%q: tensor<2x?x16xf32> {fovea.dims = ["*", "queries", "*"]},
                  %k: tensor<2x?x16xf32> {fovea.dims = ["*", "keys", "*"]},
                  %v: tensor<2x?x16xf32> {fovea.dims = ["*", "keys", "*"]},
                  %o: tensor<2x?x16xf32> {fovea.dims = ["*", "queries", "*"]},
                  %l: tensor<2x?xf32> {fovea.dims = ["*", "queries"]}) -> (tensor<2x?x16xf32>, tensor<2x?xf32>) {
  %r:2 = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<2x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x16xf32>)
      outs(%o, lse %l : tensor<2x?x16xf32>, tensor<2x?xf32>)
  return %r#0, %r#1 : tensor<2x?x16xf32>, tensor<2x?xf32>
}

func.func @softmax(%x: tensor<9x33xf32>, %y: tensor<9x33xf32>) -> tensor<9x33xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<9x33xf32>) outs(%y : tensor<9x33xf32>)
      mask {
        %i = attn.index 0 : index
        %four = arith.constant 4 : index
        %keep = arith.cmpi ne, %i, %four : index
        attn.yield %keep : i1
      }
  return %r : tensor<9x33xf32>
}

func.func @safe(%x: tensor<9x33xf32>, %y: tensor<9x33xf32>) -> tensor<9x33xf32> {
  %r = attn.softmax safe dimension(1) ins(%x : tensor<9x33xf32>) outs(%y : tensor<9x33xf32>)
      mask {
        %i = attn.index 0 : index
        %four = arith.constant 4 : index
        %keep = arith.cmpi ne, %i, %four : index
        attn.yield %keep : i1
      }
  return %r : tensor<9x33xf32>
}
