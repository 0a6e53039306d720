// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// Each element is written once, by the first of the lanes that hold it, where it lies within the memref; addresses are of 64
// bits, the second row of a thread 8 strides further.

// CHECK-LABEL: llvm.func @write(
//  CHECK-SAME:   %[[P:[a-z0-9]+]]: !llvm.ptr, %[[SIZE0:[a-z0-9]+]]: i64, %[[SIZE2:[a-z0-9]+]]: i64, %[[S0:[a-z0-9]+]]: i64, %[[S1:[a-z0-9]+]]: i64, %[[S2:[a-z0-9]+]]: i64, %[[B:[a-z0-9]+]]: i64, %[[H:[a-z0-9]+]]: i64, %[[M:[a-z0-9]+]]: i64
//   CHECK-DAG:   %[[C8:.*]] = llvm.mlir.constant(8 : i64)
//   CHECK-DAG:   %[[B0:.*]] = llvm.mul %[[B]], %[[S0]]
//   CHECK-DAG:   %[[BIN:.*]] = llvm.icmp "ult" %[[B]], %[[SIZE0]]
//   CHECK-DAG:   %[[H0:.*]] = llvm.mul %[[H]], %[[S1]]
//   CHECK-DAG:   %[[HIN:.*]] = llvm.icmp "ult" %[[H]], %[[C8]]
//       CHECK:   %[[ROW:.*]] = llvm.add %[[M]], %{{.*}} : i64
//       CHECK:   %[[HOLDS:.*]] = llvm.icmp "eq" %{{.*}}, %{{.*}} : i32
//       CHECK:   %[[M0:.*]] = llvm.mul %[[ROW]], %[[S2]]
//       CHECK:   %[[OFFSET:.*]] = llvm.add %{{.*}}, %[[M0]]
//       CHECK:   %[[ROW32:.*]] = llvm.trunc %[[ROW]]
//       CHECK:   %[[SIZE32:.*]] = llvm.trunc %[[SIZE2]]
//       CHECK:   %[[MIN:.*]] = llvm.icmp "ult" %[[ROW32]], %[[SIZE32]]
//       CHECK:   %[[INSIDE:.*]] = llvm.and %{{.*}}, %[[MIN]]
//       CHECK:   %[[GUARD:.*]] = llvm.and %[[INSIDE]], %[[HOLDS]]
//       CHECK:   "@$0 st.global.b32 [$1], $2;", "b,l,r,~{memory}" %[[GUARD]],
//       CHECK:   %[[FAR:.*]] = llvm.mul %[[S2]], %[[C8]]
//       CHECK:   llvm.add %[[OFFSET]], %[[FAR]]
//       CHECK:   "@$0 st.global.b32 [$1], $2;"
//   CHECK-NOT:   st.global
#acc = #cta.mma<warps = [4, 1]>
#row = #cta.slice<1, #acc>
!mem = memref<?x8x?xf32, strided<[?, ?, ?], offset: ?>>
gpu.module @kernels {
  gpu.func @write(%o: !mem, %b: index, %h: index, %m: index, %x: f32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %t = cta.splat %x : f32 -> tensor<64xf32, #row>
    cta.write %t, %o[%b, %h, %m] dims [2] : tensor<64xf32, #row>, !mem
    gpu.return
  }
}

// -----

// An element outside reads as zero, and is not touched. Distances of columns are constants beside the stride, within the
// text of the load; i1 lies in bytes. What nothing writes to is read without an order.

// CHECK-LABEL: llvm.func @read(
//  CHECK-SAME:   %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: i64, %[[STRIDE:[a-z0-9]+]]: i64
//   CHECK-NOT:   has_side_effects {{.*}}ld.global
//       CHECK:   %[[FIRST:.*]] = llvm.inline_asm asm_dialect = att "mov.b16 $0, 0;\0A@$1 ld.global.u8 $0, [$2];", "=h,b,l" %{{.*}}, %[[AT:.*]] : (i1, i64) -> i16
//       CHECK:   llvm.icmp "ne" %[[FIRST]],
//       CHECK:   llvm.inline_asm asm_dialect = att "{\0A.reg .b64 there;\0Amov.b16 $0, 0;\0Amad.lo.s64 there, $3, 1, $2;\0A@$1 ld.global.u8 $0, [there];\0A}", "=h,b,l,l" %{{.*}}, %[[AT]], %[[STRIDE]]
#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @read(%x: memref<?x?xi1, strided<[?, ?], offset: ?>>, %m: index, %n: index, %o: memref<64x8xi1>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t = cta.read %x[%m, %n] dims [0, 1] : memref<?x?xi1, strided<[?, ?], offset: ?>> -> tensor<64x8xi1, #acc>
    cta.write %t, %o[%c0, %c0] dims [0, 1] : tensor<64x8xi1, #acc>, memref<64x8xi1>
    gpu.return
  }
}

// -----

