// RUN: fovea-opt %s | fovea-opt -mlir-print-local-scope | FileCheck %s
// RUN: fovea-opt %s -mlir-print-op-generic | fovea-opt -mlir-print-local-scope | FileCheck %s
// RUN: fovea-opt %s -emit-bytecode | fovea-opt -mlir-print-local-scope | FileCheck %s

// Every op survives printing and parsing, pretty, generic and as bytecode.

// CHECK-LABEL: func @launch
//       CHECK:   cta.launch @kernels::@none tiles(%{{.*}}, %{{.*}}) ins(%{{.*}} : tensor<?x64xbf16>) outs(%{{.*}} : tensor<?x64xbf16>) -> tensor<?x64xbf16>
//       CHECK:   cta.launch @kernels::@nothing tiles() {a}
func.func @launch(%n: index, %x: tensor<?x64xbf16>, %o: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %r = cta.launch @kernels::@none tiles(%n, %n) ins(%x : tensor<?x64xbf16>) outs(%o : tensor<?x64xbf16>)
      -> tensor<?x64xbf16>
  cta.launch @kernels::@nothing tiles() {a}
  return %r : tensor<?x64xbf16>
}

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @none
  //  CHECK-SAME:   memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}
  //       CHECK:   %{{.*}}:2 = cta.tile_index of(%{{.*}}, %{{.*}}) : index, index
  //       CHECK:   cta.first_tile : i32
  //       CHECK:   cta.next_tile %{{.*}} : i32
  //       CHECK:   cta.next_tile %{{.*}} counter(%{{.*}} : memref<2xi32>) : i32
  gpu.func @none(%x: memref<?x64xbf16>, %o: memref<?x64xbf16>, %m: index, %n: index,
                 %c: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}) kernel {
    %i:2 = cta.tile_index of(%m, %n) : index, index
    %t = cta.first_tile : i32
    %u = cta.next_tile %t : i32
    %v = cta.next_tile %u counter(%c : memref<2xi32>) : i32
    gpu.return
  }
  gpu.func @nothing() kernel {
    gpu.return
  }
}

