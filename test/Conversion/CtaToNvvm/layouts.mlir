// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// A position in a tile is a value of the thread (row lane / 4 + 16 warp; column 2 (lane mod 4)) plus a constant of the
// register, without overflow; a broadcast repeats the registers of a row. Comparisons with constants are of the difference.

// CHECK-LABEL: llvm.func @columns
//   CHECK-DAG:   %[[C1:.*]] = llvm.mlir.constant(1 : i32)
//   CHECK-DAG:   %[[C8:.*]] = llvm.mlir.constant(8 : i32)
//   CHECK-DAG:   %[[C9:.*]] = llvm.mlir.constant(9 : i32)
//   CHECK-DAG:   %[[THREE:.*]] = llvm.mlir.constant(3 : i32)
//       CHECK:   %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
//       CHECK:   %[[LANE:.*]] = llvm.and %[[THREAD]],
//       CHECK:   %[[QUAD:.*]] = llvm.and %[[LANE]], %[[THREE]]
//       CHECK:   %[[COLUMN:.*]] = llvm.shl %[[QUAD]], %[[C1]]
//       CHECK:   %[[LEFT:.*]] = llvm.sub %arg0, %[[COLUMN]]
//   CHECK-DAG:   llvm.icmp "sge" %[[LEFT]], %{{.*}} : i32
//   CHECK-DAG:   llvm.icmp "sge" %[[LEFT]], %[[C1]] : i32
//   CHECK-DAG:   llvm.icmp "sge" %[[LEFT]], %[[C8]] : i32
//   CHECK-DAG:   llvm.icmp "sge" %[[LEFT]], %[[C9]] : i32
#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @columns(%last: i32, %o: memref<64x16xi1>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %j = cta.iota dim 1 : tensor<64x16xi32, #acc>
    %row = cta.splat %last : i32 -> tensor<64xi32, #cta.slice<1, #acc>>
    %b = cta.broadcast %row dim 1 : tensor<64xi32, #cta.slice<1, #acc>> -> tensor<64x16xi32, #acc>
    %keep = arith.cmpi sle, %j, %b : tensor<64x16xi32, #acc>
    cta.write %keep, %o[%c0, %c0] dims [0, 1] : tensor<64x16xi1, #acc>, memref<64x16xi1>
    gpu.return
  }
}

// -----

// Elements of 16 bits lie in pairs; an accumulator becomes an operand without an instruction.

// CHECK-LABEL: llvm.func @operand
//       CHECK:   %[[BITS:.*]] = llvm.bitcast %arg0 : bf16 to i16
//       CHECK:   %[[LOW:.*]] = llvm.zext %[[BITS]] : i16 to i32
//       CHECK:   %[[HIGH:.*]] = llvm.shl %[[LOW]],
//       CHECK:   %[[PAIR:.*]] = llvm.or %[[LOW]], %[[HIGH]]
//   CHECK-NOT:   llvm.trunc
//       CHECK:   wgmma.mma_async{{.*}} %[[PAIR]], %[[PAIR]], %[[PAIR]], %[[PAIR]],
#acc = #cta.mma<warps = [4, 1]>
!v = !cta.tile<16x8xbf16, swizzle = 16>
gpu.module @kernels {
  gpu.func @operand(%x: bf16) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %a = cta.shared "v" bytes(256) align(128) at(0) : i32
    %v = cta.smem_tile %a : !v
    %p = cta.splat %x : bf16 -> tensor<64x16xbf16, #acc>
    %pa = cta.convert_layout %p : tensor<64x16xbf16, #acc> -> tensor<64x16xbf16, #cta.operand_a<#acc>>
    %f = cta.dot_async %pa, %v : tensor<64x16xbf16, #cta.operand_a<#acc>>, !v -> !cta.inflight<tensor<64x8xf32, #acc>>
    %s = cta.dot_wait %f pending(0) : !cta.inflight<tensor<64x8xf32, #acc>>
    gpu.return
  }
}

// -----

// Two f32 become a pair by one instruction, which rounds both.

// CHECK-LABEL: llvm.func @round
//       CHECK:   cvt.rn.bf16x2.f32
#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @round(%x: memref<64x8xf32>, %o: memref<64x8xbf16>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %s = cta.read %x[%c0, %c0] dims [0, 1] : memref<64x8xf32> -> tensor<64x8xf32, #acc>
    %t = arith.truncf %s : tensor<64x8xf32, #acc> to tensor<64x8xbf16, #acc>
    cta.write %t, %o[%c0, %c0] dims [0, 1] : tensor<64x8xbf16, #acc>, memref<64x8xbf16>
    gpu.return
  }
}
