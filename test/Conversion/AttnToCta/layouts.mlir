// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=128},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s

// Rows and heads in any order: the maps say which dimensions of a memref a tile runs along.

#q = affine_map<(b, h, i, j, k, n) -> (b, i, h, k)>
#k = affine_map<(b, h, i, j, k, n) -> (b, j, h floordiv 2, k)>
#v = affine_map<(b, h, i, j, k, n) -> (b, j, h floordiv 2, n)>
#o = affine_map<(b, h, i, j, k, n) -> (b, i, h, n)>

// CHECK-LABEL: gpu.func @rows_before_heads_0
//       CHECK:   %[[TILE:.*]]:3 = cta.tile_index
//       CHECK:   %[[HK:.*]] = arith.floordivsi %[[TILE]]#1, %c2
//       CHECK:   cta.load %{{.*}}[%[[TILE]]#0, %[[M0:.*]], %[[TILE]]#1, %c0] dims [1, 3]
//       CHECK:   scf.for
//       CHECK:     cta.load %{{.*}}[%[[TILE]]#0, %[[N0:.*]], %[[HK]], %c0] dims [1, 3]
//       CHECK:     cta.load %{{.*}}[%[[TILE]]#0, %[[N0]], %[[HK]], %c0] dims [1, 3]
//       CHECK:   cta.store %{{.*}}[%[[TILE]]#0, %[[M0]], %[[TILE]]#1, %c0] dims [1, 3]
func.func @rows_before_heads(%q: tensor<?x?x4x64xf16>, %k: tensor<?x?x2x64xf16>, %v: tensor<?x?x2x64xf16>, %o: tensor<?x?x4x64xf16>) -> tensor<?x?x4x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x?x4x64xf16>, tensor<?x?x2x64xf16>, tensor<?x?x2x64xf16>) outs(%o : tensor<?x?x4x64xf16>) maps [#q, #k, #v, #o]
  return %r : tensor<?x?x4x64xf16>
}

// -----

// The QK head dim may differ from the value's (S14).

// CHECK-LABEL: gpu.func @head_dims_0
//       CHECK:   cta.load %{{.*}} -> <128x192xbf16>
//       CHECK:   cta.load %{{.*}} -> <128x192xbf16>
//       CHECK:   cta.load %{{.*}} -> <128x96xbf16>
//       CHECK:   cta.dot %{{.*}} : tensor<128x128xbf16>, <128x96xbf16>, tensor<128x96xf32> -> tensor<128x96xf32>
func.func @head_dims(%q: tensor<?x192xbf16>, %k: tensor<?x192xbf16>, %v: tensor<?x96xbf16>, %o: tensor<?x96xbf16>) -> tensor<?x96xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x192xbf16>, tensor<?x192xbf16>, tensor<?x96xbf16>) outs(%o : tensor<?x96xbf16>)
  return %r : tensor<?x96xbf16>
}

// -----

// Keys and values whose head dim comes first are loaded as they lie, and read the other way by the products. Such an output
// is written element by element.

#q = affine_map<(i, j, k, n) -> (i, k)>
#k = affine_map<(i, j, k, n) -> (k, j)>
#v = affine_map<(i, j, k, n) -> (n, j)>
#o = affine_map<(i, j, k, n) -> (n, i)>

// CHECK-LABEL: gpu.func @head_dim_first_0
//       CHECK:   %[[K:.*]] = cta.load %{{.*}}[%c0, %[[N0:.*]]] dims [0, 1] : memref<64x?xf16, {{.*}}> -> <64x128xf16>
//       CHECK:   %[[V:.*]] = cta.load %{{.*}}[%c0, %[[N0]]] dims [0, 1] : memref<32x?xf16, {{.*}}> -> <32x128xf16>
//       CHECK:   cta.dot %{{.*}}, %[[K]] : !cta.tile<128x64xf16>, <64x128xf16> -> tensor<128x128xf32>
//       CHECK:   cta.dot %{{.*}}, %[[V]], %{{.*}} transpose_b : tensor<128x128xf16>, <32x128xf16>, tensor<128x32xf32>
//       CHECK:   cta.write %{{.*}}[%c0, %{{.*}}] dims [1, 0] : tensor<128x32xf16>, memref<32x?xf16
func.func @head_dim_first(%q: tensor<?x64xf16>, %k: tensor<64x?xf16>, %v: tensor<32x?xf16>, %o: tensor<32x?xf16>) -> tensor<32x?xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x64xf16>, tensor<64x?xf16>, tensor<32x?xf16>) outs(%o : tensor<32x?xf16>) maps [#q, #k, #v, #o]
  return %r : tensor<32x?xf16>
}
