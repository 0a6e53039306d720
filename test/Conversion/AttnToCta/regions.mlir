// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=128},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s

// What depends on neither row nor key is a scalar in front of the loop, positions are i32 (the coordinate within the tile
// added to where the tile lies), and an absolute distance becomes a float without a detour through 64 bits.

// CHECK-LABEL: gpu.func @alibi_0
//       CHECK:   %[[TILE:.*]]:2 = cta.tile_index
//       CHECK:   %[[SLOPE:.*]] = memref.load %{{.*}}[%[[TILE]]#0] : memref<8xf32
//       CHECK:   scf.for
//       CHECK:     cta.dot
//       CHECK:     %[[ROW:.*]] = cta.iota dim 0 : tensor<128x128xi32>
//       CHECK:     arith.addi %{{.*}}, %[[ROW]]
//       CHECK:     %[[KEY:.*]] = cta.iota dim 1 : tensor<128x128xi32>
//       CHECK:     arith.addi %{{.*}}, %[[KEY]]
//       CHECK:     %[[DISTANCE:.*]] = math.absi %{{.*}} : tensor<128x128xi32>
//   CHECK-NOT:     xi64
//       CHECK:     %[[REAL:.*]] = arith.sitofp %[[DISTANCE]] : tensor<128x128xi32> to tensor<128x128xf32>
//       CHECK:     %[[SLOPES:.*]] = cta.splat %{{.*}} : f32 -> tensor<128x128xf32>
//       CHECK:     arith.mulf %[[SLOPES]], %[[REAL]]
func.func @alibi(%q: tensor<8x?x64xf16>, %k: tensor<8x?x64xf16>, %v: tensor<8x?x64xf16>, %slopes: tensor<8xf32>, %o: tensor<8x?x64xf16>) -> tensor<8x?x64xf16> {
  %r = attn.attention alibi(%slopes : tensor<8xf32>) align(top_left) ins(%q, %k, %v : tensor<8x?x64xf16>, tensor<8x?x64xf16>, tensor<8x?x64xf16>) outs(%o : tensor<8x?x64xf16>)
  return %r : tensor<8x?x64xf16>
}

// -----

// S10_broadcast_bias: a bias of one row is read once per key, and repeated; a bias without a head dimension is read
// without one.

// CHECK-LABEL: gpu.func @row_bias_0
//       CHECK:   scf.for
//       CHECK:     %[[B:.*]] = cta.read %{{.*}}[%c0, %[[N0:.*]]] dims [1] : memref<1x?xbf16, {{.*}}> -> tensor<128xbf16>
//       CHECK:     %[[T:.*]] = cta.broadcast %[[B]] dim 0 : tensor<128xbf16> -> tensor<128x128xbf16>
//       CHECK:     arith.extf %[[T]] : tensor<128x128xbf16> to tensor<128x128xf32>
func.func @row_bias(%q: tensor<8x?x64xf16>, %k: tensor<8x?x64xf16>, %v: tensor<8x?x64xf16>, %bias: tensor<1x?xbf16>, %o: tensor<8x?x64xf16>) -> tensor<8x?x64xf16> {
  %r = attn.attention bias(%bias : tensor<1x?xbf16>) ins(%q, %k, %v : tensor<8x?x64xf16>, tensor<8x?x64xf16>, tensor<8x?x64xf16>) outs(%o : tensor<8x?x64xf16>)
  return %r : tensor<8x?x64xf16>
}

// -----

// Document numbers: those of the rows are read in front of the loop, those of the keys in each block.

#q = affine_map<(i, j, k, n) -> (i, k)>
#k = affine_map<(i, j, k, n) -> (j, k)>
#v = affine_map<(i, j, k, n) -> (j, n)>
#o = affine_map<(i, j, k, n) -> (i, n)>
#row = affine_map<(i, j, k, n) -> (i)>
#key = affine_map<(i, j, k, n) -> (j)>

// CHECK-LABEL: gpu.func @documents_0
//       CHECK:   %[[ROWS:.*]] = cta.read %{{.*}} dims [0] : memref<?xi32, {{.*}}> -> tensor<128xi32>
//       CHECK:   scf.for
//       CHECK:     %[[A:.*]] = cta.broadcast %[[ROWS]] dim 1
//       CHECK:     %[[KEYS:.*]] = cta.read %{{.*}} dims [0] : memref<?xi32, {{.*}}> -> tensor<128xi32>
//       CHECK:     %[[B:.*]] = cta.broadcast %[[KEYS]] dim 0
//       CHECK:     arith.cmpi eq, %[[A]], %[[B]] : tensor<128x128xi32>
func.func @documents(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %rows: tensor<?xi32>, %keys: tensor<?xi32>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) captures(%rows, %keys : tensor<?xi32>, tensor<?xi32>)
      outs(%o : tensor<?x64xf16>) maps [#q, #k, #v, #row, #key, #o] mask {
  ^bb0(%a: i32, %b: i32):
    %same = arith.cmpi eq, %a, %b : i32
    attn.yield %same : i1
  }
  return %r : tensor<?x64xf16>
}

