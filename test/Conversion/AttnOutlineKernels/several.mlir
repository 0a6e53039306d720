// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=64},canonicalize,attn-outline-kernels)' | FileCheck %s

// The kernels of a function share a module, numbered in their order; what computes nothing of attention stays on the host,
// be it a loop, and launches take each other's results.

// CHECK-LABEL: func.func @two(
//       CHECK:   %[[A:.*]] = cta.launch @two_kernels::@two_0
//       CHECK:   %[[L:.*]] = scf.forall
//       CHECK:     tensor.insert
//       CHECK:   %[[B:.*]] = cta.launch @two_kernels::@two_1 {{.*}} ins({{.*}}%[[L]]{{.*}})
//       CHECK:   linalg.copy
//       CHECK: gpu.module @two_kernels
//       CHECK:   gpu.func @two_0
//       CHECK:   gpu.func @two_1
//   CHECK-NOT:   gpu.func
func.func @two(%q: tensor<128x64xf16>, %o: tensor<128x64xf16>, %x: f16) -> tensor<128x64xf16> {
  %c0 = arith.constant 0 : index
  %a = attn.attention ins(%q, %q, %q : tensor<128x64xf16>, tensor<128x64xf16>, tensor<128x64xf16>) outs(%o : tensor<128x64xf16>)
  %l = scf.forall (%i) in (128) shared_outs(%e = %a) -> (tensor<128x64xf16>) {
    %row = tensor.extract_slice %e[%i, 0] [1, 64] [1, 1] : tensor<128x64xf16> to tensor<1x64xf16>
    %set = tensor.insert %x into %row[%c0, %c0] : tensor<1x64xf16>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %set into %e[%i, 0] [1, 64] [1, 1] : tensor<1x64xf16> into tensor<128x64xf16>
    }
  }
  %b = attn.attention ins(%q, %l, %l : tensor<128x64xf16>, tensor<128x64xf16>, tensor<128x64xf16>) outs(%o : tensor<128x64xf16>)
  %c = linalg.copy ins(%b : tensor<128x64xf16>) outs(%o : tensor<128x64xf16>) -> tensor<128x64xf16>
  return %c : tensor<128x64xf16>
}

// -----

// A kernel has the schedule that its ops carried; launches stay in their branches.

// CHECK-LABEL: func.func @branches(
//       CHECK:   scf.if
//       CHECK:     %[[A:.*]] = cta.launch @branches_kernels::@branches_0
//       CHECK:     scf.yield %[[A]]
//       CHECK:   } else {
//       CHECK:     %[[B:.*]] = cta.launch @branches_kernels::@branches_1
//       CHECK:     scf.yield %[[B]]
//       CHECK: gpu.func @branches_0({{.*}}) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>}
//   CHECK-NOT:   cta.schedule
//       CHECK: gpu.func @branches_1({{.*}}) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 3>}
//   CHECK-NOT:   cta.schedule
func.func @branches(%few: i1, %q: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = scf.if %few -> tensor<?x64xf16> {
    %a = attn.attention ins(%q, %q, %q : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>) attributes {cta.schedule = #cta.schedule<warpgroups = 1>}
    scf.yield %a : tensor<?x64xf16>
  } else {
    %b = attn.attention ins(%q, %q, %q : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>) attributes {cta.schedule = #cta.schedule<warpgroups = 3>}
    scf.yield %b : tensor<?x64xf16>
  }
  return %r : tensor<?x64xf16>
}

// -----

// A module that has the name already is another one.

// CHECK-LABEL: func.func @taken(
//       CHECK:   cta.launch @[[NEW:taken_kernels_[0-9]+]]::@taken_0
//       CHECK: gpu.module @[[NEW]]
//       CHECK: gpu.module @taken_kernels
func.func @taken(%q: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention ins(%q, %q, %q : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}
gpu.module @taken_kernels {
}

// -----

// A function without attention has no kernels.

// CHECK-LABEL: func.func @none(
//   CHECK-NOT: gpu.module
func.func @none(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
