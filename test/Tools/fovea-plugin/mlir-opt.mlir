// The stock mlir-opt with the plugin runs passes and whole pipelines on modules of attn and cta.

// A plugin of instrumented code does not load into a host without instrumentation.
// UNSUPPORTED: sanitizers

// DEFINE: %{mlir-opt} = %llvm_prefix/bin/mlir-opt --load-dialect-plugin=%fovea_lib_dir/FoveaPlugin.so --load-pass-plugin=%fovea_lib_dir/FoveaPlugin.so
// RUN: %{mlir-opt} %s --verify-each --pass-pipeline="builtin.module(attn-canonicalize)" | FileCheck %s --check-prefix=ATTN
// RUN: %{mlir-opt} %s --verify-each --pass-pipeline="builtin.module(attn-to-llvm{threads=2 tile-m=16})" -o %t.mlir
// RUN: FileCheck %s --check-prefix=LLVM < %t.mlir
// RUN: %llvm_prefix/bin/mlir-translate --mlir-to-llvmir %t.mlir | FileCheck %s --check-prefix=IR

// RUN: sed 's/f32/f16/g' %s > %t.f16.mlir
// RUN: %{mlir-opt} %t.f16.mlir --verify-each --pass-pipeline="builtin.module(attn-to-cta-tiles{tile-n=64 keys=64})" -o %t.cta.mlir
// RUN: FileCheck %s --check-prefix=CTA < %t.cta.mlir
// RUN: %{mlir-opt} %t.cta.mlir --verify-each --pass-pipeline="builtin.module(gpu.module(gpu.func(cta-infer-layouts)))" | FileCheck %s --check-prefix=LAYOUT
// RUN: %{mlir-opt} %t.f16.mlir --verify-each --pass-pipeline="builtin.module(attn-to-nvvm)" | FileCheck %s --check-prefix=NVVM

// CTA: cta.dot
// LAYOUT: #cta.mma
// NVVM: wgmma

// ATTN-LABEL: func.func @attention(
// ATTN:         attn.attention
// ATTN:         attn.index

// LLVM-NOT:   attn.
// LLVM-LABEL: llvm.func @attention(
// LLVM:         llvm.call @foveaParallelFor

// IR: define {{.*}}@_mlir_ciface_attention(
func.func @attention(%q: tensor<2x64x32xf32>, %k: tensor<2x?x32xf32>, %v: tensor<2x?x32xf32>, %o: tensor<2x64x32xf32>) -> tensor<2x64x32xf32> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<2x64x32xf32>, tensor<2x?x32xf32>, tensor<2x?x32xf32>) outs(%o : tensor<2x64x32xf32>)
  return %r : tensor<2x64x32xf32>
}