// -----

// A table read at computed positions is gathered; one that is read at the same position for all is read once.

// CHECK-LABEL: gpu.func @tables_0
//       CHECK:   %[[TILE:.*]]:2 = cta.tile_index
//       CHECK:   cta.load
//       CHECK:   %[[LENGTH:.*]] = memref.load %{{.*}} : memref<8xi32
//       CHECK:   scf.for
//       CHECK:     %[[AT:.*]] = arith.subi {{.*}} : tensor<128x128xi32>
//       CHECK:     cta.gather %{{.*}}[%{{.*}}, %[[AT]]] : memref<8x?xf32, {{.*}}>, i32, tensor<128x128xi32> -> tensor<128x128xf32>
//       CHECK:     cta.splat %[[LENGTH]] : i32 -> tensor<128xi32>
func.func @tables(%q: tensor<8x?x64xf16>, %k: tensor<8x?x64xf16>, %v: tensor<8x?x64xf16>, %bias: tensor<8x?xf32>, %lengths: tensor<8xi32>, %o: tensor<8x?x64xf16>) -> tensor<8x?x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<8x?x64xf16>, tensor<8x?x64xf16>, tensor<8x?x64xf16>) captures(%bias, %lengths : tensor<8x?xf32>, tensor<8xi32>)
      outs(%o : tensor<8x?x64xf16>) score {
  ^bb0(%s: f32, %b: tensor<8x?xf32>, %l: tensor<8xi32>):
    %h = attn.index 0 : index
    %i = attn.index 1 : index
    %j = attn.index 2 : index
    %at = arith.subi %i, %j : index
    %x = tensor.extract %b[%h, %at] : tensor<8x?xf32>
    %y = arith.addf %s, %x : f32
    attn.yield %y : f32
  } mask {
  ^bb0(%b: tensor<8x?xf32>, %l: tensor<8xi32>):
    %h = attn.index 0 : index
    %j = attn.index 2 : index
    %n = tensor.extract %l[%h] : tensor<8xi32>
    %ji = arith.index_cast %j : index to i32
    %keep = arith.cmpi slt, %ji, %n : i32
    attn.yield %keep : i1
  }
  return %r : tensor<8x?x64xf16>
}

// -----

// A capture whose positions are divided (a mask of blocks) is gathered.

#q = affine_map<(i, j, k, n) -> (i, k)>
#k = affine_map<(i, j, k, n) -> (j, k)>
#v = affine_map<(i, j, k, n) -> (j, n)>
#o = affine_map<(i, j, k, n) -> (i, n)>
#block = affine_map<(i, j, k, n) -> (i floordiv 64, j floordiv 32)>

// CHECK-LABEL: gpu.func @block_mask_0
//       CHECK:   cta.dot
//       CHECK:   %[[I:.*]] = arith.divui %{{.*}}, %{{.*}} : tensor<128x128xi32>
//       CHECK:   %[[ROW:.*]] = arith.addi %{{.*}}, %[[I]]
//       CHECK:   %[[J:.*]] = arith.divui %{{.*}}, %{{.*}} : tensor<128x128xi32>
//       CHECK:   %[[KEY:.*]] = arith.addi %{{.*}}, %[[J]]
//       CHECK:   cta.gather %{{.*}}[%[[ROW]], %[[KEY]]] : memref<4x8xi1, {{.*}}>, tensor<128x128xi32>, tensor<128x128xi32> -> tensor<128x128xi1>
func.func @block_mask(%q: tensor<256x64xf16>, %k: tensor<256x64xf16>, %v: tensor<256x64xf16>, %keep: tensor<4x8xi1>, %o: tensor<256x64xf16>) -> tensor<256x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<256x64xf16>, tensor<256x64xf16>, tensor<256x64xf16>) captures(%keep : tensor<4x8xi1>)
      outs(%o : tensor<256x64xf16>) maps [#q, #k, #v, #block, #o] mask {
  ^bb0(%x: i1):
    attn.yield %x : i1
  }
  return %r : tensor<256x64xf16>
}
