// RUN: fovea-opt %s -attn-rewrite-online-softmax -attn-set-exp-base -split-input-file -verify-diagnostics --remarks-filter=attn-set-exp-base -o /dev/null

// The base of every state is reported.

func.func @two(%q: tensor<8x64xf32>, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  // expected-remark-re @below {{[Passed] exp-base {{.*}}scores carry log2(e)}}
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>) outs(%o : tensor<8x64xf32>)
  return %r : tensor<8x64xf32>
}

// -----

func.func @e(%q: tensor<8x64xf32>, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  // expected-remark-re @below {{[Missed] exp-base {{.*}}base e: the score region is not affine in the score}}
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>) outs(%o : tensor<8x64xf32>) score {
      ^bb0(%s: f32):
        %t = math.tanh %s : f32
        attn.yield %t : f32
      }
  return %r : tensor<8x64xf32>
}
