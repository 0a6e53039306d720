// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// A tile is loaded box by box: slabs of as many columns as the swizzle spans, of at most 256 rows, each with the map of its
// extents, at its place in the slot, and all of them count on one barrier. Coordinates are in the order of the map.

// CHECK-LABEL: llvm.func @load
//  CHECK-SAME:   %[[SMALL:[a-z0-9]+]]: !llvm.ptr {{{[^}]*}}}, %[[LARGE:[a-z0-9]+]]: !llvm.ptr {{{[^}]*}}}, %[[B:[a-z0-9]+]]: i64, %[[H:[a-z0-9]+]]: i64, %[[N:[a-z0-9]+]]: i64, %[[P:[a-z0-9]+]]: i1
//  CHECK-SAME:   cta.params = [#cta.param<tensor_map, arg = 0, dims = [3, 2, 1, 0], box = [64, 64, 1, 1], swizzle = 128>, #cta.param<tensor_map, arg = 0, dims = [3, 2, 1, 0], box = [64, 256, 1, 1], swizzle = 128>,
//   CHECK-DAG:   %[[C0:.*]] = llvm.mlir.constant(0 : i32)
//   CHECK-DAG:   %[[C64:.*]] = llvm.mlir.constant(64 : i32)
//   CHECK-DAG:   %[[C256:.*]] = llvm.mlir.constant(256 : i32)
//   CHECK-DAG:   %[[ROWS256:.*]] = llvm.mlir.constant(32768 : i32)
//   CHECK-DAG:   %[[SLAB:.*]] = llvm.mlir.constant(40960 : i32)
//       CHECK:   %[[TILE:.*]] = llvm.ptrtoint
//       CHECK:   %[[FULL:.*]] = llvm.add %[[TILE]],
//       CHECK:   %[[N32:.*]] = llvm.trunc %[[N]]
//       CHECK:   %[[H32:.*]] = llvm.trunc %[[H]]
//       CHECK:   %[[B32:.*]] = llvm.trunc %[[B]]
//       CHECK:   "@$0 cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [$1], [$2, {$3, $4, $5, $6}], [$7];"
//  CHECK-SAME:     %[[P]], %[[TILE]], %[[LARGE]], %[[C0]], %[[N32]], %[[H32]], %[[B32]], %[[FULL]]
//       CHECK:   %[[N256:.*]] = llvm.add %[[N32]], %[[C256]]
//       CHECK:   %[[BELOW:.*]] = llvm.add %[[TILE]], %[[ROWS256]]
//       CHECK:   cp.async.bulk.tensor.4d{{.*}} %[[P]], %[[BELOW]], %[[SMALL]], %[[C0]], %[[N256]], %[[H32]], %[[B32]], %[[FULL]]
//       CHECK:   %[[BESIDE:.*]] = llvm.add %[[TILE]], %[[SLAB]]
//       CHECK:   cp.async.bulk.tensor.4d{{.*}} %[[P]], %[[BESIDE]], %[[LARGE]], %[[C64]], %[[N32]], %[[H32]], %[[B32]], %[[FULL]]
//       CHECK:   cp.async.bulk.tensor.4d{{.*}} %[[P]], %{{.*}}, %[[SMALL]], %[[C64]], %[[N256]], %[[H32]], %[[B32]], %[[FULL]]
//   CHECK-NOT:   cp.async
!mem = memref<?x8x?x128xbf16, strided<[?, ?, ?, 1], offset: ?>>
!tile = !cta.tile<320x128xbf16, swizzle = 128>
gpu.module @kernels {
  gpu.func @load(%k: !mem, %b: index, %h: index, %n: index, %p: i1) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %a = cta.shared "k" bytes(81920) align(1024) at(0) : i32
    %full = cta.shared "full" bytes(8) align(8) at(81920) : i32
    cta.warp_specialize role(producer) warps(4) registers(0) {
      %t = cta.smem_tile %a : !tile
      cta.tma_load %k[%b, %h, %n, %c0] dims [2, 3] to %t signal %full if %p : !mem, !tile
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

// A store of a warpgroup's 64 rows: its threads meet (at barriers 8, 9, ...) once what was stored before has been read, write
// their matrices, make them visible to the copy engine and meet; then one of them copies and commits. A wait is that
// thread's, and the warp meets behind it.

// CHECK-LABEL: llvm.func @store
//  CHECK-SAME:   cta.params = [#cta.param<tensor_map, arg = 0, dims = [1, 0], box = [32, 64], swizzle = 64>,
//   CHECK-DAG:   %[[C0:.*]] = llvm.mlir.constant(0 : i32)
//   CHECK-DAG:   %[[C8:.*]] = llvm.mlir.constant(8 : i32)
//   CHECK-DAG:   %[[C64:.*]] = llvm.mlir.constant(64 : i32)
//   CHECK-DAG:   %[[C4096:.*]] = llvm.mlir.constant(4096 : i32)
//       CHECK:   %[[TILE:.*]] = llvm.ptrtoint
//       CHECK:   %[[WARPGROUP:.*]] = llvm.lshr
//       CHECK:   %[[FIRST:.*]] = llvm.icmp "eq"
//       CHECK:   "@$0 cp.async.bulk.wait_group.read 0;", "b,~{memory}" %[[FIRST]]
//  CHECK-NEXT:   nvvm.bar.warp.sync
//       CHECK:   %[[BARRIER:.*]] = llvm.add %[[WARPGROUP]], %[[C8]]
//  CHECK-NEXT:   "bar.sync $0, 128;", "r,~{memory}" %[[BARRIER]]
// CHECK-COUNT-2: stmatrix.sync.aligned.m8n8.x4.shared.b16 [$0], {$1, $2, $3, $4};
//   CHECK-NOT:   stmatrix
//       CHECK:   fence.proxy.async.shared::cta;
//  CHECK-NEXT:   "bar.sync $0, 128;", "r,~{memory}" %[[BARRIER]]
//       CHECK:   %[[M:.*]] = llvm.trunc %arg1
//       CHECK:   %[[ROWS:.*]] = llvm.mul %[[WARPGROUP]], %[[C64]]
//       CHECK:   %[[BYTES:.*]] = llvm.mul %[[WARPGROUP]], %[[C4096]]
//       CHECK:   %[[ROW:.*]] = llvm.add %[[M]], %[[ROWS]]
//       CHECK:   %[[SOURCE:.*]] = llvm.add %[[TILE]], %[[BYTES]]
//       CHECK:   "@$0 cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [$1, {$2, $3}], [$4];"
//  CHECK-SAME:     %[[FIRST]], %arg0, %[[C0]], %[[ROW]], %[[SOURCE]]
//  CHECK-NEXT:   "@$0 cp.async.bulk.commit_group;", "b,~{memory}" %[[FIRST]]
//       CHECK:   "@$0 cp.async.bulk.wait_group 0;", "b,~{memory}" %[[FIRST]]
//  CHECK-NEXT:   nvvm.bar.warp.sync
#acc = #cta.mma<warps = [8, 1]>
!mem = memref<?x128xbf16, strided<[?, ?], offset: ?>>
!tile = !cta.tile<128x32xbf16, swizzle = 64>
gpu.module @kernels {
  gpu.func @store(%o: !mem, %m: index, %x: bf16) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %c0 = arith.constant 0 : index
    %a = cta.shared "o" bytes(8192) align(1024) at(0) : i32
    cta.warp_specialize role(producer) warps(4) registers(0) {
    } role(consumer) warps(8) registers(0) {
      %t = cta.smem_tile %a : !tile
      %v = cta.splat %x : bf16 -> tensor<128x32xbf16, #acc>
      cta.store_wait
      cta.store %v, %o[%m, %c0] dims [0, 1] via(%t : !tile) : tensor<128x32xbf16, #acc>, !mem
      cta.store_wait complete
    }
    gpu.return
  }
}

// -----

// Columns that are an odd number of eights go by two matrices.

// CHECK-LABEL: llvm.func @narrow
//       CHECK:   stmatrix.sync.aligned.m8n8.x2.shared.b16 [$0], {$1, $2};
#acc = #cta.mma<warps = [4, 1]>
!mem = memref<?x8xf16, strided<[?, 1], offset: ?>>
!tile = !cta.tile<64x8xf16, swizzle = 16>
gpu.module @kernels {
  gpu.func @narrow(%o: !mem, %m: index, %x: f16) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %a = cta.shared "o" bytes(1024) align(1024) at(0) : i32
    %t = cta.smem_tile %a : !tile
    %v = cta.splat %x : f16 -> tensor<64x8xf16, #acc>
    cta.store %v, %o[%m, %c0] dims [0, 1] via(%t : !tile) : tensor<64x8xf16, #acc>, !mem
    gpu.return
  }
}
