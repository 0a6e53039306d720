// RUN: fovea-opt %s -split-input-file -attn-outline-kernels -mlir-print-local-scope | FileCheck %s

// The loop's body becomes a kernel that computes one tile: tensors are memrefs of any strides, inputs first, then outputs,
// then the extents of the tile space, in numbers of tiles; the position is that of the tile times the step; what was
// inserted in parallel is written into a part of the output. The host launches it, in destination style.

// CHECK-LABEL: func.func @loop(
//  CHECK-SAME:   %[[ACC:[a-z0-9]+]]: tensor<?x64xf32>, %[[M:[a-z0-9]+]]: tensor<?xf32>, %[[L:[a-z0-9]+]]: tensor<?xf32>, %[[O:[a-z0-9]+]]: tensor<?x64xf32>
//       CHECK:   %[[N:.*]] = tensor.dim %[[ACC]]
//       CHECK:   %[[TILES:.*]] = affine.apply affine_map<()[s0] -> (s0 ceildiv 32)>()[%[[N]]]
//       CHECK:   %[[R:.*]] = cta.launch @loop_kernels::@loop_0 tiles(%[[TILES]]) ins(%[[ACC]], %[[M]], %[[L]] : {{.*}}) outs(%[[O]] : tensor<?x64xf32>) -> tensor<?x64xf32>
//       CHECK:   return %[[R]]
// CHECK-LABEL: gpu.module @loop_kernels
//       CHECK:   gpu.func @loop_0(%[[KA:[a-z0-9]+]]: memref<?x64xf32, strided<[?, ?], offset: ?>>, %[[KM:[a-z0-9]+]]: memref<?xf32, strided<[?], offset: ?>>, %[[KL:[a-z0-9]+]]: memref<?xf32, {{.*}}>, %[[KO:[a-z0-9]+]]: memref<?x64xf32, {{.*}}>, %[[EXTENT:[a-z0-9]+]]: index) kernel
//       CHECK:     %[[A:.*]] = bufferization.to_tensor %[[KA]] restrict :
//       CHECK:     %[[OUT:.*]] = bufferization.to_tensor %[[KO]] restrict writable :
//       CHECK:     %[[SIZE:.*]] = tensor.dim %[[A]]
//       CHECK:     %[[TILE:.*]] = cta.tile_index of(%[[EXTENT]]) : index
//       CHECK:     %[[I:.*]] = affine.apply affine_map<()[s0] -> (s0 * 32)>()[%[[TILE]]]
//       CHECK:     %[[ROWS:.*]] = affine.min affine_map<(d0)[s0] -> (32, -d0 + s0)>(%[[I]])[%[[SIZE]]]
//       CHECK:     tensor.extract_slice %[[A]][%[[I]], 0] [%[[ROWS]], 64]
//       CHECK:     %[[T:.*]] = attn.finalize
//       CHECK:     %[[PART:.*]] = memref.subview %[[KO]][%[[I]], 0] [%[[ROWS]], 64] [1, 1]
//       CHECK:     bufferization.materialize_in_destination %[[T]] in restrict writable %[[PART]]
//       CHECK:     gpu.return
#rows = affine_map<(d0)[s0] -> (32, -d0 + s0)>
func.func @loop(%acc: tensor<?x64xf32>, %m: tensor<?xf32>, %l: tensor<?xf32>, %o: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %acc, %c0 : tensor<?x64xf32>
  %r = scf.forall (%i) = (0) to (%n) step (32) shared_outs(%e = %o) -> (tensor<?x64xf32>) {
    %rows = affine.min #rows(%i)[%n]
    %at = tensor.extract_slice %acc[%i, 0] [%rows, 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
    %mt = tensor.extract_slice %m[%i] [%rows] [1] : tensor<?xf32> to tensor<?xf32>
    %lt = tensor.extract_slice %l[%i] [%rows] [1] : tensor<?xf32> to tensor<?xf32>
    %ot = tensor.extract_slice %e[%i, 0] [%rows, 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
    %t = attn.finalize ins(%at, %mt, %lt : tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>) outs(%ot : tensor<?x64xf32>)
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %t into %e[%i, 0] [%rows, 64] [1, 1] : tensor<?x64xf32> into tensor<?x64xf32>
    }
  }
  return %r : tensor<?x64xf32>
}

// -----

// Bounds and steps may be dynamic, and begin anywhere; they are captured like any scalar.

// CHECK-LABEL: func.func @bounds(
//  CHECK-SAME:   %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index, %[[STEP:[a-z0-9]+]]: index
//       CHECK:   %[[TILES:.*]] = affine.apply affine_map<()[s0, s1, s2] -> ((-s0 + s1) ceildiv s2)>()[%[[BEGIN]], %[[END]], %[[STEP]]]
//       CHECK:   cta.launch {{.*}} tiles(%[[TILES]]) ins(%{{.*}}, %{{.*}}, %{{.*}}, %[[STEP]], %[[BEGIN]] :
//       CHECK: gpu.func @bounds_0({{.*}}, %[[KSTEP:[a-z0-9]+]]: index, %[[KBEGIN:[a-z0-9]+]]: index, %{{.*}}: memref{{.*}}, %[[EXTENT:[a-z0-9]+]]: index) kernel
//       CHECK:   %[[TILE:.*]] = cta.tile_index of(%[[EXTENT]])
//       CHECK:   %[[I:.*]] = affine.apply affine_map<()[s0, s1, s2] -> (s0 * s2 + s1)>()[%[[KSTEP]], %[[KBEGIN]], %[[TILE]]]
//       CHECK:   tensor.extract_slice %{{.*}}[%[[I]], 0]
func.func @bounds(%begin: index, %end: index, %step: index, %acc: tensor<?x64xf32>, %m: tensor<?xf32>, %l: tensor<?xf32>, %o: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %r = scf.forall (%i) = (%begin) to (%end) step (%step) shared_outs(%e = %o) -> (tensor<?x64xf32>) {
    %at = tensor.extract_slice %acc[%i, 0] [%step, 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
    %mt = tensor.extract_slice %m[%i] [%step] [1] : tensor<?xf32> to tensor<?xf32>
    %lt = tensor.extract_slice %l[%i] [%step] [1] : tensor<?xf32> to tensor<?xf32>
    %ot = tensor.extract_slice %e[%i, 0] [%step, 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
    %t = attn.finalize ins(%at, %mt, %lt : tensor<?x64xf32>, tensor<?xf32>, tensor<?xf32>) outs(%ot : tensor<?x64xf32>)
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %t into %e[%i, 0] [%step, 64] [1, 1] : tensor<?x64xf32> into tensor<?x64xf32>
    }
  }
  return %r : tensor<?x64xf32>
}
