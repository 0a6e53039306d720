// attn-fold-layout-ops reads operands in the layout in which they lie.
// RUN: fovea-opt %s -attn-fold-layout-ops -split-input-file | FileCheck %s

// A transpose of a key moves into its map; so does a transpose of the result, into the transpose's own destination.
// CHECK: #[[K:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d2, d0 floordiv 4, d3)>
// CHECK: #[[O:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d0, d4)>
// CHECK-LABEL: @transposes
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<8x?x16xf32>, %[[KEY:[a-z0-9]*]]: tensor<?x2x16xf32>
// CHECK-SAME: %[[OUT:[a-z0-9]*]]: tensor<?x8x16xf32>
// CHECK-NOT: linalg
// CHECK: %[[R:.*]] = attn.attention ins(%[[Q]], %[[KEY]], %{{.*}} outs(%[[OUT]] :
// CHECK-SAME: maps [#{{.*}}, #[[K]], #{{.*}}, #[[O]]]
// CHECK-NOT: linalg
// CHECK: return %[[R]]
func.func @transposes(%q: tensor<8x?x16xf32>, %k: tensor<?x2x16xf32>, %kt: tensor<2x?x16xf32>, %v: tensor<2x?x16xf32>,
                      %o: tensor<8x?x16xf32>, %ot: tensor<?x8x16xf32>) -> tensor<?x8x16xf32> {
  %t = linalg.transpose ins(%k : tensor<?x2x16xf32>) outs(%kt : tensor<2x?x16xf32>) permutation = [1, 0, 2]
  %r = attn.attention ins(%q, %t, %v : tensor<8x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x16xf32>) outs(%o : tensor<8x?x16xf32>)
  %rt = linalg.transpose ins(%r : tensor<8x?x16xf32>) outs(%ot : tensor<?x8x16xf32>) permutation = [1, 0, 2]
  return %rt : tensor<?x8x16xf32>
}

// -----

// Where the transpose's destination is made after the attention, a new one takes the place of the attention's.
// CHECK-LABEL: @new_destination
// CHECK: %[[E:.*]] = tensor.empty() : tensor<16x8xf32>
// CHECK: %[[R:.*]] = attn.attention {{.*}} outs(%[[E]] : tensor<16x8xf32>)
// CHECK-NOT: linalg
// CHECK: return %[[R]]
func.func @new_destination(%q: tensor<8x16xf32>) -> tensor<16x8xf32> {
  %e = tensor.empty() : tensor<8x16xf32>
  %r = attn.attention ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) outs(%e : tensor<8x16xf32>)
  %et = tensor.empty() : tensor<16x8xf32>
  %rt = linalg.transpose ins(%r : tensor<8x16xf32>) outs(%et : tensor<16x8xf32>) permutation = [1, 0]
  return %rt : tensor<16x8xf32>
}

// -----

// A result with a second reader keeps its layout.
// CHECK-LABEL: @two_readers
// CHECK: attn.attention
// CHECK: linalg.transpose
func.func @two_readers(%q: tensor<8x16xf32>, %ot: tensor<16x8xf32>) -> (tensor<8x16xf32>, tensor<16x8xf32>) {
  %r = attn.attention ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) outs(%q : tensor<8x16xf32>)
  %rt = linalg.transpose ins(%r : tensor<8x16xf32>) outs(%ot : tensor<16x8xf32>) permutation = [1, 0]
  return %r, %rt : tensor<8x16xf32>, tensor<16x8xf32>
}

// -----

// A permutation that is written as a linalg.generic, on a capture.
// CHECK: #[[B:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d0)>
// CHECK-LABEL: @generic_capture
// CHECK-SAME: %[[BIAS:[a-z0-9]*]]: tensor<?x?xf32>
// CHECK: attn.attention {{.*}} captures(%[[BIAS]] :
// CHECK-SAME: maps [#{{[a-z0-9]*}}, #{{[a-z0-9]*}}, #{{[a-z0-9]*}}, #[[B]]
func.func @generic_capture(%q: tensor<?x16xf32>, %b: tensor<?x?xf32>, %e: tensor<?x?xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %t = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>],
                       iterator_types = ["parallel", "parallel"]} ins(%b : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<?x?xf32>
  %r = attn.attention ins(%q, %q, %q : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) captures(%t : tensor<?x?xf32>)
      outs(%o : tensor<?x16xf32>) score {
  ^bb0(%s: f32, %x: f32):
    %y = arith.addf %s, %x : f32
    attn.yield %y : f32
  }
  return %r : tensor<?x16xf32>
}

