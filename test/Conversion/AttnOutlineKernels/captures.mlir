// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=64},canonicalize,attn-outline-kernels,canonicalize)' -mlir-print-local-scope | FileCheck %s

// Sizes of tensors, constants and arithmetic on scalars are repeated in the kernel; the scalar that they begin with is
// passed, and nothing that was computed from it.

// CHECK-LABEL: func.func @scalars(
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<?x64xf16>, %[[K:[a-z0-9]+]]: tensor<?x64xf16>, %[[SCALE:[a-z0-9]+]]: f32, %[[O:[a-z0-9]+]]: tensor
//   CHECK-NOT:   arith.mulf
//       CHECK:   cta.launch {{.*}} ins(%[[K]], %[[Q]], %[[SCALE]] : tensor<?x64xf16>, tensor<?x64xf16>, f32) outs(%[[O]]
//       CHECK: gpu.func @scalars_0(%[[KK:[a-z0-9]+]]: memref<{{.*}}>, %[[KQ:[a-z0-9]+]]: memref<{{.*}}>, %[[KS:[a-z0-9]+]]: f32,
//   CHECK-DAG:   %[[LQ:.*]] = memref.dim %[[KQ]]
//   CHECK-DAG:   %[[HALF:.*]] = arith.mulf %[[KS]], %{{.*}} : f32
//   CHECK-DAG:   %[[SUM:.*]] = arith.addf %[[HALF]], %[[KS]] : f32
//   CHECK-DAG:   %[[SCALED:.*]] = arith.mulf %[[SUM]], %{{.*}} : f32
//       CHECK:   attn.online_attention {{.*}}scale(%[[SCALED]] : f32)
func.func @scalars(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %scale: f32, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %half = arith.constant 0.5 : f32
  %h = arith.mulf %scale, %half : f32
  %s = arith.addf %h, %scale : f32
  %r = attn.attention scale(%s : f32) ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// What is no arithmetic on scalars is computed once, on the host, and passed.

// CHECK-LABEL: func.func @element(
//       CHECK:   %[[S:.*]] = tensor.extract
//       CHECK:   cta.launch {{.*}} ins({{.*}}, %[[S]] : {{.*}}, f32)
//       CHECK: gpu.func @element_0(
//   CHECK-NOT:   tensor.extract %
func.func @element(%q: tensor<?x64xf16>, %scales: tensor<8xf32>, %at: index, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %s = tensor.extract %scales[%at] : tensor<8xf32>
  %r = attn.attention scale(%s : f32) ins(%q, %q, %q : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// A tensor that is read twice is passed once; captures of regions are tensors like any other.

// CHECK-LABEL: func.func @bias(
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x64xf16>, %[[B:[a-z0-9]+]]: tensor<?x?xf32>, %[[O:[a-z0-9]+]]: tensor
//       CHECK:   cta.launch {{.*}} ins(%[[X]], %[[B]] : tensor<?x64xf16>, tensor<?x?xf32>) outs(%[[O]] :
//       CHECK: gpu.func @bias_0(%{{.*}}: memref<?x64xf16, {{.*}}>, %{{.*}}: memref<?x?xf32, strided<[?, ?], offset: ?>>, %{{.*}}: memref<?x64xf16, {{.*}}>, %{{.*}}: index) kernel
func.func @bias(%x: tensor<?x64xf16>, %bias: tensor<?x?xf32>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention bias(%bias : tensor<?x?xf32>) ins(%x, %x, %x : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}
