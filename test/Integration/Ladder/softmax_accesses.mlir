// What the algorithms of the literature read, write and compute, counted while they run (Milakov and Gimelshein 2018):
// 3 / 4 / 3 / 3 accesses per element, and for a row of s = 100 elements 4s - 1, 7s - 2, 10s and 10s + 8 per merge flops.

// RUN: fovea-run %s --target cpu --check --count --pipeline-options="softmax=naive" | FileCheck %s --check-prefix=NAIVE
// NAIVE: PASS
// NAIVE: argument 0: 3x100xf32: reads 600 (2 per element), writes 0
// NAIVE: argument 1: 3x100xf32: reads 0, writes 300 (1 per element)
// NAIVE: temporaries: 0 bytes: reads 0, writes 0
// NAIVE: flops 1197,

// RUN: fovea-run %s --target cpu --check --count --pipeline-options="softmax=safe" | FileCheck %s --check-prefix=SAFE
// SAFE: PASS
// SAFE: argument 0: 3x100xf32: reads 900 (3 per element), writes 0
// SAFE: argument 1: 3x100xf32: reads 0, writes 300 (1 per element)
// SAFE: temporaries: 0 bytes: reads 0, writes 0
// SAFE: flops 2094,

// RUN: fovea-run %s --target cpu --check --count --pipeline-options="softmax=online" | FileCheck %s --check-prefix=ONLINE
// ONLINE: PASS
// ONLINE: argument 0: 3x100xf32: reads 600 (2 per element), writes 0
// ONLINE: argument 1: 3x100xf32: reads 0, writes 300 (1 per element)
// ONLINE: temporaries: 0 bytes: reads 0, writes 0
// ONLINE: flops 3000,

// Four blocks are merged three times per row; their states, two numbers each, are in memory where M is small.
// RUN: fovea-run %s --target cpu --check --count --on-chip 64 --pipeline-options="softmax=blocked softmax-block=32" | FileCheck %s --check-prefix=BLOCKED
// BLOCKED: PASS
// BLOCKED: argument 0: 3x100xf32: reads 600 (2 per element), writes 0
// BLOCKED: argument 1: 3x100xf32: reads 0, writes 300 (1 per element)
// BLOCKED: flops 3072,

// A row that stays on chip is read once, one that does not fit is read again by the normalisation.
// RUN: fovea-run %s --target cpu --check --count | FileCheck %s --check-prefix=FUSED
// FUSED: PASS
// FUSED: argument 0: 3x100xf32: reads 300 (1 per element), writes 0
// FUSED: argument 1: 3x100xf32: reads 0, writes 300 (1 per element)
// RUN: fovea-run %s --target cpu --count --on-chip 200 | FileCheck %s --check-prefix=LONG
// LONG: argument 0: 3x100xf32: reads 600 (2 per element), writes 0

// Every pass of the unfused form goes over memory.
// RUN: fovea-run %s --target cpu --check --count --on-chip 200 --unfused | FileCheck %s --check-prefix=UNFUSED
// UNFUSED: PASS
// UNFUSED: argument 0: 3x100xf32: reads 900 (3 per element), writes 0
// UNFUSED: temporaries: 1200 bytes: reads 300, writes 300

func.func @softmax(%x: tensor<3x100xf32>, %y: tensor<3x100xf32>) -> tensor<3x100xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<3x100xf32>) outs(%y : tensor<3x100xf32>)
  return %r : tensor<3x100xf32>
}