// -----

// A dimension of extent 1 that a reshape removes is read at 0.
// CHECK: #[[K:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, 0, d2)>
// CHECK-LABEL: @collapse_shape
// CHECK-SAME: %[[KEY:[a-z0-9]*]]: tensor<?x1x16xf32>
// CHECK-NOT: tensor.collapse_shape
// CHECK: attn.attention ins(%{{.*}}, %[[KEY]],
// CHECK-SAME: maps [#{{[a-z0-9]*}}, #[[K]],
func.func @collapse_shape(%q: tensor<?x16xf32>, %k: tensor<?x1x16xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %t = tensor.collapse_shape %k [[0, 1], [2]] : tensor<?x1x16xf32> into tensor<?x16xf32>
  %r = attn.attention ins(%q, %t, %q : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) outs(%o : tensor<?x16xf32>)
  return %r : tensor<?x16xf32>
}

// -----

// The one KV head that a reshape adds leaves the maps of keys and values together: alone it would change the roles.
// CHECK: #[[K:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d2, d3)>
// CHECK: #[[V:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d2, d4)>
// CHECK-LABEL: @expand_shape_of_keys_and_values
// CHECK-SAME: %[[KEY:[a-z0-9]*]]: tensor<64x16xf32>, %[[VALUE:[a-z0-9]*]]: tensor<64x32xf32>
// CHECK: attn.attention ins(%{{.*}}, %[[KEY]], %[[VALUE]]
// CHECK-SAME: maps [#{{[a-z0-9]*}}, #[[K]], #[[V]],
// CHECK-LABEL: @expand_shape_of_keys_alone
// CHECK: tensor.expand_shape
func.func @expand_shape_of_keys_and_values(%q: tensor<8x?x16xf32>, %k: tensor<64x16xf32>, %v: tensor<64x32xf32>, %o: tensor<8x?x32xf32>) -> tensor<8x?x32xf32> {
  %ke = tensor.expand_shape %k [[0, 1], [2]] output_shape [1, 64, 16] : tensor<64x16xf32> into tensor<1x64x16xf32>
  %ve = tensor.expand_shape %v [[0, 1], [2]] output_shape [1, 64, 32] : tensor<64x32xf32> into tensor<1x64x32xf32>
  %r = attn.attention ins(%q, %ke, %ve : tensor<8x?x16xf32>, tensor<1x64x16xf32>, tensor<1x64x32xf32>) outs(%o : tensor<8x?x32xf32>)
  return %r : tensor<8x?x32xf32>
}
func.func @expand_shape_of_keys_alone(%q: tensor<8x?x16xf32>, %k: tensor<64x16xf32>, %v: tensor<1x64x32xf32>, %o: tensor<8x?x32xf32>) -> tensor<8x?x32xf32> {
  %ke = tensor.expand_shape %k [[0, 1], [2]] output_shape [1, 64, 16] : tensor<64x16xf32> into tensor<1x64x16xf32>
  %r = attn.attention ins(%q, %ke, %v : tensor<8x?x16xf32>, tensor<1x64x16xf32>, tensor<1x64x32xf32>) outs(%o : tensor<8x?x32xf32>)
  return %r : tensor<8x?x32xf32>
}

// -----

// A reshape that splits a dimension is no map.
// CHECK-LABEL: @split
// CHECK: tensor.collapse_shape
// CHECK: attn.attention
func.func @split(%q: tensor<?x16xf32>, %k: tensor<4x8x16xf32>, %v: tensor<32x16xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %t = tensor.collapse_shape %k [[0, 1], [2]] : tensor<4x8x16xf32> into tensor<32x16xf32>
  %r = attn.attention ins(%q, %t, %v : tensor<?x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>) outs(%o : tensor<?x16xf32>)
  return %r : tensor<?x16xf32>
}

// -----

// Clauses speak of the layout without maps: nothing is folded before attn-canonicalize.
// CHECK-LABEL: @clauses
// CHECK: linalg.transpose
func.func @clauses(%q: tensor<8x16xf32>, %k: tensor<16x8xf32>, %e: tensor<8x16xf32>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %t = linalg.transpose ins(%k : tensor<16x8xf32>) outs(%e : tensor<8x16xf32>) permutation = [1, 0]
  %r = attn.attention causal ins(%q, %t, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) outs(%o : tensor<8x16xf32>)
  return %r : tensor<8x16xf32>
}
