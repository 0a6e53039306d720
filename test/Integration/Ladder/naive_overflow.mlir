// Without a maximum exp overflows above log(2^128) = 88.72 in f32 and above log(2^1024) = 709.78 in f64, where the
// definition does not; every other algorithm takes any logit.

// RUN: fovea-run %s --entry single --target cpu --check --input 88.0 --pipeline-options=softmax=naive | FileCheck %s
// RUN: not fovea-run %s --entry single --target cpu --check --input 89.0 --pipeline-options=softmax=naive | FileCheck %s --check-prefix=NAN
// RUN: fovea-run %s --entry single --target cpu --check --input 89.0 --pipeline-options=softmax=safe | FileCheck %s
// RUN: fovea-run %s --entry single --target cpu --check --input 89.0 --pipeline-options=softmax=online | FileCheck %s
// RUN: fovea-run %s --entry single --target cpu --check --input 89.0 --pipeline-options=softmax=blocked | FileCheck %s
// RUN: fovea-run %s --entry single --target cpu --check --input 89.0 | FileCheck %s
// RUN: fovea-run %s --entry double --target cpu --check --input 709.0 --pipeline-options=softmax=naive | FileCheck %s
// RUN: not fovea-run %s --entry double --target cpu --check --input 710.0 --pipeline-options=softmax=naive | FileCheck %s --check-prefix=NAN
// RUN: fovea-run %s --entry double --target cpu --check --input 710.0 --pipeline-options=softmax=online | FileCheck %s

// CHECK: PASS
// NAN: FAIL {{.*}}2 not finite on one side only, first at [0, 0]: got {{-?}}nan, expected 1

func.func @single(%x: tensor<2x1xf32>, %y: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<2x1xf32>) outs(%y : tensor<2x1xf32>)
  return %r : tensor<2x1xf32>
}

func.func @double(%x: tensor<2x1xf64>, %y: tensor<2x1xf64>) -> tensor<2x1xf64> {
  %r = attn.softmax dimension(1) ins(%x : tensor<2x1xf64>) outs(%y : tensor<2x1xf64>)
  return %r : tensor<2x1xf64>
}
