// RUN: not fovea-opt %s -attn-select-schedule="vector-bytes=2" 2>&1 | FileCheck %s --check-prefix=VECTOR
// RUN: not fovea-opt %s -attn-select-schedule="vector-bytes=48" 2>&1 | FileCheck %s --check-prefix=POWER
// RUN: not fovea-opt %s -attn-select-schedule="l1-bytes=0" 2>&1 | FileCheck %s --check-prefix=CACHE
// RUN: not fovea-opt %s -attn-select-schedule="threads=-1" 2>&1 | FileCheck %s --check-prefix=THREADS

// A machine that cannot be is one diagnostic.

// VECTOR: error: attn-select-schedule: vector-bytes must be a power of two of at least 16, got 2
// POWER: error: attn-select-schedule: vector-bytes must be a power of two of at least 16, got 48
// CACHE: error: attn-select-schedule: l1-bytes must be positive, got 0
// THREADS: error: attn-select-schedule: threads must be positive, got -1
func.func @f(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %o = attn.attention ins(%q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%q : tensor<4x8xf32>)
  return %o : tensor<4x8xf32>
}
