// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// Functions of a region are instructions of the device, without a call; f16 and bf16 compute in f32.

// CHECK-LABEL: llvm.func @functions
//   CHECK-DAG:   "ex2.approx.ftz.f32 $0, $1;", "=f,f" %arg0
//   CHECK-DAG:   "lg2.approx.ftz.f32 $0, $1;"
//   CHECK-DAG:   "tanh.approx.f32 $0, $1;"
//   CHECK-DAG:   "sin.approx.f32 $0, $1;"
//   CHECK-DAG:   "cos.approx.f32 $0, $1;"
//   CHECK-DAG:   "rsqrt.approx.ftz.f32 $0, $1;"
//   CHECK-DAG:   llvm.intr.fma
//   CHECK-DAG:   llvm.intr.sqrt
//   CHECK-NOT:   llvm.call
//       CHECK:   llvm.return
gpu.module @kernels {
  gpu.func @functions(%x: f32, %o: memref<9xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %a = math.exp2 %x : f32
    %b = math.log2 %x : f32
    %c = math.tanh %x : f32
    %d = math.sin %x : f32
    %e = math.cos %x : f32
    %f = math.rsqrt %x : f32
    %g = math.fma %a, %b, %c : f32
    %h = math.fma %d, %e, %f : f32
    %i = math.sqrt %h : f32
    %j = arith.addf %g, %i : f32
    %t = cta.splat %j : f32 -> tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
    cta.write %t, %o[%c0] dims [0] : tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>, memref<9xf32>
    gpu.return
  }

  // The exponential of base e is that of base 2 of a multiple; the reciprocal is an instruction of its own.
  // CHECK-LABEL: llvm.func @others
  //   CHECK-DAG:   %[[LOG2E:.*]] = llvm.mlir.constant(1.44269502 : f32)
  //       CHECK:   %[[M:.*]] = llvm.fmul %{{.*}}, %[[LOG2E]]
  //       CHECK:   "ex2.approx.ftz.f32 $0, $1;", "=f,f" %[[M]]
  //       CHECK:   "rcp.approx.ftz.f32 $0, $1;", "=f,f"
  //       CHECK:   "div.full.f32 $0, $1, $2;", "=f,f,f"
  gpu.func @others(%x: f32, %o: memref<9xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %one = arith.constant 1.0 : f32
    %a = math.exp %x : f32
    %b = arith.divf %one, %a : f32
    %c = arith.divf %b, %x : f32
    %t = cta.splat %c : f32 -> tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
    cta.write %t, %o[%c0] dims [0] : tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>, memref<9xf32>
    gpu.return
  }

  // CHECK-LABEL: llvm.func @small
  //       CHECK:   %[[X:.*]] = llvm.fpext %arg0 : bf16 to f32
  //       CHECK:   %[[E:.*]] = llvm.inline_asm {{.*}}"ex2.approx.ftz.f32 $0, $1;", "=f,f" %[[X]]
  //       CHECK:   llvm.fptrunc %[[E]] : f32 to bf16
  gpu.func @small(%x: bf16, %o: memref<9xbf16>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %a = math.exp2 %x : bf16
    %t = cta.splat %a : bf16 -> tensor<64xbf16, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
    cta.write %t, %o[%c0] dims [0] : tensor<64xbf16, #cta.slice<1, #cta.mma<warps = [4, 1]>>>, memref<9xbf16>
    gpu.return
  }
}
