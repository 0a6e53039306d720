// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=128},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s

// Whole blocks of a static number of keys, all of which every row sees: no mask, and the bounds are constants.

// CHECK-LABEL: gpu.func @whole_blocks_0
//       CHECK:   %[[BLOCKS:.*]] = arith.constant 4 : i32
//       CHECK:   scf.for %{{.*}} = %{{.*}} to %[[BLOCKS]]
//   CHECK-NOT:     scf.if
//   CHECK-NOT:     arith.select {{.*}} tensor<128x128xf32>
//       CHECK:     scf.yield
func.func @whole_blocks(%q: tensor<256x64xf16>, %k: tensor<512x64xf16>, %v: tensor<512x64xf16>, %o: tensor<256x64xf16>) -> tensor<256x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<256x64xf16>, tensor<512x64xf16>, tensor<512x64xf16>) outs(%o : tensor<256x64xf16>)
  return %r : tensor<256x64xf16>
}

// -----

// A static number of keys that is no multiple of the block: the first block to be visited, which holds the last keys, is
// masked.

// CHECK-LABEL: gpu.func @static_rest_0
//   CHECK-DAG:   %[[LAST:.*]] = arith.constant 384 : index
//   CHECK-DAG:   %[[INLAST:.*]] = arith.constant 116 : index
//   CHECK-DAG:   %[[ONE:.*]] = arith.constant 1 : i32
//       CHECK:   scf.for %[[J:[a-z0-9]+]] = %{{.*}} to %c4_i32
//       CHECK:     %[[BEHIND:.*]] = arith.muli
//       CHECK:     arith.subi %[[LAST]], %[[BEHIND]]
//       CHECK:     %[[EDGE:.*]] = arith.cmpi slt, %[[J]], %[[ONE]] : i32
//       CHECK:     scf.if %[[EDGE]]
//       CHECK:       %[[REST:.*]] = arith.addi %[[BEHIND]], %[[INLAST]]
//       CHECK:       %[[REST32:.*]] = arith.index_cast %[[REST]] : index to i32
//       CHECK:       %[[RESTS:.*]] = cta.splat %[[REST32]]
//       CHECK:       %[[LASTS:.*]] = arith.subi %[[RESTS]],
//       CHECK:       %[[COLUMN:.*]] = cta.iota dim 1
//       CHECK:       %[[BOUND:.*]] = cta.broadcast %[[LASTS]] dim 1
//       CHECK:       arith.cmpi sle, %[[COLUMN]], %[[BOUND]]
func.func @static_rest(%q: tensor<256x64xf16>, %k: tensor<500x64xf16>, %v: tensor<500x64xf16>, %o: tensor<256x64xf16>) -> tensor<256x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<256x64xf16>, tensor<500x64xf16>, tensor<500x64xf16>) outs(%o : tensor<256x64xf16>)
  return %r : tensor<256x64xf16>
}

// -----

// A short problem is one tile and one block, of whole warpgroups (without a schedule, as many as it takes) and multiples of
// 16 keys; its end is masked.

// CHECK-LABEL: gpu.func @short_0
//  CHECK-SAME:   cta.schedule = #cta.schedule<warpgroups = 1>
//       CHECK:   cta.load %{{.*}} -> <64x64xf16>
//       CHECK:   cta.load %{{.*}} -> <48x64xf16>
//       CHECK:   cta.load %{{.*}} -> <48x64xf16>
//       CHECK:   cta.dot %{{.*}} -> tensor<64x48xf32>
//       CHECK:   arith.select {{.*}} tensor<64x48xf32>
func.func @short(%q: tensor<8x1x64xf16>, %k: tensor<8x40x64xf16>, %v: tensor<8x40x64xf16>, %o: tensor<8x1x64xf16>) -> tensor<8x1x64xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<8x1x64xf16>, tensor<8x40x64xf16>, tensor<8x40x64xf16>) outs(%o : tensor<8x1x64xf16>)
  return %r : tensor<8x1x64xf16>
}

// -----

// A window cuts both ends: the last blocks and those from the first full one down are masked, the ones between are not.

// CHECK-LABEL: gpu.func @window_0
//       CHECK:   scf.for %[[J:[a-z0-9]+]] =
//       CHECK:     %[[TAIL:.*]] = arith.cmpi slt, %[[J]], %{{.*}} : i32
//       CHECK:     %[[HEAD:.*]] = arith.cmpi sge, %[[J]], %{{.*}} : i32
//       CHECK:     %[[EDGE:.*]] = arith.ori %[[TAIL]], %[[HEAD]]
//       CHECK:     scf.if %[[EDGE]]
func.func @window(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention window(500, 500) align(top_left) ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// A mask that the analysis cannot read is evaluated for every block, without a condition.

// CHECK-LABEL: gpu.func @opaque_0
//       CHECK:   scf.for
//   CHECK-NOT:     scf.if
//       CHECK:     cta.read %{{.*}} dims [0, 1] : memref<?x?xi1
//       CHECK:     arith.select {{.*}} : tensor<128x128xi1>, tensor<128x128xf32>
func.func @opaque(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %keep: tensor<?x?xi1>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention keep(%keep : tensor<?x?xi1>) ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}
