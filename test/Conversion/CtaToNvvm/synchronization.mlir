// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// Thread 0 initialises each barrier of a ring, 8 bytes apart; a fence makes them visible before the block meets.

// CHECK-LABEL: llvm.func @init
//       CHECK:   %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
//       CHECK:   %[[BASE:.*]] = llvm.ptrtoint
//       CHECK:   %[[AT:.*]] = llvm.add %[[BASE]], %{{.*}} : i32
//       CHECK:   %[[FIRST:.*]] = llvm.icmp "eq" %[[THREAD]],
//  CHECK-NEXT:   "@$0 mbarrier.init.shared::cta.b64 [$1+0], 8;", "b,r,~{memory}" %[[FIRST]], %[[AT]]
//  CHECK-NEXT:   "@$0 mbarrier.init.shared::cta.b64 [$1+8], 8;", "b,r,~{memory}" %[[FIRST]], %[[AT]]
//  CHECK-NEXT:   nvvm.fence.mbarrier.init
//  CHECK-NEXT:   nvvm.barrier
gpu.module @kernels {
  gpu.func @init() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %full = cta.shared "full" bytes(16) align(8) at(64) : i32
    cta.mbarrier_init %full count(8) depth(2)
    cta.sync_block
    gpu.return
  }
}

// -----

// A wait tries until the phase is complete; if its predicate is false, it does not try.

// CHECK-LABEL: llvm.func @wait
//       CHECK:   "{\0A.reg .pred done;\0AWAIT:\0Ambarrier.try_wait.parity.shared::cta.b64 done, [$0], $1;\0A@done bra.uni DONE;\0Abra.uni WAIT;\0ADONE:\0A}\0A", "r,r,~{memory}" %{{.*}}, %arg1
//       CHECK:   "{\0A.reg .pred done;\0A@!$0 bra DONE;\0AWAIT:\0Ambarrier.try_wait.parity{{.*}}", "b,r,r,~{memory}" %arg0,
gpu.module @kernels {
  gpu.func @wait(%p: i1, %parity: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %full = cta.shared "full" bytes(8) align(8) at(0) : i32
    cta.mbarrier_wait %full parity %parity
    cta.mbarrier_wait %full parity %parity if %p
    gpu.return
  }
}

// -----

// The producer, which is one thread, arrives itself, and says how many bytes are to come; of a consumer's warp lane 0 does.

// CHECK-LABEL: llvm.func @arrive
//       CHECK:   %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
//       CHECK:   %[[LANE:.*]] = llvm.and %[[THREAD]],
//       CHECK:   "mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 4096;", "r,~{memory}"
//  CHECK-NEXT:   "@$0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [$1], 4096;", "b,r,~{memory}" %arg0,
//  CHECK-NEXT:   "mbarrier.arrive.shared::cta.b64 _, [$0];", "r,~{memory}"
//       CHECK:   %[[FIRST:.*]] = llvm.icmp "eq" %[[LANE]],
//  CHECK-NEXT:   "@$0 mbarrier.arrive.shared::cta.b64 _, [$1];", "b,r,~{memory}" %[[FIRST]],
//  CHECK-NEXT:   %[[BOTH:.*]] = llvm.and %arg0, %[[FIRST]] : i1
//  CHECK-NEXT:   "@$0 mbarrier.arrive.shared::cta.b64 _, [$1];", "b,r,~{memory}" %[[BOTH]],
gpu.module @kernels {
  gpu.func @arrive(%p: i1) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %b = cta.shared "b" bytes(8) align(8) at(0) : i32
    cta.warp_specialize role(producer) warps(4) registers(0) {
      cta.mbarrier_arrive %b expect(4096)
      cta.mbarrier_arrive %b expect(4096) if %p
      cta.mbarrier_arrive %b
    } role(consumer) warps(8) registers(0) {
      cta.mbarrier_arrive %b
      cta.mbarrier_arrive %b if %p
    }
    gpu.return
  }
}

// -----

// Named barriers are those of the hardware.

// CHECK-LABEL: llvm.func @named
//       CHECK:   "bar.sync $0, 256;", "r,~{memory}" %arg0
//  CHECK-NEXT:   "bar.arrive $0, 256;", "r,~{memory}" %arg0
gpu.module @kernels {
  gpu.func @named(%id: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    cta.named_barrier %id threads(256)
    cta.named_barrier %id threads(256) arrive
    gpu.return
  }
}

// -----

// A scalar in shared memory: its consumers' warps meet after they have read it, so that lane 0 may release it, and one thread
// of a consumer writes it.

// CHECK-LABEL: llvm.func @scalar
//       CHECK:   %[[V:.*]] = llvm.inline_asm has_side_effects {{.*}} "ld.shared.b32 $0, [$1];", "=r,r,~{memory}"
//  CHECK-NEXT:   "st.shared.b32 [$1], $0;", "r,r,~{memory}" %[[V]],
//       CHECK:   %[[THREAD:.*]] = llvm.sub %{{.*}}, %{{.*}} : i32
//       CHECK:   %[[W:.*]] = llvm.inline_asm has_side_effects {{.*}} "ld.shared.b32 $0, [$1];", "=r,r,~{memory}"
//  CHECK-NEXT:   %[[SAME:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[W]],
//  CHECK-NEXT:   %[[FIRST:.*]] = llvm.icmp "eq" %[[THREAD]],
//  CHECK-NEXT:   "@$0 st.shared.b32 [$2], $1;", "b,r,r,~{memory}" %[[FIRST]], %[[SAME]],
gpu.module @kernels {
  gpu.func @scalar() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %a = cta.shared "a" bytes(4) align(4) at(0) : i32
    cta.warp_specialize role(producer) warps(4) registers(0) {
      %v = cta.smem_read %a : i32
      cta.smem_write %v, %a : i32
    } role(consumer) warps(4) registers(0) {
      %v = cta.smem_read %a : i32
      cta.smem_write %v, %a : i32
    }
    gpu.return
  }
}