// What is written to in the same kernel is read in its order.

// CHECK-LABEL: llvm.func @update
//       CHECK:   has_side_effects {{.*}}ld.global.b32
#acc = #cta.mma<warps = [4, 1]>
#row = #cta.slice<1, #acc>
gpu.module @kernels {
  gpu.func @update(%x: memref<64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t = cta.read %x[%c0] dims [0] : memref<64xf32> -> tensor<64xf32, #row>
    %u = arith.negf %t : tensor<64xf32, #row>
    cta.write %u, %x[%c0] dims [0] : tensor<64xf32, #row>, memref<64xf32>
    gpu.return
  }
}

// -----

// What does not depend on a coordinate is read once for all of them: two columns of a thread are two loads, for both rows.

// CHECK-LABEL: llvm.func @repeated
// CHECK-COUNT-2: ld.global.b32
//   CHECK-NOT:   ld.global
//       CHECK:   llvm.return
#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @repeated(%x: memref<?xf32>, %n: index, %o: memref<64x8xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t = cta.read %x[%n] dims [-1, 0] : memref<?xf32> -> tensor<64x8xf32, #acc>
    cta.write %t, %o[%c0, %c0] dims [0, 1] : tensor<64x8xf32, #acc>, memref<64x8xf32>
    gpu.return
  }
}

// -----

// Gathered elements have an index each, which is compared with the size: a negative one is beyond it.

// CHECK-LABEL: llvm.func @gather(
//  CHECK-SAME:   !llvm.ptr, %[[SIZE:[a-z0-9]+]]: i64, %[[STRIDE:[a-z0-9]+]]: i64, %[[H:[a-z0-9]+]]: i32
//       CHECK:   %[[I:.*]] = llvm.sext %{{.*}} : i32 to i64
//       CHECK:   %[[H64:.*]] = llvm.sext %[[H]]
//       CHECK:   %[[ROW:.*]] = llvm.mul %[[H64]], %[[STRIDE]]
//       CHECK:   llvm.add %[[ROW]], %[[I]]
//       CHECK:   %[[IIN:.*]] = llvm.icmp "ult" %[[I]], %[[SIZE]]
//       CHECK:   %[[HIN:.*]] = llvm.icmp "ult" %[[H64]], %{{.*}} : i64
//       CHECK:   %[[INSIDE:.*]] = llvm.and %[[HIN]], %[[IIN]]
//       CHECK:   "mov.b16 $0, 0;\0A@$1 ld.global.b16 $0, [$2];", "=h,b,l" %[[INSIDE]],
#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @gather(%x: memref<8x?xf16, strided<[?, 1], offset: ?>>, %h: i32, %o: memref<64x8xf16>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %i = cta.iota dim 1 : tensor<64x8xi32, #acc>
    %t = cta.gather %x[%h, %i] : memref<8x?xf16, strided<[?, 1], offset: ?>>, i32, tensor<64x8xi32, #acc> -> tensor<64x8xf16, #acc>
    cta.write %t, %o[%c0, %c0] dims [0, 1] : tensor<64x8xf16, #acc>, memref<64x8xf16>
    gpu.return
  }
}

// -----

// Loads are beside what uses them, and not all of them in front of it: registers hold few at a time.

// CHECK-LABEL: llvm.func @sunk
//       CHECK:   ld.global.b32
//       CHECK:   %[[A:.*]] = llvm.fadd
//       CHECK:   ld.global.b32
//       CHECK:   llvm.fadd
//       CHECK:   ld.global.b32
//       CHECK:   llvm.fadd
//       CHECK:   ld.global.b32
//       CHECK:   llvm.fadd
//   CHECK-NOT:   ld.global
#acc = #cta.mma<warps = [4, 1]>
!s = tensor<64x8xf32, #acc>
gpu.module @kernels {
  gpu.func @sunk(%x: memref<64x8xf32>, %y: f32, %o: memref<64x8xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t = cta.read %x[%c0, %c0] dims [0, 1] : memref<64x8xf32> -> !s
    %s = cta.splat %y : f32 -> !s
    %u = arith.addf %t, %s : !s
    cta.write %u, %o[%c0, %c0] dims [0, 1] : !s, memref<64x8xf32>
    gpu.return
  }
}

// -----

// An index is 64 bits in memory.

// CHECK-LABEL: llvm.func @indices
//       CHECK:   ld.global.b64
//       CHECK:   st.global.b64
#acc = #cta.mma<warps = [4, 1]>
gpu.module @kernels {
  gpu.func @indices(%x: memref<64x8xindex>, %o: memref<64x8xindex>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t = cta.read %x[%c0, %c0] dims [0, 1] : memref<64x8xindex> -> tensor<64x8xindex, #acc>
    cta.write %t, %o[%c0, %c0] dims [0, 1] : tensor<64x8xindex, #acc>, memref<64x8xindex>
    gpu.return
  }
}
