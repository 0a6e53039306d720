// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s

// A tile of causal attention with grouped heads, as attn-outline-kernels leaves it. The keys go from the last block to the
// first; blocks below %tail are masked, and only them, by one comparison for the diagonal and the end of the keys
// (mask-bounds.mlir); what comes of no block at all is one block that lies nowhere (S3). Maxima begin at a finite number, so
// that no difference of two -inf arises (S7).

#rows = affine_map<()[s0, s1] -> (128, s0 - s1 * 128)>
#x128 = affine_map<()[s0] -> (s0 * 128)>
#group = affine_map<()[s0] -> (s0 floordiv 4)>
#rest = affine_map<(d0)[s0] -> (-d0 + s0, 128)>
#q = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d4)>
#k = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 floordiv 4, d3, d4)>
#v = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 floordiv 4, d3, d5)>
#scalar = affine_map<(d0, d1, d2, d3, d4, d5) -> ()>
#o = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d5)>
#r = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2)>
!qm = memref<?x16x?x128xbf16, strided<[?, ?, ?, ?], offset: ?>>
!km = memref<?x4x?x128xbf16, strided<[?, ?, ?, ?], offset: ?>>
!lm = memref<?x16x?xf32, strided<[?, ?, ?], offset: ?>>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @causal(
  //  CHECK-SAME:   %[[QM:.*]]: memref<?x16x?x128xbf16, {{.*}}>, %[[KM:.*]]: memref<?x4x?x128xbf16, {{.*}}>, %[[VM:.*]]: memref<?x4x?x128xbf16, {{.*}}>, %[[END:.*]]: index, %[[FULL:.*]]: index, %[[OM:.*]]: memref<?x16x?x128xbf16, {{.*}}>, %[[LM:[a-z0-9]+]]: memref<?x16x?xf32
  //   CHECK-DAG:   %[[SCALE:.*]] = arith.constant dense<0.127517432> : tensor<128x128xf32>
  //   CHECK-DAG:   %[[LOWEST:.*]] = arith.constant dense<0xFF800000> : tensor<128x128xf32>
  //   CHECK-DAG:   %[[BEGIN:.*]] = arith.constant dense<-8.50705917E+37> : tensor<128xf32>
  //   CHECK-DAG:   %[[C1:.*]] = arith.constant 1 : i32
  //   CHECK-DAG:   %[[LK:.*]] = memref.dim %[[KM]]
  //       CHECK:   %[[TILE:.*]]:3 = cta.tile_index
  //       CHECK:   %[[HK:.*]] = arith.floordivsi %[[TILE]]#1, %c4
  //       CHECK:   %[[COUNT:.*]] = arith.ceildivsi %[[END]], %c128
  //       CHECK:   %[[NONE:.*]] = arith.cmpi sle, %[[COUNT]], %c0
  //       CHECK:   %[[LAST:.*]] = arith.select %[[NONE]], %c-128, %{{.*}} : index
  //       CHECK:   %[[KEYS:.*]] = arith.select %[[NONE]], %c-128, %[[LK]] : index
  //       CHECK:   %[[COUNT32:.*]] = arith.index_cast %[[COUNT]] : index to i32
  //       CHECK:   %[[BLOCKS:.*]] = arith.maxsi %[[COUNT32]], %[[C1]] : i32
  //       CHECK:   %[[ENDS:.*]] = arith.cmpi sgt, %{{.*}}, %[[KEYS]] : index
  //       CHECK:   %[[ONE:.*]] = arith.extui %[[ENDS]] : i1 to i32
  //       CHECK:   %[[TAIL:.*]] = arith.maxsi %{{.*}}, %[[ONE]] : i32
  //       CHECK:   %[[Q:.*]] = cta.load %[[QM]][%[[TILE]]#0, %[[TILE]]#1, %[[M0:.*]], %c0] dims [2, 3] {{.*}} -> <128x128xbf16>
  //       CHECK:   %[[S:.*]]:3 = scf.for %[[J:[a-z0-9]+]] = %c0_i32 to %[[BLOCKS]] step %[[C1]] iter_args(%[[ACC:[a-z0-9]+]] = %{{.*}}, %[[M:[a-z0-9]+]] = %[[BEGIN]], %[[L:[a-z0-9]+]] = %{{.*}}) -> (tensor<128x128xf32>, tensor<128xf32>, tensor<128x4xf32>) : i32
  //       CHECK:     %[[BEHIND:.*]] = arith.muli
  //       CHECK:     %[[N0:.*]] = arith.subi %[[LAST]], %[[BEHIND]] : index
  //       CHECK:     %[[K:.*]] = cta.load %[[KM]][%[[TILE]]#0, %[[HK]], %[[N0]], %c0] dims [2, 3]
  //       CHECK:     %[[V:.*]] = cta.load %[[VM]][%[[TILE]]#0, %[[HK]], %[[N0]], %c0] dims [2, 3]
  //       CHECK:     %[[DOT:.*]] = cta.dot %[[Q]], %[[K]] transpose_b
  //       CHECK:     %[[EDGE:.*]] = arith.cmpi slt, %[[J]], %[[TAIL]] : i32
  //       CHECK:     %[[SCORES:.*]] = scf.if %[[EDGE]] -> (tensor<128x128xf32>)
  //       CHECK:       %[[REST:.*]] = arith.subi %[[KEYS]], %[[N0]] : index
  //       CHECK:       %[[BOUND:.*]] = arith.minsi {{.*}} : tensor<128xi32>
  //       CHECK:       %[[BOUNDS:.*]] = cta.broadcast %[[BOUND]] dim 1
  //       CHECK:       %[[KEEP:.*]] = arith.cmpi sle, %{{.*}}, %[[BOUNDS]]
  //       CHECK:       %[[MASKED:.*]] = arith.select %[[KEEP]], %[[DOT]], %[[LOWEST]]
  //       CHECK:       scf.yield %[[MASKED]]
  //       CHECK:     } else {
  //  CHECK-NEXT:       scf.yield %[[DOT]]
  //       CHECK:     %[[BM:.*]] = cta.reduce maximum %[[SCORES]] dim 1
  //       CHECK:     %[[X:.*]] = arith.maximumf %[[M]], %[[BM]]
  //       CHECK:     %[[NEG:.*]] = arith.negf
  //       CHECK:     %[[KEPT:.*]] = math.exp2
  //       CHECK:     %[[NEGB:.*]] = cta.broadcast %[[NEG]] dim 1
  //       CHECK:     %[[PX:.*]] = math.fma %[[SCORES]], %[[SCALE]], %[[NEGB]]
  //       CHECK:     %[[P:.*]] = math.exp2 %[[PX]]
  //       CHECK:     %[[PS:.*]] = cta.reduce add %[[P]] dim 1 partial
  //       CHECK:     %[[L1:.*]] = math.fma %[[L]], %{{.*}}, %[[PS]] : tensor<128x4xf32>
  //       CHECK:     %[[A1:.*]] = arith.mulf %[[ACC]],
  //       CHECK:     %[[PB:.*]] = arith.truncf %[[P]]
  //       CHECK:     %[[A2:.*]] = cta.dot %[[PB]], %[[V]], %[[A1]]
  //       CHECK:     scf.yield %[[A2]], %[[X]], %[[L1]]
  //       CHECK:   cta.store %{{.*}}, %[[OM]][%[[TILE]]#0, %[[TILE]]#1, %[[M0]], %c0] dims [2, 3]
  //       CHECK:   cta.write %{{.*}}, %[[LM]][%[[TILE]]#0, %[[TILE]]#1, %[[M0]]] dims [2]
  //   CHECK-NOT:   attn.
  //       CHECK:   gpu.return
  gpu.func @causal(%q: !qm, %k: !km, %v: !km, %end: index, %full: index, %out: !qm, %lse: !lm, %e0: index, %e1: index, %e2: index) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 2>} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c128 = arith.constant 128 : index
    %lowest = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %qt = bufferization.to_tensor %q restrict : !qm to tensor<?x16x?x128xbf16>
    %kt = bufferization.to_tensor %k restrict : !km to tensor<?x4x?x128xbf16>
    %vt = bufferization.to_tensor %v restrict : !km to tensor<?x4x?x128xbf16>
    %ot = bufferization.to_tensor %out restrict writable : !qm to tensor<?x16x?x128xbf16>
    %lt = bufferization.to_tensor %lse restrict writable : !lm to tensor<?x16x?xf32>
    %lq = memref.dim %q, %c2 : !qm
    %lk = memref.dim %k, %c2 : !km
    %offset = arith.subi %lk, %lq : index
    %b, %h, %i = cta.tile_index of(%e0, %e1, %e2) : index, index, index
    %m0 = affine.apply #x128()[%i]
    %rows = affine.min #rows()[%lq, %i]
    %qs = tensor.extract_slice %qt[%b, %h, %m0, 0] [1, 1, %rows, 128] [1, 1, 1, 1] : tensor<?x16x?x128xbf16> to tensor<1x1x?x128xbf16>
    %hk = affine.apply #group()[%h]
    %ks = tensor.extract_slice %kt[%b, %hk, 0, 0] [1, 1, %lk, 128] [1, 1, 1, 1] : tensor<?x4x?x128xbf16> to tensor<1x1x?x128xbf16>
    %vs = tensor.extract_slice %vt[%b, %hk, 0, 0] [1, 1, %lk, 128] [1, 1, 1, 1] : tensor<?x4x?x128xbf16> to tensor<1x1x?x128xbf16>
    %e3 = tensor.empty(%rows) : tensor<1x1x?x128xf32>
    %acc = linalg.fill ins(%zero : f32) outs(%e3 : tensor<1x1x?x128xf32>) -> tensor<1x1x?x128xf32>
    %e4 = tensor.empty(%rows) : tensor<1x1x?xf32>
    %m = linalg.fill ins(%lowest : f32) outs(%e4 : tensor<1x1x?xf32>) -> tensor<1x1x?xf32>
    %l = linalg.fill ins(%zero : f32) outs(%e4 : tensor<1x1x?xf32>) -> tensor<1x1x?xf32>
    %s:3 = scf.for %n = %c0 to %end step %c128 iter_args(%a0 = %acc, %a1 = %m, %a2 = %l) -> (tensor<1x1x?x128xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>) {
      %rest = affine.min #rest(%n)[%lk]
      %kn = tensor.extract_slice %ks[0, 0, %n, 0] [1, 1, %rest, 128] [1, 1, 1, 1] : tensor<1x1x?x128xbf16> to tensor<1x1x?x128xbf16>
      %vn = tensor.extract_slice %vs[0, 0, %n, 0] [1, 1, %rest, 128] [1, 1, 1, 1] : tensor<1x1x?x128xbf16> to tensor<1x1x?x128xbf16>
      %partial = arith.cmpi sge, %n, %full : index
      %t:3 = attn.online_attention base(two) partial(%partial) scale(0.127517432)
          ins(%qs, %kn, %vn : tensor<1x1x?x128xbf16>, tensor<1x1x?x128xbf16>, tensor<1x1x?x128xbf16>)
          captures(%offset : index) at[%b, %h, %m0, %n, 0, 0]
          outs(%a0, %a1, %a2 : tensor<1x1x?x128xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>)
          maps [#q, #k, #v, #scalar, #o, #r, #r] mask {
      ^bb0(%off: index):
        %row = attn.index 2 : index
        %limit = arith.addi %row, %off : index
        %key = attn.index 3 : index
        %keep = arith.cmpi sle, %key, %limit : index
        attn.yield %keep : i1
      }
      scf.yield %t#0, %t#1, %t#2 : tensor<1x1x?x128xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>
    }
    %os = tensor.extract_slice %ot[%b, %h, %m0, 0] [1, 1, %rows, 128] [1, 1, 1, 1] : tensor<?x16x?x128xbf16> to tensor<1x1x?x128xbf16>
    %ls = tensor.extract_slice %lt[%b, %h, %m0] [1, 1, %rows] [1, 1, 1] : tensor<?x16x?xf32> to tensor<1x1x?xf32>
    %f:2 = attn.finalize base(two) ins(%s#0, %s#1, %s#2 : tensor<1x1x?x128xf32>, tensor<1x1x?xf32>, tensor<1x1x?xf32>)
        outs(%os, lse %ls : tensor<1x1x?x128xbf16>, tensor<1x1x?xf32>)
    %od = memref.subview %out[%b, %h, %m0, 0] [1, 1, %rows, 128] [1, 1, 1, 1] : !qm to memref<1x1x?x128xbf16, strided<[?, ?, ?, ?], offset: ?>>
    bufferization.materialize_in_destination %f#0 in restrict writable %od : (tensor<1x1x?x128xbf16>, memref<1x1x?x128xbf16, strided<[?, ?, ?, ?], offset: ?>>) -> ()
    %ld = memref.subview %lse[%b, %h, %m0] [1, 1, %rows] [1, 1, 1] : !lm to memref<1x1x?xf32, strided<[?, ?, ?], offset: ?>>
    bufferization.materialize_in_destination %f#1 in restrict writable %ld : (tensor<1x1x?xf32>, memref<1x1x?xf32, strided<[?, ?, ?], offset: ?>>) -> ()
    gpu.return
  }
}
