// S16: few queries on many keys, whose keys are split: the same bits on any number of threads, and right.

// RUN: fovea-run %s --check --dim keys=2900 --seed 1
// RUN: env FOVEA_NUM_THREADS=1 fovea-run %s --dim keys=2900 --seed 1 --output %t.1.npy --output %t.b1.npy --raw-bf16
// RUN: env FOVEA_NUM_THREADS=2 fovea-run %s --dim keys=2900 --seed 1 --output %t.2.npy --output %t.b2.npy --raw-bf16
// RUN: env FOVEA_NUM_THREADS=3 fovea-run %s --dim keys=2900 --seed 1 --output %t.3.npy --output %t.b3.npy --raw-bf16
// RUN: env FOVEA_NUM_THREADS=4 fovea-run %s --dim keys=2900 --seed 1 --output %t.4.npy --output %t.b4.npy --raw-bf16
// RUN: cmp %t.1.npy %t.2.npy && cmp %t.1.npy %t.3.npy && cmp %t.1.npy %t.4.npy
// RUN: cmp %t.b1.npy %t.b2.npy && cmp %t.b1.npy %t.b3.npy && cmp %t.b1.npy %t.b4.npy

// One query per head, and five for groups of three heads.
func.func @decode(%q: tensor<2x4x1x64xf32>, %k: tensor<2x4x?x64xf32> {fovea.dims = ["*", "*", "keys", "*"]},
                  %v: tensor<2x4x?x64xf32> {fovea.dims = ["*", "*", "keys", "*"]}, %o: tensor<2x4x1x64xf32>,
                  %q1: tensor<6x5x72xbf16>, %k1: tensor<2x?x72xbf16> {fovea.dims = ["*", "keys", "*"]},
                  %v1: tensor<2x?x40xbf16> {fovea.dims = ["*", "keys", "*"]}, %o1: tensor<6x5x40xbf16>)
    -> (tensor<2x4x1x64xf32>, tensor<6x5x40xbf16>) {
  %r = attn.attention ins(%q, %k, %v : tensor<2x4x1x64xf32>, tensor<2x4x?x64xf32>, tensor<2x4x?x64xf32>)
      outs(%o : tensor<2x4x1x64xf32>)
  %r1 = attn.attention causal(bottom_right) ins(%q1, %k1, %v1 : tensor<6x5x72xbf16>, tensor<2x?x72xbf16>, tensor<2x?x40xbf16>)
      outs(%o1 : tensor<6x5x40xbf16>)
  return %r, %r1 : tensor<2x4x1x64xf32>, tensor<6x5x40xbf16>
}
