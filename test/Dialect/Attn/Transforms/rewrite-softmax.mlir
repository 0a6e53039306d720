// RUN: fovea-opt %s --attn-rewrite-softmax=algorithm=naive --canonicalize --cse | FileCheck %s --check-prefix=NAIVE
// RUN: fovea-opt %s --attn-rewrite-softmax=algorithm=safe --canonicalize --cse | FileCheck %s --check-prefix=SAFE
// RUN: fovea-opt %s --attn-rewrite-softmax="algorithm=blocked block=32" --canonicalize --cse | FileCheck %s --check-prefix=BLOCKED
// RUN: fovea-opt %s --attn-rewrite-softmax=algorithm=fused | FileCheck %s --check-prefix=FUSED
// RUN: not fovea-opt %s --attn-rewrite-softmax="algorithm=blocked block=0" 2>&1 | FileCheck %s --check-prefix=BLOCK
// BLOCK: error: 'attn.softmax' op needs blocks of at least 1 element, got 0
// FUSED: attn.softmax

// Two loops over a row: the sum, from its last element, and the quotients.
// NAIVE: scf.forall (%[[I:.*]]) in (3) shared_outs(%[[OUT:.*]] = %arg1)
// NAIVE:   tensor.extract %arg0[%[[I]], %{{.*}}]
// NAIVE:   math.exp
// NAIVE:   scf.for %{{.*}} = %{{.*}} to %c99
// NAIVE:     math.exp
// NAIVE:     arith.addf
// NAIVE:   scf.for %{{.*}} = %{{.*}} to %c100
// NAIVE:     math.exp
// NAIVE:     arith.divf
// NAIVE:     tensor.insert
// NAIVE-NOT: arith.maximumf
// NAIVE-NOT: scf.for %

// Three, the maximum first.
// SAFE: scf.for
// SAFE:   arith.maximumf
// SAFE: scf.for
// SAFE:   arith.subf
// SAFE:   math.exp
// SAFE:   arith.addf
// SAFE: scf.for
// SAFE:   arith.divf
// SAFE-NOT: scf.for %

// A state per row and block in parallel, then the merge of a row's states and its quotients.
// BLOCKED: scf.forall (%{{.*}}, %{{.*}}) in (3, 4) {{.*}} -> (tensor<3x4xf32>, tensor<3x4xf32>)
// BLOCKED:   scf.for
// BLOCKED:     arith.maximumf
// BLOCKED: scf.forall (%{{.*}}) in (3)
// BLOCKED:   scf.for %{{.*}} = %c1 to %c4
// BLOCKED:     arith.maximumf
// BLOCKED:   scf.for
// BLOCKED:     arith.divf

func.func @softmax(%x: tensor<3x100xf32>, %y: tensor<3x100xf32>) -> tensor<3x100xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<3x100xf32>) outs(%y : tensor<3x100xf32>)
  return %r : tensor<3x100xf32>
}
