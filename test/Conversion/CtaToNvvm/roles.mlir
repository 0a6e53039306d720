// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// Roles are branches on the number of the warp, which a shuffle makes the same for a warp. A role sets its registers, the
// producer fewer than at the launch (65536 / 384 in eights: 168), the consumers more; one thread of a producer goes on.

// CHECK-LABEL: llvm.func @roles
//  CHECK-SAME:   nvvm.reqntid = array<i32: 384>
//       CHECK:   %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
//       CHECK:   %[[QUOTIENT:.*]] = llvm.lshr %[[THREAD]],
//       CHECK:   %[[WARP:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[QUOTIENT]],
//       CHECK:   %[[PRODUCES:.*]] = llvm.icmp "ult" %[[WARP]], %{{.*}} : i32
//  CHECK-NEXT:   llvm.cond_br %[[PRODUCES]], ^[[PRODUCER:.*]], ^[[CONSUMER:.*]]
//       CHECK: ^[[PRODUCER]]:
//  CHECK-NEXT:   nvvm.setmaxregister decrease 24
//  CHECK-NEXT:   %[[ELECTED:.*]] = llvm.icmp "eq" %[[THREAD]],
//  CHECK-NEXT:   llvm.cond_br %[[ELECTED]], ^[[BODY:.*]], ^
//       CHECK: ^[[BODY]]:
//       CHECK:   st.shared
//       CHECK: ^[[CONSUMER]]:
//  CHECK-NEXT:   nvvm.setmaxregister increase 240
gpu.module @kernels {
  gpu.func @roles(%x: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %a = cta.shared "a" bytes(4) align(4) at(0) : i32
    cta.warp_specialize role(producer) warps(4) registers(24) {
      cta.smem_write %x, %a : i32
    } role(consumer) warps(8) registers(240) {
      cta.smem_write %x, %a : i32
    }
    gpu.return
  }
}

// -----

// What a launch gives anyway (65536 / (256 * 2)), and 0, set nothing.

// CHECK-LABEL: llvm.func @as_launched
//  CHECK-SAME:   nvvm.minctasm = 2 : i32, nvvm.reqntid = array<i32: 256>
//   CHECK-NOT:   setmaxregister
//       CHECK:   llvm.return
gpu.module @kernels {
  gpu.func @as_launched() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1, blocks_per_sm = 2>} {
    cta.warp_specialize role(producer) warps(4) registers(0) {
    } role(consumer) warps(4) registers(128) {
    }
    gpu.return
  }
}

// -----

// The number of a warpgroup counts from the first of its role.

// CHECK-LABEL: llvm.func @warpgroup
//       CHECK:   %[[WARP:.*]] = nvvm.shfl.sync idx
//       CHECK:   llvm.cond_br
//       CHECK:   %[[OWN:.*]] = llvm.sub %[[WARP]], %{{.*}} : i32
//       CHECK:   %[[WARPGROUP:.*]] = llvm.lshr %[[OWN]],
//       CHECK:   "bar.sync $0, 256;", "r,~{memory}" %[[WARPGROUP]]
gpu.module @kernels {
  gpu.func @warpgroup() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    cta.warp_specialize role(producer) warps(4) registers(0) {
    } role(consumer) warps(8) registers(0) {
      %w = cta.warpgroup_index : i32
      cta.named_barrier %w threads(256)
    }
    gpu.return
  }
}

// -----

// The first tile has the block's number; the next one is as many further as there are blocks, or as many blocks and what an
// atomic increment of the counter returns.

// CHECK-LABEL: llvm.func @tiles
//  CHECK-SAME:   (%[[COUNTER:.*]]: !llvm.ptr {cta.workspace = #cta.workspace<bytes = 8, zero = true>})
//   CHECK-DAG:   %[[ONE:.*]] = llvm.mlir.constant(1 : i32)
//       CHECK:   %[[GLOBAL:.*]] = llvm.addrspacecast %[[COUNTER]] : !llvm.ptr to !llvm.ptr<1>
//       CHECK:   %[[TAKEN:.*]] = llvm.atomicrmw add %[[GLOBAL]], %[[ONE]] monotonic
//       CHECK:   %[[BLOCKS:.*]] = nvvm.read.ptx.sreg.nctaid.x
//       CHECK:   %[[NEXT:.*]] = llvm.add %[[TAKEN]], %[[BLOCKS]]
//       CHECK:   st.shared.b32 {{.*}} %[[NEXT]],
//       CHECK:   %[[FIRST:.*]] = nvvm.read.ptx.sreg.ctaid.x
//       CHECK:   %[[BLOCKS:.*]] = nvvm.read.ptx.sreg.nctaid.x
//       CHECK:   llvm.add %[[FIRST]], %[[BLOCKS]]
gpu.module @kernels {
  gpu.func @tiles(%counter: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %a = cta.shared "a" bytes(4) align(4) at(0) : i32
    cta.warp_specialize role(producer) warps(4) registers(0) {
      %t = cta.first_tile : i32
      %u = cta.next_tile %t counter(%counter : memref<2xi32>) : i32
      cta.smem_write %u, %a : i32
    } role(consumer) warps(4) registers(0) {
      %t = cta.first_tile : i32
      %u = cta.next_tile %t : i32
      cta.smem_write %u, %a : i32
    }
    gpu.return
  }
}

// -----

// The end of a counter's use is counted behind it, after all that the block has done with it; the last of the blocks makes
// both zero for the next launch.

// CHECK-LABEL: llvm.func @reset
//   CHECK-DAG:   %[[ONE:.*]] = llvm.mlir.constant(1 : i32)
//   CHECK-DAG:   %[[ZERO:.*]] = llvm.mlir.constant(0 : i32)
//       CHECK:   %[[COUNTER:.*]] = llvm.addrspacecast
//       CHECK:   %[[FINISHED:.*]] = llvm.getelementptr %[[COUNTER]][1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
//       CHECK:   %[[BEFORE:.*]] = llvm.inline_asm has_side_effects {{.*}} "atom.add.acq_rel.gpu.global.u32 $0, [$1], 1;", "=r,l,~{memory}" %[[FINISHED]]
//       CHECK:   %[[BLOCKS:.*]] = nvvm.read.ptx.sreg.nctaid.x
//       CHECK:   %[[OTHERS:.*]] = llvm.sub %[[BLOCKS]], %[[ONE]]
//       CHECK:   %[[LAST:.*]] = llvm.icmp "eq" %[[BEFORE]], %[[OTHERS]]
//       CHECK:   llvm.cond_br %[[LAST]], ^[[THEN:.*]], ^
//       CHECK: ^[[THEN]]:
//       CHECK:   llvm.store %[[ZERO]], %[[COUNTER]]
//       CHECK:   llvm.store %[[ZERO]], %[[FINISHED]]
gpu.module @kernels {
  gpu.func @reset(%counter: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    cta.warp_specialize role(producer) warps(4) registers(0) {
      cta.reset_counter %counter : memref<2xi32>
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}
