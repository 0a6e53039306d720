// The same module is the same code each time, whatever addresses the compiler's objects have. States that are equal when
// they start (a fixed maximum of 0, and the sum) tempt bufferization to share memory in one way or the other.

// RUN: fovea-opt %s -attn-to-llvm="splits=2 maximum=unified unified-max=0" > %t.0
// RUN: fovea-opt %s -attn-to-llvm="splits=2 maximum=unified unified-max=0" > %t.1
// RUN: fovea-opt %s -attn-to-llvm="splits=2 maximum=unified unified-max=0" > %t.2
// RUN: fovea-opt %s -attn-to-llvm="splits=2 maximum=unified unified-max=0" > %t.3
// RUN: FileCheck %s < %t.0
// RUN: cmp %t.0 %t.1 && cmp %t.0 %t.2 && cmp %t.0 %t.3

// CHECK: llvm.func @masked(
// CHECK: llvm.call @foveaParallelFor
func.func @masked(%q: tensor<128x24xf32>, %k: tensor<128x24xf32>, %v: tensor<128x24xf32>, %keep: tensor<1xi1>,
                  %o: tensor<128x24xf32>) -> tensor<128x24xf32> {
  %r = attn.attention keep(%keep : tensor<1xi1>) ins(%q, %k, %v : tensor<128x24xf32>, tensor<128x24xf32>, tensor<128x24xf32>)
      outs(%o : tensor<128x24xf32>)
  return %r : tensor<128x24xf32>
}
