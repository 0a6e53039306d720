// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s

// A part of split keys: what ends the keys is the slice, not the memref, beyond whose end there are keys of the next part.
// The state itself is the result: the sums of the lanes are added, the maximum is in the op's base (-inf where nothing was
// summed), and the accumulator, which is f32, is written element by element. Where the part is empty, its one block lies in front of the memref, not of
// the part.

#rest = affine_map<(d0)[s0] -> (-d0 + s0, 64)>
#at = affine_map<(d0)[s0] -> (d0 + s0)>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @part(
  //  CHECK-SAME:   %[[Q:.*]]: memref<128x64xf16>, %[[K:.*]]: memref<?x64xf16>, %[[V:.*]]: memref<?x64xf16>, %[[BEGIN:.*]]: index, %[[LENGTH:.*]]: index, %[[A:.*]]: memref<128x64xf32>, %[[M:.*]]: memref<128xf32>, %[[L:.*]]: memref<128xf32>
  //   CHECK-DAG:   %[[LOWEST:.*]] = arith.constant dense<0xFF800000> : tensor<128xf32>
  //       CHECK:   %[[NOWHERE:.*]] = arith.subi %c-64, %[[BEGIN]] : index
  //       CHECK:   %[[LAST:.*]] = arith.select %{{.*}}, %[[NOWHERE]], %{{.*}} : index
  //       CHECK:   %[[END:.*]] = arith.select %{{.*}}, %[[NOWHERE]], %[[LENGTH]] : index
  //       CHECK:   %[[S:.*]]:3 = scf.for
  //       CHECK:     %[[N0:.*]] = arith.subi %[[LAST]],
  //       CHECK:     %[[AT:.*]] = arith.addi %[[BEGIN]], %[[N0]] : index
  //       CHECK:     cta.load %[[K]][%[[AT]], %c0]
  //       CHECK:     scf.if
  //       CHECK:       arith.subi %[[END]], %[[N0]] : index
  //       CHECK:   %[[SUM:.*]] = cta.reduce add %[[S]]#2 dim 1
  //       CHECK:   %[[EMPTY:.*]] = arith.cmpf oeq, %[[SUM]],
  //       CHECK:   cta.write %[[S]]#0, %[[A]][%c0, %c0] dims [0, 1] : tensor<128x64xf32>
  //       CHECK:   %[[SCALED:.*]] = arith.mulf %[[S]]#1, %{{.*}} : tensor<128xf32>
  //       CHECK:   %[[MAX:.*]] = arith.select %[[EMPTY]], %[[LOWEST]], %[[SCALED]]
  //       CHECK:   cta.write %[[MAX]], %[[M]][%c0] dims [0]
  //       CHECK:   cta.write %[[SUM]], %[[L]][%c0] dims [0]
  gpu.func @part(%q: memref<128x64xf16>, %k: memref<?x64xf16>, %v: memref<?x64xf16>, %begin: index, %length: index,
                 %a: memref<128x64xf32>, %b: memref<128xf32>, %c: memref<128xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %lowest = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %qt = bufferization.to_tensor %q restrict : memref<128x64xf16> to tensor<128x64xf16>
    %kt = bufferization.to_tensor %k restrict : memref<?x64xf16> to tensor<?x64xf16>
    %vt = bufferization.to_tensor %v restrict : memref<?x64xf16> to tensor<?x64xf16>
    %kp = tensor.extract_slice %kt[%begin, 0] [%length, 64] [1, 1] : tensor<?x64xf16> to tensor<?x64xf16>
    %vp = tensor.extract_slice %vt[%begin, 0] [%length, 64] [1, 1] : tensor<?x64xf16> to tensor<?x64xf16>
    %e0 = tensor.empty() : tensor<128x64xf32>
    %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<128x64xf32>) -> tensor<128x64xf32>
    %e1 = tensor.empty() : tensor<128xf32>
    %m = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %s:3 = scf.for %n = %c0 to %length step %c64 iter_args(%s0 = %acc, %s1 = %m, %s2 = %l) -> (tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>) {
      %rest = affine.min #rest(%n)[%length]
      %kn = tensor.extract_slice %kp[%n, 0] [%rest, 64] [1, 1] : tensor<?x64xf16> to tensor<?x64xf16>
      %vn = tensor.extract_slice %vp[%n, 0] [%rest, 64] [1, 1] : tensor<?x64xf16> to tensor<?x64xf16>
      %at = affine.apply #at(%n)[%begin]
      %t:3 = attn.online_attention base(two) ins(%qt, %kn, %vn : tensor<128x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) at[0, %at, 0, 0]
          outs(%s0, %s1, %s2 : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>)
      scf.yield %t#0, %t#1, %t#2 : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>
    }
    bufferization.materialize_in_destination %s#0 in writable %a : (tensor<128x64xf32>, memref<128x64xf32>) -> ()
    bufferization.materialize_in_destination %s#1 in writable %b : (tensor<128xf32>, memref<128xf32>) -> ()
    bufferization.materialize_in_destination %s#2 in writable %c : (tensor<128xf32>, memref<128xf32>) -> ()
    gpu.return
  }
}
