// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(cta-to-nvvm))' | FileCheck %s

// The parameters of a kernel are what its body needs of its arguments, in their order; of one argument: address, sizes,
// strides, maps. What is known from the type, and what nothing uses, is not passed.

// CHECK-LABEL: llvm.func @params(
//  CHECK-SAME:   %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: f32)
//  CHECK-SAME:   cta.params = [
//  CHECK-SAME:     #cta.param<pointer, arg = 0>, #cta.param<size, arg = 0>, #cta.param<size, arg = 0, dim = 2>, #cta.param<stride, arg = 0>,
//  CHECK-SAME:     #cta.param<pointer, arg = 1>,
//  CHECK-SAME:     #cta.param<scalar, arg = 3>,
//  CHECK-SAME:     #cta.param<scalar, arg = 4>]
#acc = #cta.mma<warps = [4, 1]>
#row = #cta.slice<1, #acc>
gpu.module @kernels {
  gpu.func @params(%x: memref<?x8x?xf32, strided<[?, 16, 1], offset: ?>>, %o: memref<64xf32>, %unused: memref<?xf32>, %i: index, %y: f32, %n: i32) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %t = cta.read %x[%i, %c0, %c0] dims [2] : memref<?x8x?xf32, strided<[?, 16, 1], offset: ?>> -> tensor<64xf32, #row>
    %s = cta.splat %y : f32 -> tensor<64xf32, #row>
    %u = arith.addf %t, %s : tensor<64xf32, #row>
    cta.write %u, %o[%c0] dims [0] : tensor<64xf32, #row>, memref<64xf32>
    gpu.return
  }
}

// -----

// A size that is asked for is a parameter where it is dynamic, and its index is of 64 bits.

// CHECK-LABEL: llvm.func @sizes(
//  CHECK-SAME:   %[[SIZE:[a-z0-9]+]]: i64)
//  CHECK-SAME:   cta.params = [#cta.param<size, arg = 0>]
//       CHECK:   %[[S:.*]] = llvm.add %[[SIZE]], %{{.*}} : i64
//       CHECK:   llvm.trunc %[[S]] : i64 to i32
gpu.module @kernels {
  gpu.func @sizes(%x: memref<?x64xf32>) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = memref.dim %x, %c0 : memref<?x64xf32>
    %d = memref.dim %x, %c1 : memref<?x64xf32>
    %s = arith.addi %n, %d : index
    %i = arith.index_cast %s : index to i32
    cta.named_barrier %i threads(128)
    gpu.return
  }
}

// -----

// A map is 128 bytes by value, which stay where parameters are; a workspace is an address, and keeps what the host must know.

// CHECK-LABEL: llvm.func @memory(
//  CHECK-SAME:   %{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
//  CHECK-SAME:   %{{.*}}: !llvm.ptr {cta.workspace = #cta.workspace<bytes = 8, zero = true>})
//  CHECK-SAME:   cta.params = [#cta.param<tensor_map, arg = 0, dims = [0, 1], box = [32, 64], swizzle = 64>, #cta.param<workspace, arg = 1>]
!tile = !cta.tile<64x32xbf16, swizzle = 64>
gpu.module @kernels {
  gpu.func @memory(%x: memref<32x?xbf16, strided<[1, ?], offset: ?>>, %c: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : index
    %a = cta.shared "x" bytes(4096) align(1024) at(0) : i32
    %b = cta.shared "full" bytes(8) align(8) at(4096) : i32
    cta.warp_specialize role(producer) warps(4) registers(0) {
      %t = cta.smem_tile %a : !tile
      cta.tma_load %x[%c0, %c0] dims [1, 0] to %t signal %b : memref<32x?xbf16, strided<[1, ?], offset: ?>>, !tile
      cta.reset_counter %c : memref<2xi32>
    } role(consumer) warps(4) registers(0) {
    }
    gpu.return
  }
}

// -----

// What the launch must know: threads of all roles, blocks of a multiprocessor, whether blocks stay for many tiles, and shared
// memory, which is one external array.

//       CHECK: llvm.mlir.global external @smem() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
//   CHECK-NOT: llvm.mlir.global
// CHECK-LABEL: llvm.func @persistent(
//  CHECK-SAME:   cta.grid = #cta.grid<persistent = true, blocks_per_sm = 2>
//  CHECK-SAME:   cta.shared_bytes = 1024 : i64
//  CHECK-SAME:   nvvm.kernel, nvvm.minctasm = 2 : i32, nvvm.reqntid = array<i32: 384>
// CHECK-LABEL: llvm.func @grid(
//  CHECK-SAME:   cta.grid = #cta.grid<>
//  CHECK-SAME:   cta.shared_bytes = 0 : i64
//  CHECK-SAME:   nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 256>
gpu.module @kernels {
  gpu.func @persistent() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2, scheduler = dynamic, blocks_per_sm = 2>, cta.shared_bytes = 1024 : i64} {
    cta.warp_specialize role(producer) warps(4) registers(0) {
    } role(consumer) warps(8) registers(0) {
    }
    gpu.return
  }
  gpu.func @grid() kernel attributes {cta.schedule = #cta.schedule<warpgroups = 2, scheduler = grid>} {
    gpu.return
  }
}
