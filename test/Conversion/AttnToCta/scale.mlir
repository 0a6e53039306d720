// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=128},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s
// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=128},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s --check-prefix=BASE-E

// A scale that is known to be positive keeps the order of the scores, so that the maximum is that of the plain products:
// scale, subtraction and base are one fma. That is so in base e too.

// CHECK-LABEL: gpu.func @positive_0
//       CHECK:   %[[F:.*]] = arith.constant dense<0.72134751> : tensor<128x128xf32>
//       CHECK:   %[[S:.*]] = scf.if
//       CHECK:   cta.reduce maximum %[[S]]
//       CHECK:   %[[X:.*]] = math.fma %[[S]], %[[F]], %{{.*}} : tensor<128x128xf32>
//       CHECK:   math.exp2 %[[X]]

// BASE-E-LABEL: gpu.func @positive_0
//       BASE-E:   %[[F:.*]] = arith.constant dense<0.72134751> : tensor<128x128xf32>
//       BASE-E:   math.fma %{{.*}}, %[[F]], %{{.*}} : tensor<128x128xf32>
func.func @positive(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention scale(0.5) ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// Of an operand the sign is not known: scores are multiplied before the maximum is taken.

// CHECK-LABEL: gpu.func @operand_0
//       CHECK:   %[[DOT:.*]] = cta.dot %{{.*}} transpose_b
//       CHECK:   %[[SCALE:.*]] = cta.splat %{{.*}} : f32 -> tensor<128x128xf32>
//       CHECK:   %[[S:.*]] = arith.mulf %[[DOT]], %[[SCALE]]
//       CHECK:   scf.if
//       CHECK:     else
//       CHECK:     scf.yield %[[S]]
//       CHECK:   cta.reduce maximum
//       CHECK:   arith.subf {{.*}} : tensor<128x128xf32>
func.func @operand(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %scale: f32, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention scale(%scale : f32) ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// So they are for a negative scale.

// CHECK-LABEL: gpu.func @negative_0
//       CHECK:   %[[SCALE:.*]] = arith.constant dense<-0.72134751> : tensor<128x128xf32>
//       CHECK:   %[[DOT:.*]] = cta.dot %{{.*}} transpose_b
//       CHECK:   arith.mulf %[[DOT]], %[[SCALE]]
func.func @negative(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention scale(-0.5) ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// S2_softcap_first: the cap sees the scaled score. It keeps the state in base e; the difference to the maximum is taken
// before it is multiplied by log2(e).

// CHECK-LABEL: gpu.func @softcap_0
//   CHECK-DAG:   %[[LOG2E:.*]] = arith.constant dense<1.44269502> : tensor<128x128xf32>
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant dense<1.250000e-01> : tensor<128x128xf32>
//       CHECK:   %[[DOT:.*]] = cta.dot %{{.*}} transpose_b
//       CHECK:   %[[S:.*]] = arith.mulf %[[DOT]], %[[SCALE]]
//       CHECK:   %[[C:.*]] = arith.mulf %[[S]],
//       CHECK:   %[[T:.*]] = math.tanh %[[C]]
//       CHECK:   %[[CAPPED:.*]] = arith.mulf %[[T]],
//       CHECK:   scf.if
//       CHECK:     arith.select %{{.*}}, %[[CAPPED]],
//       CHECK:   %[[D:.*]] = arith.subf %{{.*}} : tensor<128x128xf32>
//       CHECK:   %[[X:.*]] = arith.mulf %[[D]], %[[LOG2E]]
//       CHECK:   math.exp2 %[[X]]
func.func @softcap(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %v: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention softcap(30.0) ins(%q, %k, %v : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}
