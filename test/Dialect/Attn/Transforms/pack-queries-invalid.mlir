// RUN: fovea-opt %s -attn-pack-queries -split-input-file -verify-diagnostics
// RUN: not fovea-opt %s -attn-pack-queries="vector-bytes=3" -split-input-file 2>&1 | FileCheck %s

// What is not a tile is refused.

// CHECK: error: attn-pack-queries: vector-bytes must be a power of two of at least 16, got 3

func.func @unbounded_rows(%q: tensor<?x64xf32>, %m: tensor<?xf32>) -> tensor<?x64xf32> {
  // expected-error @below {{the number of query rows of a tile has no constant bound; run attn-tile-parallel first}}
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
      outs(%q, %m, %m : tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>)
  return %s#0 : tensor<?x64xf32>
}

// -----

func.func @several_batches(%q: tensor<2x8x64xf32>, %m: tensor<2x8xf32>) -> tensor<2x8x64xf32> {
  // expected-error @below {{dimension 0 must have extent 1 in a tile, got 2; run attn-tile-parallel first}}
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<2x8x64xf32>, tensor<2x8x64xf32>, tensor<2x8x64xf32>)
      outs(%q, %m, %m : tensor<2x8x64xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
  return %s#0 : tensor<2x8x64xf32>
}

// -----

func.func @query_of_the_loop(%q: tensor<96x64xf32>, %a0: tensor<32x64xf32>, %m0: tensor<32xf32>) -> tensor<32x64xf32> {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c96 = arith.constant 96 : index
  %s:3 = scf.for %j = %c0 to %c96 step %c32 iter_args(%a = %a0, %m = %m0, %l = %m0)
      -> (tensor<32x64xf32>, tensor<32xf32>, tensor<32xf32>) {
    %qj = tensor.extract_slice %q[%j, 0] [32, 64] [1, 1] : tensor<96x64xf32> to tensor<32x64xf32>
    // expected-error @below {{has a query that changes with the keys; it cannot be packed once for all of them}}
    %t:3 = attn.online_attention ins(%qj, %q, %q : tensor<32x64xf32>, tensor<96x64xf32>, tensor<96x64xf32>)
        outs(%a, %m, %l : tensor<32x64xf32>, tensor<32xf32>, tensor<32xf32>)
    scf.yield %t#0, %t#1, %t#2 : tensor<32x64xf32>, tensor<32xf32>, tensor<32xf32>
  }
  return %s#0 : tensor<32x64xf32>
}
