// Every op and clause prints as it is written.
// RUN: fovea-opt %s | fovea-opt | FileCheck %s
// RUN: fovea-opt %s --round-trip | FileCheck %s

// CHECK-LABEL: @position
func.func @position(%q: tensor<2x8x?x64xbf16>, %k: tensor<2x2x?x64xbf16>, %off: index) {
  // CHECK: attn.attention causal(top_left) ins(
  %0 = attn.attention causal(top_left) ins(%q, %k, %k : tensor<2x8x?x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16>) outs(%q : tensor<2x8x?x64xbf16>)
  // CHECK: attn.attention causal(bottom_right) window(128, *) ins(
  %1 = attn.attention causal(bottom_right) window(128, *) ins(%q, %k, %k : tensor<2x8x?x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16>) outs(%q : tensor<2x8x?x64xbf16>)
  // CHECK: attn.attention causal(%{{.*}}) ins(
  %2 = attn.attention causal(%off) ins(%q, %k, %k : tensor<2x8x?x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16>) outs(%q : tensor<2x8x?x64xbf16>)
  // CHECK: attn.attention align(bottom_right) window(4, 2) ins(
  %3 = attn.attention window(4, 2) align(bottom_right) ins(%q, %k, %k : tensor<2x8x?x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x64xbf16>) outs(%q : tensor<2x8x?x64xbf16>)
  return
}

