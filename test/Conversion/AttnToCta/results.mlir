// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=128},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s

// S3_fully_masked_row: a sum of 0 gives an output of 0; one division per row. S4: the LSE is natural.

// CHECK-LABEL: gpu.func @output_and_lse_0
//   CHECK-DAG:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<128xf32>
//   CHECK-DAG:   %[[LN2:.*]] = arith.constant dense<0.693147182> : tensor<128xf32>
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant dense<0.180336878> : tensor<128xf32>
//       CHECK:   %[[S:.*]]:3 = scf.for
//       CHECK:   %[[SUM:.*]] = cta.reduce add %[[S]]#2 dim 1 : tensor<128x4xf32> -> tensor<128xf32>
//       CHECK:   %[[MAX:.*]] = arith.mulf %[[S]]#1, %[[SCALE]]
//       CHECK:   %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[SUM]] : tensor<128xf32>
//       CHECK:   %[[EMPTY:.*]] = arith.cmpf oeq, %[[SUM]], %[[ZERO]]
//       CHECK:   %[[GUARDED:.*]] = arith.select %[[EMPTY]], %[[ZERO]], %[[INVERSE]]
//       CHECK:   %[[FACTOR:.*]] = cta.broadcast %[[GUARDED]] dim 1
//       CHECK:   %[[O:.*]] = arith.mulf %[[S]]#0, %[[FACTOR]]
//       CHECK:   %[[ROUNDED:.*]] = arith.truncf %[[O]]
//       CHECK:   cta.store %[[ROUNDED]]
//       CHECK:   %[[LOG:.*]] = math.log2 %[[SUM]]
//       CHECK:   %[[LSE2:.*]] = arith.addf %[[MAX]], %[[LOG]]
//       CHECK:   %[[LSE:.*]] = arith.mulf %[[LSE2]], %[[LN2]]
//       CHECK:   cta.write %[[LSE]]
func.func @output_and_lse(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %o: tensor<?x64xf16>, %l: tensor<?xf32>) -> (tensor<?x64xf16>, tensor<?xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o, lse %l : tensor<?x64xf16>, tensor<?xf32>)
  return %r#0, %r#1 : tensor<?x64xf16>, tensor<?xf32>
}

// -----

// S5_sink: one logit per head joins the denominator at the common maximum, and the LSE with it.

// CHECK-LABEL: gpu.func @sink_0
//       CHECK:   %[[TILE:.*]]:2 = cta.tile_index
//       CHECK:   %[[S:.*]]:3 = scf.for
//       CHECK:   %[[SUM:.*]] = cta.reduce add %[[S]]#2 dim 1 : tensor<128x4xf32>
//       CHECK:   %[[MAX:.*]] = arith.mulf %[[S]]#1,
//       CHECK:   %[[SCALAR:.*]] = memref.load %{{.*}}[%[[TILE]]#0] : memref<8xf32
//       CHECK:   %[[NATURAL:.*]] = cta.splat %[[SCALAR]]
//       CHECK:   %[[SINK:.*]] = arith.mulf %[[NATURAL]],
//       CHECK:   %[[JOINT:.*]] = arith.maximumf %[[MAX]], %[[SINK]]
//       CHECK:   %[[D0:.*]] = arith.subf %[[MAX]], %[[JOINT]]
//       CHECK:   %[[KEEP:.*]] = math.exp2 %[[D0]]
//       CHECK:   %[[D1:.*]] = arith.subf %[[SINK]], %[[JOINT]]
//       CHECK:   %[[ADDED:.*]] = math.exp2 %[[D1]]
//       CHECK:   %[[TOTAL:.*]] = math.fma %[[SUM]], %[[KEEP]], %[[ADDED]]
//       CHECK:   %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[TOTAL]]
//       CHECK:   arith.mulf %[[INVERSE]], %[[KEEP]]
//       CHECK:   %[[LOG:.*]] = math.log2 %[[TOTAL]]
//       CHECK:   arith.addf %[[JOINT]], %[[LOG]]
func.func @sink(%q: tensor<8x?x64xf16>, %k: tensor<8x?x64xf16>, %v: tensor<8x?x64xf16>, %sink: tensor<8xf32>, %o: tensor<8x?x64xf16>, %l: tensor<8x?xf32>) -> (tensor<8x?x64xf16>, tensor<8x?xf32>) {
  %r:2 = attn.attention sink(%sink : tensor<8xf32>) ins(%q, %k, %v : tensor<8x?x64xf16>, tensor<8x?x64xf16>, tensor<8x?x64xf16>) outs(%o, lse %l : tensor<8x?x64xf16>, tensor<8x?xf32>)
  return %r#0, %r#1 : tensor<8x?x64xf16>, tensor<8x?xf32>
}

