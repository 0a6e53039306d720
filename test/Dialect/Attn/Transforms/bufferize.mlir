// RUN: fovea-opt %s -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -canonicalize -split-input-file | FileCheck %s

// A state is updated in the buffers it came in: nothing is allocated, nothing is copied.

// CHECK-LABEL: func @state
//  CHECK-SAME:   %[[ACC:[a-z0-9]+]]: memref<8x64xf32>, %[[M:[a-z0-9]+]]: memref<8xf32>, %[[L:[a-z0-9]+]]: memref<8xf32>, %[[O:[a-z0-9]+]]: memref<8x64xf32>
//   CHECK-NOT:   memref.alloc
//   CHECK-NOT:   memref.copy
//       CHECK:   attn.online_attention ins({{.*}}) outs(%[[ACC]], %[[M]], %[[L]] : memref<8x64xf32>, memref<8xf32>, memref<8xf32>)
//  CHECK-NEXT:   attn.finalize ins(%[[ACC]], %[[M]], %[[L]] : {{.*}}) outs(%[[O]] : memref<8x64xf32>)
//  CHECK-NEXT:   return %[[O]]
func.func @state(%q: tensor<8x64xf32>, %k: tensor<96x64xf32>, %acc: tensor<8x64xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>,
                 %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %k : tensor<8x64xf32>, tensor<96x64xf32>, tensor<96x64xf32>)
      outs(%acc, %m, %l : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>)
  %r = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>) outs(%o : tensor<8x64xf32>)
  return %r : tensor<8x64xf32>
}

// -----

// So are the states of a softmax, and what pack and normalize write.

// CHECK-LABEL: func @rows
//   CHECK-NOT:   memref.alloc
//   CHECK-NOT:   memref.copy
//       CHECK:   attn.merge ins({{.*}}) outs(%[[M:.*]], %[[L:.*]] : memref<8xf32>, memref<8xf32>)
//  CHECK-NEXT:   attn.online_softmax {{.*}} outs(%[[M]], %[[L]] :
//  CHECK-NEXT:   attn.normalize {{.*}} ins(%{{.*}}, %[[M]], %[[L]] : {{.*}}) outs(%[[Y:.*]] : memref<8x64xf32>)
//  CHECK-NEXT:   attn.pack {{.*}} outs(%[[P:.*]] : memref<64x16xf32>)
//  CHECK-NEXT:   return %[[Y]], %[[P]]
func.func @rows(%x: tensor<8x64xf32>, %ms: tensor<2x8xf32>, %ls: tensor<2x8xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>,
                %y: tensor<8x64xf32>, %p: tensor<64x16xf32>) -> (tensor<8x64xf32>, tensor<64x16xf32>) {
  %t:2 = attn.merge ins(%ms, %ls : tensor<2x8xf32>, tensor<2x8xf32>) outs(%m, %l : tensor<8xf32>, tensor<8xf32>)
  %s:2 = attn.online_softmax dimension(1) ins(%x : tensor<8x64xf32>) outs(%t#0, %t#1 : tensor<8xf32>, tensor<8xf32>)
  %n = attn.normalize dimension(1) ins(%x, %s#0, %s#1 : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>) outs(%y : tensor<8x64xf32>)
  %t2 = attn.pack ins(%x : tensor<8x64xf32>) outs(%p : tensor<64x16xf32>)
  return %n, %t2 : tensor<8x64xf32>, tensor<64x16xf32>
}

// -----

// A state that is still needed is copied before it is updated.

// CHECK-LABEL: func @old_state
//  CHECK-SAME:   %{{[a-z0-9]+}}: {{.*}}, %[[M:[a-z0-9]+]]: memref<8xf32>, %[[L:[a-z0-9]+]]: memref<8xf32>
//       CHECK:   %[[COPY:.*]] = memref.alloc
//       CHECK:   memref.copy %[[M]], %[[COPY]]
//       CHECK:   attn.online_softmax {{.*}} outs(%[[COPY]], %[[L]] :
func.func @old_state(%x: tensor<8x64xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %s:2 = attn.online_softmax dimension(1) ins(%x : tensor<8x64xf32>) outs(%m, %l : tensor<8xf32>, tensor<8xf32>)
  return %s#0, %s#1, %m : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

// A result is not written over its own input, and a destination's old contents are not copied.

// CHECK-LABEL: func @fresh_result
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: memref<8x64xf32>
//       CHECK:   %[[Y:.*]] = memref.alloc
//   CHECK-NOT:   memref.copy
//       CHECK:   attn.softmax dimension(1) ins(%[[X]] : {{.*}}) outs(%[[Y]] :
func.func @fresh_result(%x: tensor<8x64xf32>) -> (tensor<8x64xf32>, tensor<8x64xf32>) {
  %y = attn.softmax dimension(1) ins(%x : tensor<8x64xf32>) outs(%x : tensor<8x64xf32>)
  return %y, %x : tensor<8x64xf32>, tensor<8x64xf32>
}

// -----

// A region that takes a capture whole gets its buffer.

// CHECK-LABEL: func @whole_capture
//       CHECK:   attn.online_softmax {{.*}} captures(%{{.*}} : memref<96xf32>)
//       CHECK:   score {
//       CHECK:   ^bb0(%{{.*}}: f32, %[[TABLE:.*]]: memref<96xf32>):
//       CHECK:     memref.load %[[TABLE]]
//       CHECK:   } mask {
//       CHECK:   ^bb0(%[[TABLE2:.*]]: memref<96xf32>):
//       CHECK:     memref.load %[[TABLE2]]
func.func @whole_capture(%x: tensor<8x64xf32>, %w: tensor<96xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<8xf32>) {
  %s:2 = attn.online_softmax dimension(1) ins(%x : tensor<8x64xf32>) captures(%w : tensor<96xf32>)
      outs(%m, %l : tensor<8xf32>, tensor<8xf32>)
      score {
      ^bb0(%v: f32, %t: tensor<96xf32>):
        %j = attn.index 1 : index
        %b = tensor.extract %t[%j] : tensor<96xf32>
        %y = arith.addf %v, %b : f32
        attn.yield %y : f32
      } mask {
      ^bb0(%t: tensor<96xf32>):
        %j = attn.index 1 : index
        %b = tensor.extract %t[%j] : tensor<96xf32>
        %zero = arith.constant 0.0 : f32
        %keep = arith.cmpf ogt, %b, %zero : f32
        attn.yield %keep : i1
      }
  return %s#0, %s#1 : tensor<8xf32>, tensor<8xf32>
}