// CHECK-LABEL: @causal_square
func.func @causal_square(%q: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: attn.attention causal ins(
  %0 = attn.attention causal ins(%q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%q : tensor<4x8xf32>)
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @terms
func.func @terms(%q: tensor<8x4x16xf16>, %o: tensor<8x4x16xf32>, %l: tensor<8x4xf32>, %b: tensor<1x4x4xf32>, %keep: tensor<4x4xi1>, %a: tensor<8xf32>, %c: f32) {
  // CHECK: attn.attention softcap(3.000000e+01) scale(%{{.*}} : f32) ins({{.*}}) bias({{.*}} : tensor<1x4x4xf32>) keep({{.*}} : tensor<4x4xi1>) alibi({{.*}} : tensor<8xf32>) sink({{.*}} : tensor<8xf32>) outs(%{{.*}}, lse %{{.*}}, max %{{.*}} : tensor<8x4x16xf32>, tensor<8x4xf32>, tensor<8x4xf32>) attributes {attn.config = #attn.config<tile_m = 8>}
  %0:3 = attn.attention sink(%a : tensor<8xf32>) alibi(%a : tensor<8xf32>) keep(%keep : tensor<4x4xi1>) bias(%b : tensor<1x4x4xf32>) ins(%q, %q, %q : tensor<8x4x16xf16>, tensor<8x4x16xf16>, tensor<8x4x16xf16>) scale(%c : f32) softcap(30.0)
    outs(%o, lse %l, max %l : tensor<8x4x16xf32>, tensor<8x4xf32>, tensor<8x4xf32>) attributes {attn.config = #attn.config<tile_m = 8, tile_n = 64, splits = 1>}
  // CHECK: outs(%{{.*}}, max %{{.*}} : tensor<8x4x16xf32>, tensor<8x4xf32>)
  %1:2 = attn.attention ins(%q, %q, %q : tensor<8x4x16xf16>, tensor<8x4x16xf16>, tensor<8x4x16xf16>) outs(%o, max %l : tensor<8x4x16xf32>, tensor<8x4xf32>) attributes {attn.config = #attn.config<>}
  return
}

// CHECK-LABEL: @regions
func.func @regions(%q: tensor<4x8xf32>, %table: tensor<?xf32>, %row: tensor<4x1xf32>, %c: f32) {
  // CHECK: attn.attention ins({{.*}}) captures({{.*}} : tensor<?xf32>, tensor<4x1xf32>, f32) outs({{.*}}) score {
  // CHECK: } mask {
  // CHECK-NEXT: ^bb0(
  %0 = attn.attention ins(%q, %q, %q : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) captures(%table, %row, %c : tensor<?xf32>, tensor<4x1xf32>, f32) outs(%q : tensor<4x8xf32>) score {
  ^bb0(%s: f32, %t: tensor<?xf32>, %r: f32, %x: f32):
    %j = attn.index 1 : index
    %e = tensor.extract %t[%j] : tensor<?xf32>
    %u = arith.addf %s, %e : f32
    attn.yield %u : f32
  } mask {
  ^bb0(%t: tensor<?xf32>, %r: f32, %x: f32):
    %keep = arith.cmpf ogt, %r, %x : f32
    attn.yield %keep : i1
  }
  return
}

// CHECK-LABEL: @online
func.func @online(%q: tensor<4x8xf64>, %m: tensor<4xf64>, %i: index, %p: i1) {
  // CHECK: attn.online_attention base(two) partial(%{{.*}}) scale(1.250000e-01) ins({{.*}}) at[%{{.*}}, 4, 0, 0] outs({{.*}}) mask {
  %0:3 = attn.online_attention base(two) partial(%p) scale(0.125) ins(%q, %q, %q : tensor<4x8xf64>, tensor<4x8xf64>, tensor<4x8xf64>) at[%i, 4, 0, 0] outs(%q, %m, %m : tensor<4x8xf64>, tensor<4xf64>, tensor<4xf64>) mask {
    attn.yield %p : i1
  }
  // CHECK: attn.finalize base(two) ins({{.*}}) sink(%{{.*}} : tensor<f64>) outs(%{{.*}}, lse %{{.*}} : tensor<4x8xf64>, tensor<4xf64>)
  %sink = tensor.empty() : tensor<f64>
  %1:2 = attn.finalize base(two) ins(%0#0, %0#1, %0#2 : tensor<4x8xf64>, tensor<4xf64>, tensor<4xf64>) sink(%sink : tensor<f64>) outs(%q, lse %m : tensor<4x8xf64>, tensor<4xf64>)
  return
}

// CHECK-LABEL: @states
func.func @states(%accs: tensor<3x4x8xf32>, %ms: tensor<3x4xf32>, %acc: tensor<4x8xf32>, %m: tensor<4xf32>, %t: tensor<8x16xf32>, %c: f32) {
  // CHECK: attn.merge ins({{.*}}) outs({{.*}})
  %0:3 = attn.merge ins(%accs, %ms, %ms : tensor<3x4x8xf32>, tensor<3x4xf32>, tensor<3x4xf32>) outs(%acc, %m, %m : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  // CHECK: attn.merge base(two) ins({{.*}} : tensor<3x4xf32>, tensor<3x4xf32>)
  %1:2 = attn.merge base(two) ins(%ms, %ms : tensor<3x4xf32>, tensor<3x4xf32>) outs(%m, %m : tensor<4xf32>, tensor<4xf32>)
  // CHECK: attn.pack scale(%{{.*}} : f32) ins(%{{.*}} : tensor<4x8xf32>) outs(%{{.*}} : tensor<8x16xf32>)
  %2 = attn.pack scale(%c : f32) ins(%acc : tensor<4x8xf32>) outs(%t : tensor<8x16xf32>)
  return
}

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<4x?xf16>, %m: tensor<?xf32>, %n: tensor<4xf32>) {
  // CHECK: attn.softmax safe dimension(0) ins({{.*}}) at[0, 8] outs(%{{.*}}, lse %{{.*}} : tensor<4x?xf16>, tensor<?xf32>)
  %0:2 = attn.softmax safe dimension(0) ins(%x : tensor<4x?xf16>) at[0, 8] outs(%x, lse %m : tensor<4x?xf16>, tensor<?xf32>)
  // CHECK: attn.softmax log_prob dimension(1) ins({{.*}}) outs({{.*}}) maps [
  %1 = attn.softmax log_prob dimension(1) ins(%x : tensor<4x?xf16>) outs(%x : tensor<4x?xf16>) maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>]
  // CHECK: attn.online_softmax base(two) dimension(1) ins(
  %2:2 = attn.online_softmax base(two) dimension(1) ins(%x : tensor<4x?xf16>) outs(%n, %n : tensor<4xf32>, tensor<4xf32>)
  // CHECK: attn.normalize base(two) log_prob dimension(1) ins(
  %3 = attn.normalize base(two) log_prob dimension(1) ins(%x, %2#0, %2#1 : tensor<4x?xf16>, tensor<4xf32>, tensor<4xf32>) outs(%x : tensor<4x?xf16>)
  return
}

// CHECK-LABEL: @cross_entropy
func.func @cross_entropy(%x: tensor<4x9xf32>, %t: tensor<4xi64>, %loss: tensor<f32>, %row: tensor<4xf32>) {
  // CHECK: attn.cross_entropy ignore_index(-100) label_smoothing(1.000000e-01) z_loss(9.99999974E-5) reduction(mean) ins({{.*}}) outs(%{{.*}}, lse %{{.*}} : tensor<f32>, tensor<4xf32>)
  %0:2 = attn.cross_entropy ignore_index(-100) label_smoothing(0.1) z_loss(0.0001) reduction(mean) ins(%x, %t : tensor<4x9xf32>, tensor<4xi64>) outs(%loss, lse %row : tensor<f32>, tensor<4xf32>)
  // CHECK: attn.cross_entropy ins({{.*}}) outs(%{{.*}} : tensor<4xf32>)
  %1 = attn.cross_entropy reduction(none) ins(%x, %t : tensor<4x9xf32>, tensor<4xi64>) outs(%row : tensor<4xf32>)
  return
}

// CHECK-LABEL: @memrefs
func.func @memrefs(%q: memref<4x8xf32, strided<[?, ?], offset: ?>>, %o: memref<4x8xf32>) {
  // CHECK: attn.attention causal ins({{.*}}) outs(%{{.*}} : memref<4x8xf32>)
  attn.attention causal ins(%q, %q, %q : memref<4x8xf32, strided<[?, ?], offset: ?>>, memref<4x8xf32, strided<[?, ?], offset: ?>>, memref<4x8xf32, strided<[?, ?], offset: ?>>) outs(%o : memref<4x8xf32>)
  return
}

// A packed query has the compute type.
// CHECK-LABEL: @packed_query
func.func @packed_query(%q: tensor<4x8xf32>, %k: tensor<4x8xf16>, %m: tensor<4xf32>) {
  // CHECK: attn.online_attention ins({{.*}} : tensor<4x8xf32>, tensor<4x8xf16>, tensor<4x8xf16>)
  %0:3 = attn.online_attention ins(%q, %k, %k : tensor<4x8xf32>, tensor<4x8xf16>, tensor<4x8xf16>) outs(%q, %m, %m : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  // CHECK: attn.online_attention base(two) fixed_max scale(1.000000e+00) ins
  %1:3 = attn.online_attention fixed_max scale(1.0) base(two) ins(%q, %k, %k : tensor<4x8xf32>, tensor<4x8xf16>, tensor<4x8xf16>) outs(%q, %m, %m : tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}
