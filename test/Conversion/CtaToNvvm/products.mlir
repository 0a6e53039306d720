// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// A product is one text: a fence, an instruction for each 16 elements of depth with descriptors that advance by 32 bytes
// (2, in units of 16), and a commit. Without an accumulator the first instruction ignores what is in the registers. The
// high word of a descriptor has the distance of atoms (8 rows of 64 bytes: 32 units) and the swizzle (2 at bit 30: 64 bytes).

// CHECK-LABEL: llvm.func @shared
//   CHECK-DAG:   %[[KOFFSET:.*]] = llvm.mlir.constant(65792 : i32)
//       CHECK:   %[[BASE:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr<3> to i32
//       CHECK:   %[[UNITS:.*]] = llvm.lshr %[[BASE]],
//       CHECK:   %[[QLOW:.*]] = llvm.add %[[UNITS]],
//       CHECK:   %[[KLOW:.*]] = llvm.add %[[UNITS]], %[[KOFFSET]]
//       CHECK:   %[[F:.*]] = llvm.inline_asm has_side_effects {{.*}} "{
//  CHECK-SAME:     setp.ne.b32 first, 0, 0;
//  CHECK-SAME:     wgmma.fence.sync.aligned;
//  CHECK-SAME:     add.s32 aword, $8, 0;\0Amov.b64 adesc, {aword, 2147483680};
//  CHECK-SAME:     add.s32 bword, $9, 0;\0Amov.b64 bdesc, {bword, 2147483680};
//  CHECK-SAME:     wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {$0, $1, $2, $3, $4, $5, $6, $7}, adesc, bdesc, first, 1, 1, 0, 0;
//  CHECK-SAME:     add.s32 aword, $8, 2;
//  CHECK-SAME:     add.s32 bword, $9, 2;
//  CHECK-SAME:     wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {$0, $1, $2, $3, $4, $5, $6, $7}, adesc, bdesc, next, 1, 1, 0, 0;
//  CHECK-SAME:     wgmma.commit_group.sync.aligned;
//  CHECK-SAME:     "=f,=f,=f,=f,=f,=f,=f,=f,r,r,~{memory}" %[[QLOW]], %[[KLOW]] :
#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x32xbf16, swizzle = 64>
!k = !cta.tile<16x32xbf16, swizzle = 64>
!s = tensor<64x16xf32, #acc>
gpu.module @kernels {
  gpu.func @shared() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %aq = cta.shared "q" bytes(4096) align(1024) at(0) : i32
    %ak = cta.shared "k" bytes(1024) align(1024) at(4096) : i32
    %q = cta.smem_tile %aq : !q
    %k = cta.smem_tile %ak : !k
    %f = cta.dot_async %q, %k transpose_b : !q, !k -> !cta.inflight<!s>
    %s = cta.dot_wait %f pending(0) : !cta.inflight<!s>
    gpu.return
  }
}

// -----

// The address of a slot becomes units of 16 bytes without a shift that waits for the slot's number: 64 units a slot.

// CHECK-LABEL: llvm.func @slot
//  CHECK-SAME:   (%[[SLOT:.*]]: i32)
//   CHECK-DAG:   %[[SIZE:.*]] = llvm.mlir.constant(64 : i32)
//   CHECK-DAG:   %[[OFFSET:.*]] = llvm.mlir.constant(256 : i32)
//       CHECK:   %[[BASE:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr<3> to i32
//       CHECK:   %[[UNITS:.*]] = llvm.lshr %[[BASE]],
//       CHECK:   %[[AT:.*]] = llvm.mul %[[SLOT]], %[[SIZE]]
//       CHECK:   %[[BEGIN:.*]] = llvm.add %[[UNITS]], %[[OFFSET]]
//       CHECK:   %[[K:.*]] = llvm.add %[[BEGIN]], %[[AT]]
//       CHECK:   %[[KLOW:.*]] = llvm.add %[[K]],
//       CHECK:   "=f,=f,=f,=f,=f,=f,=f,=f,r,r,~{memory}" %{{.*}}, %[[KLOW]] :
#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x32xbf16, swizzle = 64>
!k = !cta.tile<16x32xbf16, swizzle = 64>
!s = tensor<64x16xf32, #acc>
gpu.module @kernels {
  gpu.func @slot(%slot: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c1024 = arith.constant 1024 : i32
    %aq = cta.shared "q" bytes(4096) align(1024) at(0) : i32
    %ak = cta.shared "k" bytes(2048) align(1024) at(4096) : i32
    %offset = arith.muli %slot, %c1024 : i32
    %as = arith.addi %ak, %offset : i32
    %q = cta.smem_tile %aq : !q
    %k = cta.smem_tile %as : !k
    %f = cta.dot_async %q, %k transpose_b : !q, !k -> !cta.inflight<!s>
    %s = cta.dot_wait %f pending(0) : !cta.inflight<!s>
    gpu.return
  }
}

// -----

// An operand in registers takes four registers of pairs for each 16 of depth; b is read with its columns contiguous (the
// last 1), advancing by whole rows; accumulators are tied to the results: a product adds in place.

