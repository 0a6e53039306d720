// RUN: fovea-opt %s -split-input-file -verify-diagnostics --attn-report-io --remarks-filter=attn -o /dev/null

// What is not reported, and why.

func.func @dynamic(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %v: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-remark-re @+1 {{[Missed] ReportIo {{.*}}sizes are known at run time only}}
  %r = attn.attention ins(%q, %k, %v : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) outs(%o : tensor<?x8xf32>)
  return %r : tensor<?x8xf32>
}

// -----

func.func @offset(%q: tensor<64x8xf32>, %k: tensor<64x8xf32>, %v: tensor<64x8xf32>, %o: tensor<64x8xf32>, %n: index)
    -> tensor<64x8xf32> {
  // expected-remark-re @+1 {{[Missed] ReportIo {{.*}}the mask depends on values at run time}}
  %r = attn.attention causal(%n) ins(%q, %k, %v : tensor<64x8xf32>, tensor<64x8xf32>, tensor<64x8xf32>)
      outs(%o : tensor<64x8xf32>)
  return %r : tensor<64x8xf32>
}

// -----

func.func @table(%q: tensor<64x8xf32>, %k: tensor<64x8xf32>, %v: tensor<64x8xf32>, %o: tensor<64x8xf32>, %t: tensor<64xf32>)
    -> tensor<64x8xf32> {
  // expected-remark-re @+1 {{[Missed] ReportIo {{.*}}a region reads a whole tensor}}
  %r = attn.attention ins(%q, %k, %v : tensor<64x8xf32>, tensor<64x8xf32>, tensor<64x8xf32>) captures(%t : tensor<64xf32>)
      outs(%o : tensor<64x8xf32>) score {
  ^bb0(%s: f32, %table: tensor<64xf32>):
    %j = attn.index 1 : index
    %b = tensor.extract %table[%j] : tensor<64xf32>
    %u = arith.addf %s, %b : f32
    attn.yield %u : f32
  }
  return %r : tensor<64x8xf32>
}
