// The three kinds of captures: lengths per batch, read by a map; a scalar; and a table of relative positions that the
// score region reads where it wants.

// RUN: fovea-run %s --check
// RUN: fovea-run %s --check --pipeline-options="splits=3 tile-n=16"
// RUN: fovea-run %s --check --strides "3=0" --strides "4=0,1" --pipeline-options="tile-m=17 vector-bytes=16"

#scalar = affine_map<(b, h, m, n, k, v) -> ()>
#q = affine_map<(b, h, m, n, k, v) -> (b, h, m, k)>
#k = affine_map<(b, h, m, n, k, v) -> (b, h, n, k)>
#v = affine_map<(b, h, m, n, k, v) -> (b, h, n, v)>
#perBatch = affine_map<(b, h, m, n, k, v) -> (b)>
#whole = affine_map<(b, h, m, n, k, v) -> ()>
#o = affine_map<(b, h, m, n, k, v) -> (b, h, m, v)>

func.func @relative(%q: tensor<3x2x40x16xf32>, %k: tensor<3x2x130x16xf32>, %v: tensor<3x2x130x16xf32>, %length: tensor<3xi32>,
                    %table: tensor<2x63xf32>, %strength: f32, %o: tensor<3x2x40x16xf32>) -> tensor<3x2x40x16xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<3x2x40x16xf32>, tensor<3x2x130x16xf32>, tensor<3x2x130x16xf32>)
      captures(%length, %table, %strength : tensor<3xi32>, tensor<2x63xf32>, f32) outs(%o : tensor<3x2x40x16xf32>)
      maps [#q, #k, #v, #perBatch, #whole, #scalar, #o]
      score {
      ^bb0(%s: f32, %bound: i32, %t: tensor<2x63xf32>, %factor: f32):
        %h = attn.index 1 : index
        %i = attn.index 2 : index
        %j = attn.index 3 : index
        %low = arith.constant 0 : index
        %high = arith.constant 62 : index
        %centre = arith.constant 31 : index
        %difference = arith.subi %j, %i : index
        %moved = arith.addi %difference, %centre : index
        %atLeast = arith.maxsi %moved, %low : index
        %position = arith.minsi %atLeast, %high : index
        %entry = tensor.extract %t[%h, %position] : tensor<2x63xf32>
        %weighted = arith.mulf %entry, %factor : f32
        %score = arith.addf %s, %weighted : f32
        attn.yield %score : f32
      }
      mask {
      ^bb0(%bound: i32, %t: tensor<2x63xf32>, %factor: f32):
        %j = attn.index 3 : index
        %end = arith.index_cast %bound : i32 to index
        %keep = arith.cmpi slt, %j, %end : index
        attn.yield %keep : i1
      }
  return %r : tensor<3x2x40x16xf32>
}