// -----

// S12_lagging_maximum: the accumulator is rescaled only where the maximum has grown by more than 2^8 in the weights' base;
// otherwise it stays the reference. The maximum that is asked for is carried beside it; of no key at all it is -inf.

// CHECK-LABEL: gpu.func @rescale_0
//   CHECK-DAG:   %[[LIMIT:.*]] = arith.constant dense<44.3614197> : tensor<128xf32>
//   CHECK-DAG:   %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<128xf32>
//   CHECK-DAG:   %[[LOWEST:.*]] = arith.constant dense<0xFF800000> : tensor<128xf32>
//       CHECK:   %[[S:.*]]:4 = scf.for {{.*}} iter_args(%[[ACC:[a-z0-9]+]] = %{{.*}}, %[[M:[a-z0-9]+]] = %{{.*}}, %{{.*}} = %{{.*}}, %[[T:[a-z0-9]+]] = %{{.*}})
//       CHECK:     %[[BM:.*]] = cta.reduce maximum
//       CHECK:     %[[X:.*]] = arith.maximumf %[[M]], %[[BM]]
//       CHECK:     %[[TRUE:.*]] = arith.maximumf %[[T]], %[[BM]]
//       CHECK:     %[[GROWTH:.*]] = arith.subf %[[X]], %[[M]]
//       CHECK:     %[[LARGE:.*]] = arith.cmpf ogt, %[[GROWTH]], %[[LIMIT]]
//       CHECK:     %[[ANY:.*]] = cta.any %[[LARGE]]
//       CHECK:     %[[USED:.*]] = arith.select %[[ANY]], %[[X]], %[[M]]
//       CHECK:     %[[KEEP:.*]] = arith.select %[[ANY]], %{{.*}}, %[[ONE]]
//       CHECK:     %[[A1:.*]] = scf.if %[[ANY]]
//       CHECK:       %[[B:.*]] = cta.broadcast %[[KEEP]] dim 1
//       CHECK:       %[[A:.*]] = arith.mulf %[[ACC]], %[[B]]
//       CHECK:       scf.yield %[[A]]
//       CHECK:     } else {
//  CHECK-NEXT:       scf.yield %[[ACC]]
//       CHECK:     scf.yield %{{.*}}, %[[USED]], %{{.*}}, %[[TRUE]]
//       CHECK:   %[[SUM:.*]] = cta.reduce add %[[S]]#2
//       CHECK:   %[[EMPTY:.*]] = arith.cmpf oeq, %[[SUM]],
//       CHECK:   %[[SCALED:.*]] = arith.mulf %[[S]]#3,
//       CHECK:   %[[NATURAL:.*]] = arith.mulf %[[SCALED]],
//       CHECK:   %[[MAX:.*]] = arith.select %[[EMPTY]], %[[LOWEST]], %[[NATURAL]]
//       CHECK:   cta.write %[[MAX]]
func.func @rescale(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %o: tensor<?x64xf16>, %m: tensor<?xf32>) -> (tensor<?x64xf16>, tensor<?xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o, max %m : tensor<?x64xf16>, tensor<?xf32>)
      attributes {attn.config = #attn.config<tile_m = 128, tile_n = 128, rescale_log2 = 8>}
  return %r#0, %r#1 : tensor<?x64xf16>, tensor<?xf32>
}
