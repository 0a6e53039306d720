// A score function and a mask of one's own: scores are biased by the logarithm
// of the distance, and a query sees its own block of 128 keys and the first 16
// keys, as attention sinks. The compiler finds the key blocks that the mask
// skips from the mask itself.
//
//   fovea-run examples/score-region.mlir --dim length=1000 --check
//
// Dimensions of the iteration domain: 0 head, 1 query, 2 key, 3 and 4 head dim.

func.func @local_with_sinks(
    %q: tensor<8x?x64xf32> {fovea.dims = ["*", "length", "*"]},
    %k: tensor<8x?x64xf32> {fovea.dims = ["*", "length", "*"]},
    %v: tensor<8x?x64xf32> {fovea.dims = ["*", "length", "*"]},
    %out: tensor<8x?x64xf32> {fovea.dims = ["*", "length", "*"]},
    %lse: tensor<8x?xf32> {fovea.dims = ["*", "length"]})
    -> (tensor<8x?x64xf32>, tensor<8x?xf32>) {
  %o, %l = attn.attention
      ins(%q, %k, %v : tensor<8x?x64xf32>, tensor<8x?x64xf32>, tensor<8x?x64xf32>)
      outs(%out, lse %lse : tensor<8x?x64xf32>, tensor<8x?xf32>)
      score {
      ^bb0(%s: f32):
        %one = arith.constant 1.0 : f32
        %i = attn.index 1 : index
        %j = attn.index 2 : index
        %difference = arith.subi %i, %j : index
        %integer = arith.index_cast %difference : index to i32
        %real = arith.sitofp %integer : i32 to f32
        %distance = math.absf %real : f32
        %shifted = arith.addf %distance, %one : f32
        %log = math.log %shifted : f32
        %biased = arith.subf %s, %log : f32
        attn.yield %biased : f32
      }
      mask {
        %block = arith.constant 128 : index
        %sinks = arith.constant 16 : index
        %i = attn.index 1 : index
        %j = attn.index 2 : index
        %query_block = arith.divui %i, %block : index
        %key_block = arith.divui %j, %block : index
        %same = arith.cmpi eq, %query_block, %key_block : index
        %sink = arith.cmpi ult, %j, %sinks : index
        %keep = arith.ori %same, %sink : i1
        attn.yield %keep : i1
      }
  return %o, %l : tensor<8x?x64xf32>, tensor<8x?xf32>
}
