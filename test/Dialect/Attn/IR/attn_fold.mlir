// RUN: fovea-opt %s -canonicalize | FileCheck %s

// A cast that loses an extent folds into the op, whose result is cast instead.

// CHECK-LABEL: @operands
// CHECK-NOT:   tensor.cast
// CHECK:       attn.softmax dimension(1) ins(%{{.*}} : tensor<4x8xf32>) outs(%{{.*}} : tensor<4x8xf32>)
// CHECK:       tensor.cast %{{.*}} : tensor<4x8xf32> to tensor<?x8xf32>
func.func @operands(%x: tensor<4x8xf32>, %e: tensor<4x8xf32>) -> tensor<?x8xf32> {
  %cx = tensor.cast %x : tensor<4x8xf32> to tensor<?x8xf32>
  %ce = tensor.cast %e : tensor<4x8xf32> to tensor<?x8xf32>
  %y = attn.softmax dimension(1) ins(%cx : tensor<?x8xf32>) outs(%ce : tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

// A capture that the region takes whole keeps its meaning.

// CHECK-LABEL: @whole_capture
// CHECK:       captures(%{{.*}} : tensor<16xf32>)
// CHECK:       ^bb0(%{{.*}}: f32, %[[TABLE:.*]]: tensor<16xf32>):
// CHECK:       tensor.extract %[[TABLE]]
func.func @whole_capture(%x: tensor<4x8xf32>, %t: tensor<16xf32>, %e: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %ct = tensor.cast %t : tensor<16xf32> to tensor<?xf32>
  %y = attn.softmax dimension(1) ins(%x : tensor<4x8xf32>) captures(%ct : tensor<?xf32>) outs(%e : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %table: tensor<?xf32>):
    %j = attn.index 1 : index
    %b = tensor.extract %table[%j] : tensor<?xf32>
    %r = arith.addf %s, %b : f32
    attn.yield %r : f32
  }
  return %y : tensor<4x8xf32>
}

// An op whose outputs have no elements is its outputs.

// CHECK-LABEL: @empty
// CHECK-SAME:  %{{.*}}: tensor<0x8xf32>, %[[OUT:.*]]: tensor<0x8xf32>
// CHECK-NEXT:  return %[[OUT]]
func.func @empty(%x: tensor<0x8xf32>, %e: tensor<0x8xf32>) -> tensor<0x8xf32> {
  %y = attn.softmax dimension(1) ins(%x : tensor<0x8xf32>) outs(%e : tensor<0x8xf32>)
  return %y : tensor<0x8xf32>
}