// CHECK-LABEL: llvm.func @registers
//       CHECK:   llvm.inline_asm has_side_effects {{.*}} "{
//  CHECK-SAME:     setp.ne.b32 first, 1, 0;
//  CHECK-SAME:     wgmma.fence.sync.aligned;
//   CHECK-NOT:     adesc,
//  CHECK-SAME:     add.s32 bword, $12, 0;
//  CHECK-SAME:     wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, bdesc, first, 1, 1, 1;
//  CHECK-SAME:     add.s32 bword, $12, 16;
//  CHECK-SAME:     wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {$0, $1, $2, $3}, {$8, $9, $10, $11}, bdesc, next, 1, 1, 1;
//  CHECK-SAME:     "=f,=f,=f,=f,r,r,r,r,r,r,r,r,r,0,1,2,3,~{memory}"
#acc = #cta.mma<warps = [4, 1]>
!v = !cta.tile<32x8xf16, swizzle = 16>
!p = tensor<64x32xf16, #cta.operand_a<#acc>>
!o = tensor<64x8xf32, #acc>
gpu.module @kernels {
  gpu.func @registers(%x: f16, %y: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %av = cta.shared "v" bytes(512) align(128) at(0) : i32
    %v = cta.smem_tile %av : !v
    %p = cta.splat %x : f16 -> !p
    %a = cta.splat %y : f32 -> !o
    %f = cta.dot_async %p, %v, %a : !p, !v, !o -> !cta.inflight<!o>
    %r = cta.dot_wait %f pending(0) : !cta.inflight<!o>
    gpu.return
  }
}

// -----

// Warpgroup w of two has the rows 64 w on: the descriptor of a begins there (64 rows of 64 bytes: 256 units), that of b does
// not; four times 64 rows are two slices of each, 128 rows apart.

// CHECK-LABEL: llvm.func @two_warpgroups
//       CHECK:   %[[WARP:.*]] = nvvm.shfl.sync idx
//       CHECK:   %[[WARPGROUP:.*]] = llvm.lshr %[[WARP]],
//       CHECK:   %[[ROWS:.*]] = llvm.mul %[[WARPGROUP]], %{{.*}} : i32
//       CHECK:   %[[ALOW:.*]] = llvm.add %{{.*}}, %[[ROWS]] : i32
//       CHECK:   llvm.inline_asm
//  CHECK-SAME:     add.s32 aword, $8, 0;
//  CHECK-SAME:     {$0, $1, $2, $3}, adesc, bdesc, first,
//  CHECK-SAME:     add.s32 aword, $8, 2;
//  CHECK-SAME:     {$0, $1, $2, $3}, adesc, bdesc, next,
//  CHECK-SAME:     add.s32 aword, $8, 512;
//  CHECK-SAME:     {$4, $5, $6, $7}, adesc, bdesc, first,
//  CHECK-SAME:     add.s32 aword, $8, 514;
//  CHECK-SAME:     {$4, $5, $6, $7}, adesc, bdesc, next,
//  CHECK-SAME:     ~{memory}" %[[ALOW]],
#acc2 = #cta.mma<warps = [8, 1]>
!q2 = !cta.tile<256x32xbf16, swizzle = 64>
!k2 = !cta.tile<8x32xbf16, swizzle = 64>
!s2 = tensor<256x8xf32, #acc2>
gpu.module @kernels {
  gpu.func @two_warpgroups() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %aq = cta.shared "q" bytes(16384) align(1024) at(0) : i32
    %ak = cta.shared "k" bytes(512) align(1024) at(16384) : i32
    %q = cta.smem_tile %aq : !q2
    %k = cta.smem_tile %ak : !k2
    %f = cta.dot_async %q, %k transpose_b : !q2, !k2 -> !cta.inflight<!s2>
    %s = cta.dot_wait %f pending(0) : !cta.inflight<!s2>
    gpu.return
  }
}

// -----

// A wait leaves so many later products running. The result and what is tied go through it in their registers: nothing that
// reads them comes before it.

// CHECK-LABEL: llvm.func @waits
//       CHECK:   %[[F:.*]] = llvm.inline_asm {{.*}}wgmma.mma_async
//       CHECK:   %[[F0:.*]] = llvm.extractvalue %[[F]][0]
//       CHECK:   %[[G:.*]] = llvm.inline_asm {{.*}}wgmma.mma_async
//       CHECK:   %[[G0:.*]] = llvm.extractvalue %[[G]][0]
//       CHECK:   llvm.inline_asm has_side_effects {{.*}} "wgmma.wait_group.sync.aligned 1;", "=f,=f,=f,=f,0,1,2,3,~{memory}" %[[F0]],
//       CHECK:   llvm.inline_asm has_side_effects {{.*}} "wgmma.wait_group.sync.aligned 0;", "=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,~{memory}" %[[G0]], %{{.*}}, %{{.*}}, %{{.*}}, %arg0, %arg0 :
#acc = #cta.mma<warps = [4, 1]>
!q = !cta.tile<64x16xbf16, swizzle = 32>
!k = !cta.tile<8x16xbf16, swizzle = 32>
!s = tensor<64x8xf32, #acc>
!row = tensor<64xf32, #cta.slice<1, #acc>>
gpu.module @kernels {
  gpu.func @waits(%x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %aq = cta.shared "q" bytes(2048) align(1024) at(0) : i32
    %ak = cta.shared "k" bytes(256) align(1024) at(2048) : i32
    %q = cta.smem_tile %aq : !q
    %k = cta.smem_tile %ak : !k
    %t = cta.splat %x : f32 -> !row
    %f = cta.dot_async %q, %k transpose_b : !q, !k -> !cta.inflight<!s>
    %g = cta.dot_async %q, %k transpose_b : !q, !k -> !cta.inflight<!s>
    %s = cta.dot_wait %f pending(1) : !cta.inflight<!s>
    %r, %u = cta.dot_wait %g tied(%t : !row) pending(0) : !cta.inflight<!s>
    gpu.return
  }
}
