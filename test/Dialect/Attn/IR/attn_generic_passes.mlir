// Upstream's passes see the ops on tensors as pure and those on memrefs as reads and writes.
// RUN: fovea-opt %s --inline --sccp --canonicalize --cse --symbol-dce | FileCheck %s

// CHECK-NOT: @callee
func.func private @callee(%x: tensor<8xf32>, %n: f32) -> tensor<8xf32> {
  %y = attn.softmax dimension(0) ins(%x : tensor<8xf32>) captures(%n : f32) outs(%x : tensor<8xf32>) score {
  ^bb0(%s: f32, %c: f32):
    %t = arith.mulf %s, %c : f32
    attn.yield %t : f32
  }
  return %y : tensor<8xf32>
}

// Inlined; equal ops become one, also with regions.
// CHECK-LABEL: @inlined
// CHECK: %[[Y:.*]] = attn.softmax
// CHECK-NOT: attn.softmax
// CHECK: return %[[Y]], %[[Y]]
func.func @inlined(%x: tensor<8xf32>, %n: f32) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = call @callee(%x, %n) : (tensor<8xf32>, f32) -> tensor<8xf32>
  %1 = call @callee(%x, %n) : (tensor<8xf32>, f32) -> tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// Ops whose results nobody reads go.
// CHECK-LABEL: @dead
// CHECK-NEXT: return
func.func @dead(%q: tensor<4x8xf32>, %m: tensor<4xf32>) {
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%q, %m, %m : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  %o = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) outs(%q : tensor<4x8xf32>)
  return
}

// Equal ops on different bases are different.
// CHECK-LABEL: @bases
// CHECK-COUNT-2: attn.online_softmax
func.func @bases(%x: tensor<8xf32>, %m: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %0:2 = attn.online_softmax dimension(0) ins(%x : tensor<8xf32>) outs(%m, %m : tensor<f32>, tensor<f32>)
  %1:2 = attn.online_softmax base(two) dimension(0) ins(%x : tensor<8xf32>) outs(%m, %m : tensor<f32>, tensor<f32>)
  return %0#0, %1#0 : tensor<f32>, tensor<f32>
}

// What writes memory stays.
// CHECK-LABEL: @memory
// CHECK-COUNT-2: attn.softmax
func.func @memory(%x: memref<8xf32>, %y: memref<8xf32>) {
  attn.softmax dimension(0) ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  attn.softmax dimension(0) ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}