// CHECK-LABEL: func @global_memory
//       CHECK:   cta.load %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] : memref<?x64xbf16> -> <64x64xbf16>
//       CHECK:   cta.load %{{.*}}[%{{.*}}, %{{.*}}] dims [1, 0] if %{{.*}} : memref<?x64xbf16> -> <64x64xbf16, swizzle = 128>
//       CHECK:   cta.read %{{.*}}[%{{.*}}, %{{.*}}] dims [-1, 1] : memref<?x64xbf16> -> tensor<64x64xbf16>
//       CHECK:   cta.gather %{{.*}}[%{{.*}}, %{{.*}}] : memref<?x64xbf16>, index, tensor<64x64xi32> -> tensor<64x64xbf16>
//       CHECK:   cta.write %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] : tensor<64x64xbf16>, memref<?x64xbf16>
//       CHECK:   cta.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] : tensor<64x64xbf16>, memref<?x64xbf16>
//       CHECK:   cta.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] via(%{{.*}} : !cta.tile<64x64xbf16, swizzle = 128>) : tensor<64x64xbf16>, memref<?x64xbf16>
//       CHECK:   cta.store_wait{{$}}
//       CHECK:   cta.store_wait complete
func.func @global_memory(%x: memref<?x64xbf16>, %i: index, %p: i1, %at: tensor<64x64xi32>) {
  %t = cta.load %x[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
  %u = cta.load %x[%i, %i] dims [1, 0] if %p : memref<?x64xbf16> -> !cta.tile<64x64xbf16, swizzle = 128>
  %r = cta.read %x[%i, %i] dims [-1, 1] : memref<?x64xbf16> -> tensor<64x64xbf16>
  %g = cta.gather %x[%i, %at] : memref<?x64xbf16>, index, tensor<64x64xi32> -> tensor<64x64xbf16>
  cta.write %r, %x[%i, %i] dims [0, 1] : tensor<64x64xbf16>, memref<?x64xbf16>
  cta.store %g, %x[%i, %i] dims [0, 1] : tensor<64x64xbf16>, memref<?x64xbf16>
  cta.store %g, %x[%i, %i] dims [0, 1] via(%u : !cta.tile<64x64xbf16, swizzle = 128>) : tensor<64x64xbf16>, memref<?x64xbf16>
  cta.store_wait
  cta.store_wait complete
  return
}

// CHECK-LABEL: func @products
//       CHECK:   cta.dot %{{.*}}, %{{.*}} transpose_b : !cta.tile<64x32xbf16>, <96x32xbf16> -> tensor<64x96xf32>
//       CHECK:   cta.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<64x96xbf16>, <96x32xbf16>, tensor<64x32xf32> -> tensor<64x32xf32>
//       CHECK:   cta.dot_async %{{.*}}, %{{.*}} transpose_b : !cta.tile<64x32xbf16>, <96x32xbf16> -> <tensor<64x96xf32>>
//       CHECK:   cta.dot_async %{{.*}}, %{{.*}}, %{{.*}} : tensor<64x96xbf16>, <96x32xbf16>, tensor<64x32xf32> -> <tensor<64x32xf32>>
//       CHECK:   cta.dot_wait %{{.*}} : !cta.inflight<tensor<64x96xf32>>
//       CHECK:   cta.dot_wait %{{.*}} tied(%{{.*}} : tensor<64x96xf32>) pending(0) : !cta.inflight<tensor<64x32xf32>>
func.func @products(%q: !cta.tile<64x32xbf16>, %k: !cta.tile<96x32xbf16>, %p: tensor<64x96xbf16>, %a: tensor<64x32xf32>,
                    %x: tensor<64x96xf32>) {
  %s = cta.dot %q, %k transpose_b : !cta.tile<64x32xbf16>, !cta.tile<96x32xbf16> -> tensor<64x96xf32>
  %o = cta.dot %p, %k, %a : tensor<64x96xbf16>, !cta.tile<96x32xbf16>, tensor<64x32xf32> -> tensor<64x32xf32>
  %f = cta.dot_async %q, %k transpose_b : !cta.tile<64x32xbf16>, !cta.tile<96x32xbf16> -> !cta.inflight<tensor<64x96xf32>>
  %g = cta.dot_async %p, %k, %a : tensor<64x96xbf16>, !cta.tile<96x32xbf16>, tensor<64x32xf32>
      -> !cta.inflight<tensor<64x32xf32>>
  %t = cta.dot_wait %f : !cta.inflight<tensor<64x96xf32>>
  %u:2 = cta.dot_wait %g tied(%x : tensor<64x96xf32>) pending(0) : !cta.inflight<tensor<64x32xf32>>
  return
}

// CHECK-LABEL: func @register_tiles
//       CHECK:   cta.splat %{{.*}} : f32 -> tensor<64x32xf32>
//       CHECK:   cta.iota dim 1 : tensor<64x32xi32>
//       CHECK:   cta.reduce maximum %{{.*}} dim 1 : tensor<64x32xf32> -> tensor<64xf32>
//       CHECK:   cta.reduce add %{{.*}} dim 1 partial : tensor<64x32xf32> -> tensor<64x4xf32>
//       CHECK:   cta.broadcast %{{.*}} dim 1 : tensor<64xf32> -> tensor<64x32xf32>
//       CHECK:   cta.any %{{.*}} : tensor<64xi1>
func.func @register_tiles(%x: f32, %p: tensor<64xi1>) {
  %s = cta.splat %x : f32 -> tensor<64x32xf32>
  %i = cta.iota dim 1 : tensor<64x32xi32>
  %m = cta.reduce maximum %s dim 1 : tensor<64x32xf32> -> tensor<64xf32>
  %l = cta.reduce add %s dim 1 partial : tensor<64x32xf32> -> tensor<64x4xf32>
  %b = cta.broadcast %m dim 1 : tensor<64xf32> -> tensor<64x32xf32>
  %a = cta.any %p : tensor<64xi1>
  return
}

// CHECK-LABEL: func @layouts
//       CHECK:   cta.convert_layout %{{.*}} : tensor<128x64xbf16, #cta.mma<warps = [8, 1]>> -> tensor<128x64xbf16, #cta.operand_a<<warps = [8, 1]>>>
//       CHECK:   tensor<128xf32, #cta.slice<1, #cta.mma<warps = [8, 1]>>>
//       CHECK:   tensor<128x4xf32, #cta.lanes<<warps = [8, 1]>>>
#acc = #cta.mma<warps = [8, 1]>
func.func @layouts(%t: tensor<128x64xbf16, #acc>, %x: f32) {
  %a = cta.convert_layout %t : tensor<128x64xbf16, #acc> -> tensor<128x64xbf16, #cta.operand_a<#acc>>
  %r = cta.splat %x : f32 -> tensor<128xf32, #cta.slice<1, #acc>>
  %l = cta.splat %x : f32 -> tensor<128x4xf32, #cta.lanes<#acc>>
  return
}

// CHECK-LABEL: func @roles
//       CHECK:   %[[C:.*]] = cta.channel "K" : <!cta.tile<64x64xbf16, swizzle = 128>, depth = 2>
//       CHECK:   %[[T:.*]] = cta.channel "tile" : <i32, depth = 2>
//       CHECK:   cta.warp_specialize role(producer) warps(4) registers(24) {
//       CHECK:     %[[S:.*]] = cta.acquire %[[C]] if %{{.*}} : <!cta.tile<64x64xbf16, swizzle = 128>, depth = 2> -> <!cta.tile<64x64xbf16, swizzle = 128>>
//       CHECK:     cta.tma_load %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] to %[[S]] : memref<?x64xbf16>, !cta.slot<!cta.tile<64x64xbf16, swizzle = 128>>
//       CHECK:     cta.send %{{.*}} to %[[T]] : <i32, depth = 2>
//       CHECK:   } role(consumer) warps(8) registers(240) {
//       CHECK:     %[[W:.*]] = cta.wait %[[C]] : <!cta.tile<64x64xbf16, swizzle = 128>, depth = 2> -> <!cta.tile<64x64xbf16, swizzle = 128>>
//       CHECK:     cta.slot_tile %[[W]] of %[[C]] : <!cta.tile<64x64xbf16, swizzle = 128>>, <!cta.tile<64x64xbf16, swizzle = 128>, depth = 2> -> <64x64xbf16, swizzle = 128>
//       CHECK:     cta.release %[[W]] of %[[C]] if %{{.*}} : <!cta.tile<64x64xbf16, swizzle = 128>>, <!cta.tile<64x64xbf16, swizzle = 128>, depth = 2>
//       CHECK:     cta.receive %[[T]] : <i32, depth = 2> -> i32
//       CHECK:     cta.section_enter
//       CHECK:     cta.section_leave
!tile = !cta.tile<64x64xbf16, swizzle = 128>
func.func @roles(%x: memref<?x64xbf16>, %i: index, %n: i32, %p: i1) {
  %c = cta.channel "K" : !cta.channel<!tile, depth = 2>
  %t = cta.channel "tile" : !cta.channel<i32, depth = 2>
  cta.warp_specialize role(producer) warps(4) registers(24) {
    %s = cta.acquire %c if %p : !cta.channel<!tile, depth = 2> -> !cta.slot<!tile>
    cta.tma_load %x[%i, %i] dims [0, 1] to %s : memref<?x64xbf16>, !cta.slot<!tile>
    cta.send %n to %t : !cta.channel<i32, depth = 2>
  } role(consumer) warps(8) registers(240) {
    %s = cta.wait %c : !cta.channel<!tile, depth = 2> -> !cta.slot<!tile>
    %k = cta.slot_tile %s of %c : !cta.slot<!tile>, !cta.channel<!tile, depth = 2> -> !tile
    cta.release %s of %c if %p : !cta.slot<!tile>, !cta.channel<!tile, depth = 2>
    %u = cta.receive %t : !cta.channel<i32, depth = 2> -> i32
    cta.section_enter
    cta.section_leave
  }
  return
}

// CHECK-LABEL: func @barriers
//       CHECK:   cta.alloc_tile : <64x64xbf16, swizzle = 128>
//       CHECK:   %[[A:.*]] = cta.shared "K" bytes(8192) align(1024) : i32
//       CHECK:   cta.shared "K full" bytes(16) align(8) at(8192) : i32
//       CHECK:   %[[T:.*]] = cta.smem_tile %[[A]] : <64x64xbf16, swizzle = 128>
//       CHECK:   cta.tma_load %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] to %[[T]] signal %{{.*}} if %{{.*}} : memref<?x64xbf16>, !cta.tile<64x64xbf16, swizzle = 128>
//       CHECK:   %[[V:.*]] = cta.smem_read %[[A]] : i32
//       CHECK:   cta.smem_write %[[V]], %[[A]] : i32
//       CHECK:   cta.mbarrier_init %{{.*}} count(8) depth(2)
//       CHECK:   cta.sync_block
//       CHECK:   cta.mbarrier_wait %{{.*}} parity %{{.*}} if %{{.*}}
//       CHECK:   cta.mbarrier_arrive %{{.*}}{{$}}
//       CHECK:   cta.mbarrier_arrive %{{.*}} expect(8192) if %{{.*}}
//       CHECK:   cta.named_barrier %{{.*}} threads(256){{$}}
//       CHECK:   cta.named_barrier %{{.*}} threads(256) arrive
//       CHECK:   cta.warpgroup_index : i32
func.func @barriers(%x: memref<?x64xbf16>, %i: index, %n: i32, %p: i1) {
  %s = cta.alloc_tile : !tile
  %a = cta.shared "K" bytes(8192) align(1024) : i32
  %b = cta.shared "K full" bytes(16) align(8) at(8192) : i32
  %t = cta.smem_tile %a : !tile
  cta.tma_load %x[%i, %i] dims [0, 1] to %t signal %b if %p : memref<?x64xbf16>, !tile
  %v = cta.smem_read %a : i32
  cta.smem_write %v, %a : i32
  cta.mbarrier_init %b count(8) depth(2)
  cta.sync_block
  cta.mbarrier_wait %b parity %n if %p
  cta.mbarrier_arrive %b
  cta.mbarrier_arrive %b expect(8192) if %p
  cta.named_barrier %n threads(256)
  cta.named_barrier %n threads(256) arrive
  %w = cta.warpgroup_index : i32
  return
}

// CHECK-LABEL: func @schedules
//  CHECK-SAME:   cta.schedule = #cta.schedule<warpgroups = 3, stages = 4, overlap = false, ping_pong = true, specialize = false, flatten = true, query_stages = 2, output_over_query = true, scheduler = dynamic, order = descending, section_tiles = 130, blocks_per_sm = 2, producer_registers = 32, consumer_registers = 160>
//       CHECK:   {cta.at = #cta.at<stage = 1, order = 4, role = consumer>}
//       CHECK:   {cta.at = #cta.at<stage = 0, order = 0>}
func.func @schedules() attributes {cta.schedule = #cta.schedule<warpgroups = 3, stages = 4, overlap = false,
    ping_pong = true, specialize = false, flatten = true, query_stages = 2, output_over_query = true,
    scheduler = dynamic, order = descending, section_tiles = 130, blocks_per_sm = 2, producer_registers = 32,
    consumer_registers = 160>} {
  %a = arith.constant {cta.at = #cta.at<stage = 1, order = 4, role = consumer>} 0 : i32
  %b = arith.constant {cta.at = #cta.at<stage = 0, order = 0>} 0 : i32
  return
}

// What has its default is not printed.

// CHECK-LABEL: func @defaults
//  CHECK-SAME:   cta.schedule = #cta.schedule<>
func.func @defaults() attributes {cta.schedule = #cta.schedule<warpgroups = 2, stages = 2, overlap = true,
    scheduler = static, order = ascending>} {
  return
}

// CHECK-LABEL: llvm.func @lowered
//  CHECK-SAME:   cta.grid = #cta.grid<persistent = true>
//  CHECK-SAME:   cta.params = [#cta.param<tensor_map, arg = 1, dims = [3, 2], box = [64, 128], swizzle = 128>, #cta.param<size, arg = 0, dim = 2>, #cta.param<pointer, arg = 4>, #cta.param<workspace, arg = 5>, #cta.param<scalar, arg = 3>, #cta.param<stride, arg = 0, dim = 1>]
//  CHECK-SAME:   cta.shared_bytes = 230400 : i64
llvm.func @lowered() attributes {
  cta.grid = #cta.grid<persistent = true, blocks_per_sm = 1>,
  cta.params = [#cta.param<tensor_map, arg = 1, dims = [3, 2], box = [64, 128], swizzle = 128>,
                #cta.param<size, arg = 0, dim = 2>, #cta.param<pointer, arg = 4>, #cta.param<workspace, arg = 5>,
                #cta.param<scalar, arg = 3>, #cta.param<stride, arg = 0, dim = 1>],
  cta.shared_bytes = 230400 : i64}
