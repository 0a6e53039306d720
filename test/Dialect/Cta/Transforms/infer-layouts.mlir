// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-infer-layouts)))' -split-input-file | FileCheck %s

// A product seeds the accumulator layout of 4 warps per warpgroup; reductions, broadcasts and elementwise ops follow.

// CHECK-LABEL: gpu.func @scores
//       CHECK:   %[[Q:.*]] = cta.load {{.*}} -> <192x64xbf16, swizzle = 128>
//       CHECK:   %[[S:.*]] = cta.dot %[[Q]], %{{.*}} transpose_b : {{.*}} -> tensor<192x96xf32, #cta.mma<warps = [12, 1]>>
//       CHECK:   %[[M:.*]] = cta.reduce maximum %[[S]] dim 1 : tensor<192x96xf32, #cta.mma<warps = [12, 1]>> -> tensor<192xf32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
//       CHECK:   %[[B:.*]] = cta.broadcast %[[M]] dim 1 : tensor<192xf32, #cta.slice<1, #cta.mma<warps = [12, 1]>>> -> tensor<192x96xf32, #cta.mma<warps = [12, 1]>>
//       CHECK:   %[[D:.*]] = arith.subf %[[S]], %[[B]] : tensor<192x96xf32, #cta.mma<warps = [12, 1]>>
//       CHECK:   %[[L:.*]] = cta.reduce add %[[D]] dim 1 partial : {{.*}} -> tensor<192x4xf32, #cta.lanes<<warps = [12, 1]>>>
//       CHECK:   cta.reduce add %[[L]] dim 1 : {{.*}} -> tensor<192xf32, #cta.slice<1, #cta.mma<warps = [12, 1]>>>
gpu.module @kernels {
  gpu.func @scores(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>, %l: memref<?xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 3>} {
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<192x64xbf16>
    %kt = cta.load %k[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<96x64xbf16>
    %s = cta.dot %qt, %kt transpose_b : !cta.tile<192x64xbf16>, !cta.tile<96x64xbf16> -> tensor<192x96xf32>
    %m = cta.reduce maximum %s dim 1 : tensor<192x96xf32> -> tensor<192xf32>
    %b = cta.broadcast %m dim 1 : tensor<192xf32> -> tensor<192x96xf32>
    %d = arith.subf %s, %b : tensor<192x96xf32>
    %p = cta.reduce add %d dim 1 partial : tensor<192x96xf32> -> tensor<192x4xf32>
    %t = cta.reduce add %p dim 1 : tensor<192x4xf32> -> tensor<192xf32>
    cta.write %t, %l[%i] dims [0] : tensor<192xf32>, memref<?xf32>
    gpu.return
  }
}

// -----

// A register operand A is converted where the product reads it, and stays an accumulator for the others.

// CHECK-LABEL: gpu.func @operand_a
//       CHECK:   %[[P:.*]] = arith.truncf %{{.*}} : tensor<128x64xf32, #cta.mma<warps = [8, 1]>> to tensor<128x64xbf16, #cta.mma<warps = [8, 1]>>
//       CHECK:   %[[A:.*]] = cta.convert_layout %[[P]] : tensor<128x64xbf16, #cta.mma<warps = [8, 1]>> -> tensor<128x64xbf16, #cta.operand_a<<warps = [8, 1]>>>
//       CHECK:   cta.dot %[[A]], %{{.*}} -> tensor<128x64xf32, #cta.mma<warps = [8, 1]>>
//       CHECK:   cta.store %[[P]], {{.*}} : tensor<128x64xbf16, #cta.mma<warps = [8, 1]>>
gpu.module @kernels {
  gpu.func @operand_a(%q: memref<?x64xbf16>, %o: memref<?x64xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<128x64xbf16>
    %kt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
    %s = cta.dot %qt, %kt transpose_b : !cta.tile<128x64xbf16>, !cta.tile<64x64xbf16> -> tensor<128x64xf32>
    %p = arith.truncf %s : tensor<128x64xf32> to tensor<128x64xbf16>
    %t = cta.dot %p, %kt : tensor<128x64xbf16>, !cta.tile<64x64xbf16> -> tensor<128x64xf32>
    cta.store %p, %q[%i, %i] dims [0, 1] : tensor<128x64xbf16>, memref<?x64xbf16>
    cta.store %t, %o[%i, %i] dims [0, 1] : tensor<128x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

// A constant that rows and columns use exists in both layouts; a value that is read for columns is one along them.

// CHECK-LABEL: gpu.func @rows_and_columns
//   CHECK-DAG:   %[[ROWS:.*]] = arith.constant dense<1.000000e+00> : tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
//   CHECK-DAG:   %[[COLS:.*]] = arith.constant dense<1.000000e+00> : tensor<64xf32, #cta.slice<0, #cta.mma<warps = [4, 1]>>>
//       CHECK:   %[[BIAS:.*]] = cta.read {{.*}} -> tensor<64xf32, #cta.slice<0, #cta.mma<warps = [4, 1]>>>
//       CHECK:   arith.addf %[[BIAS]], %[[COLS]] : tensor<64xf32, #cta.slice<0, #cta.mma<warps = [4, 1]>>>
//       CHECK:   arith.addf %{{.*}}, %[[ROWS]] : tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
gpu.module @kernels {
  gpu.func @rows_and_columns(%q: memref<?x64xbf16>, %bias: memref<?xf32>, %o: memref<?xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %one = arith.constant dense<1.0> : tensor<64xf32>
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
    %s = cta.dot %qt, %qt transpose_b : !cta.tile<64x64xbf16>, !cta.tile<64x64xbf16> -> tensor<64x64xf32>
    %b = cta.read %bias[%i] dims [0] : memref<?xf32> -> tensor<64xf32>
    %b1 = arith.addf %b, %one : tensor<64xf32>
    %bb = cta.broadcast %b1 dim 0 : tensor<64xf32> -> tensor<64x64xf32>
    %t = arith.addf %s, %bb : tensor<64x64xf32>
    %m = cta.reduce add %t dim 1 : tensor<64x64xf32> -> tensor<64xf32>
    %m1 = arith.addf %m, %one : tensor<64xf32>
    cta.write %m1, %o[%i] dims [0] : tensor<64xf32>, memref<?xf32>
    gpu.return
  }
}

// -----

// One value for rows and columns is converted for one of them.

// CHECK-LABEL: gpu.func @two_layouts
//       CHECK:   %[[B:.*]] = cta.read {{.*}} -> tensor<64xf32, #cta.slice<0, #cta.mma<warps = [4, 1]>>>
//       CHECK:   cta.broadcast %[[B]] dim 0
//       CHECK:   %[[C:.*]] = cta.convert_layout %[[B]] : tensor<64xf32, #cta.slice<0, #cta.mma<warps = [4, 1]>>> -> tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
//       CHECK:   cta.broadcast %[[C]] dim 1
gpu.module @kernels {
  gpu.func @two_layouts(%q: memref<?x64xbf16>, %bias: memref<?xf32>, %o: memref<?x64xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
    %s = cta.dot %qt, %qt transpose_b : !cta.tile<64x64xbf16>, !cta.tile<64x64xbf16> -> tensor<64x64xf32>
    %b = cta.read %bias[%i] dims [0] : memref<?xf32> -> tensor<64xf32>
    %c = cta.broadcast %b dim 0 : tensor<64xf32> -> tensor<64x64xf32>
    %r = cta.broadcast %b dim 1 : tensor<64xf32> -> tensor<64x64xf32>
    %t = arith.addf %c, %r : tensor<64x64xf32>
    %u = arith.addf %s, %t : tensor<64x64xf32>
    cta.store %u, %o[%i, %i] dims [0, 1] : tensor<64x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

// Control flow carries layouts: initial values, arguments, yields and results are of one type.

// CHECK-LABEL: gpu.func @control_flow
//       CHECK:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<128xf32, #cta.slice<1, #cta.mma<warps = [8, 1]>>>
//       CHECK:   scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %[[ZERO]]) : (i32, tensor<128xf32, #cta.slice<1, #cta.mma<warps = [8, 1]>>>) -> (i32, tensor<128xf32, #cta.slice<1, #cta.mma<warps = [8, 1]>>>)
//       CHECK:     scf.if %{{.*}} -> (tensor<128x32xf32, #cta.mma<warps = [8, 1]>>)
//       CHECK:       arith.constant dense<1.000000e+00> : tensor<128x32xf32, #cta.mma<warps = [8, 1]>>
gpu.module @kernels {
  gpu.func @control_flow(%q: memref<?x64xbf16>, %o: memref<?xf32>, %i: index, %n: i32) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %zero = arith.constant dense<0.0> : tensor<128xf32>
    %r:2 = scf.while (%j = %c0, %m = %zero) : (i32, tensor<128xf32>) -> (i32, tensor<128xf32>) {
      %go = arith.cmpi slt, %j, %n : i32
      scf.condition(%go) %j, %m : i32, tensor<128xf32>
    } do {
    ^bb0(%j: i32, %m: tensor<128xf32>):
      %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<128x64xbf16>
      %kt = cta.load %q[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<32x64xbf16>
      %s = cta.dot %qt, %kt transpose_b : !cta.tile<128x64xbf16>, !cta.tile<32x64xbf16> -> tensor<128x32xf32>
      %even = arith.cmpi eq, %j, %c1 : i32
      %t = scf.if %even -> (tensor<128x32xf32>) {
        %one = arith.constant dense<1.0> : tensor<128x32xf32>
        scf.yield %one : tensor<128x32xf32>
      } else {
        scf.yield %s : tensor<128x32xf32>
      }
      %bm = cta.reduce maximum %t dim 1 : tensor<128x32xf32> -> tensor<128xf32>
      %x = arith.maximumf %m, %bm : tensor<128xf32>
      %k = arith.addi %j, %c1 : i32
      scf.yield %k, %x : i32, tensor<128xf32>
    }
    cta.write %r#1, %o[%i] dims [0] : tensor<128xf32>, memref<?xf32>
    gpu.return
  }
}

// -----

// What no product determines is laid out as an accumulator, and vectors along its rows; narrow tiles get the widest
// swizzle of which their rows are a multiple.

// CHECK-LABEL: gpu.func @without_products
//       CHECK:   cta.load {{.*}} -> <64x96xbf16, swizzle = 64>
//       CHECK:   %[[T:.*]] = cta.read {{.*}} -> tensor<64x32xf32, #cta.mma<warps = [4, 1]>>
//       CHECK:   cta.reduce add %[[T]] dim 1 : {{.*}} -> tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
//       CHECK:   cta.read {{.*}} -> tensor<64xf32, #cta.slice<1, #cta.mma<warps = [4, 1]>>>
gpu.module @kernels {
  gpu.func @without_products(%q: memref<?x96xbf16>, %x: memref<?x32xf32>, %o: memref<?xf32>, %i: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %qt = cta.load %q[%i, %i] dims [0, 1] : memref<?x96xbf16> -> !cta.tile<64x96xbf16>
    %t = cta.read %x[%i, %i] dims [0, 1] : memref<?x32xf32> -> tensor<64x32xf32>
    %s = cta.reduce add %t dim 1 : tensor<64x32xf32> -> tensor<64xf32>
    cta.write %s, %o[%i] dims [0] : tensor<64xf32>, memref<?xf32>
    %v = cta.read %o[%i] dims [0] : memref<?xf32> -> tensor<64xf32>
    cta.write %v, %o[%i] dims [0] : tensor<64xf32>, memref<?xf32>
    gpu.return
  }
}
