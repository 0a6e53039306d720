// RUN: fovea-opt %s -split-input-file -verify-diagnostics --remarks-filter='attn-(fold|rewrite|tile).*' -o /dev/null \
// RUN:   -pass-pipeline='builtin.module(attn-canonicalize,attn-fold-layout-ops,attn-rewrite-softmax{algorithm=fused},attn-rewrite-online-softmax,attn-tile-parallel,attn-tile-kv)'
// RUN: fovea-opt %s -split-input-file --remarks-filter=attn-rewrite-softmax -attn-rewrite-softmax=algorithm=blocked -o /dev/null 2>&1 | FileCheck %s

// Each decision is reported: layouts, the form of a softmax, tiles, and blocks that are skipped or masked. A loop is made
// for what is read only: a state that is fused has none of its own.

func.func @causal(%q: tensor<64x32xf32>, %kt: tensor<32x64xf32>, %k0: tensor<64x32xf32>, %v: tensor<64x32xf32>, %o: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %k = linalg.transpose ins(%kt : tensor<32x64xf32>) outs(%k0 : tensor<64x32xf32>) permutation = [1, 0]
  // expected-remark-re @+4 {{[Passed] FoldLayout {{.*}}operands=1}}
  // expected-remark-re @+3 {{[Passed] OnlineSoftmax {{.*}}op=attn.attention}}
  // expected-remark-re @+2 {{[Passed] TileParallel {{.*}}dims=1, op=attn.finalize, tile_m=16}}
  // expected-remark-re @+1 {{[Passed] TileKv {{.*}}masks="partial blocks", order=query-outer, skips_blocks=yes, tile_n=8}}
  %r = attn.attention causal(top_left) ins(%q, %k, %v : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) outs(%o : tensor<64x32xf32>) attributes {attn.config = #attn.config<tile_m = 16, tile_n = 8>}
  return %r : tensor<64x32xf32>
}

// -----

func.func @softmax(%x: tensor<4x1024xf32>, %out: tensor<4x1024xf32>) -> tensor<4x1024xf32> {
  // CHECK: [Passed] SoftmaxAlgorithm | Category:attn-rewrite-softmax | algorithm=blocked
  // expected-remark-re @+3 {{[Passed] OnlineSoftmax {{.*}}op=attn.softmax}}
  // expected-remark-re @+2 {{[Passed] TileParallel {{.*}}dims=1, op=attn.normalize, tile_m=2}}
  // expected-remark-re @+1 {{[Passed] TileKv {{.*}}masks="no block", order=query-outer, skips_blocks=no, tile_n=256}}
  %y = attn.softmax dimension(1) ins(%x : tensor<4x1024xf32>) outs(%out : tensor<4x1024xf32>) attributes {attn.config = #attn.config<tile_m = 2, tile_n = 256>}
  return %y : tensor<4x1024xf32>
}

// -----

// A state that has another reader is made for all rows at once.

func.func @read_twice(%x: tensor<8x16xf32>, %m0: tensor<8xf32>, %l0: tensor<8xf32>, %y: tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8xf32>) {
  // expected-remark-re @+3 {{[Missed] FuseProducer {{.*}}its state has another reader than the 'attn.normalize' that is tiled}}
  // expected-remark-re @+2 {{[Passed] TileParallel {{.*}}op=attn.online_softmax}}
  // expected-remark-re @+1 {{[Passed] TileKv {{.*}}tile_n=4}}
  %m, %l = attn.online_softmax dimension(1) ins(%x : tensor<8x16xf32>) outs(%m0, %l0 : tensor<8xf32>, tensor<8xf32>) attributes {attn.config = #attn.config<tile_m = 2, tile_n = 4>}
  // expected-remark-re @+1 {{[Passed] TileParallel {{.*}}op=attn.normalize}}
  %r = attn.normalize dimension(1) ins(%x, %m, %l : tensor<8x16xf32>, tensor<8xf32>, tensor<8xf32>) outs(%y : tensor<8x16xf32>) attributes {attn.config = #attn.config<tile_m = 2, tile_n = 4>}
  return %r, %m : tensor<8x16xf32>, tensor<8xf32>
}
