// RUN: fovea-opt %s -pass-pipeline='builtin.module(attn-canonicalize,fovea-select-gpu-schedule)' | FileCheck %s

// Where the number of keys is dynamic and no option says how many, there is an op for each range in which another schedule
// is best, under a test of their number; the op's result is that of the branch.

// CHECK-LABEL: @dynamic(
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<?x4x?x128xbf16>, %[[K:[a-z0-9]+]]: tensor
//       CHECK:   %[[KEYS:.*]] = tensor.dim %[[K]], %c2
//       CHECK:   %[[FEW:.*]] = arith.cmpi sle, %[[KEYS]], %c1024
//       CHECK:   %[[R:.*]]:2 = scf.if %[[FEW]]
//       CHECK:     %[[A:.*]]:2 = attn.attention {{.*}} attributes {attn.config = #attn.config<tile_m = 128, tile_n = 128>
//  CHECK-NEXT:     scf.yield %[[A]]#0, %[[A]]#1
//       CHECK:   } else {
//  CHECK-NEXT:     %[[B:.*]]:2 = attn.attention {{.*}} attributes {attn.config = #attn.config<tile_m = 192, tile_n = 80, rescale_log2 = 8>
//  CHECK-NEXT:     scf.yield %[[B]]#0, %[[B]]#1
//       CHECK:   return %[[R]]#0, %[[R]]#1
func.func @dynamic(%q: tensor<?x4x?x128xbf16>, %k: tensor<?x4x?x128xbf16>, %o: tensor<?x4x?x128xbf16>, %l: tensor<?x4x?xf32>) -> (tensor<?x4x?x128xbf16>, tensor<?x4x?xf32>) {
  %r:2 = attn.attention ins(%q, %k, %k : tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>) outs(%o, lse %l : tensor<?x4x?x128xbf16>, tensor<?x4x?xf32>)
  return %r#0, %r#1 : tensor<?x4x?x128xbf16>, tensor<?x4x?xf32>
}

// A static number of keys decides at once, wherever it is found.

// CHECK-LABEL: @static
//   CHECK-NOT:   scf.if
//       CHECK:   attn.attention {{.*}} #attn.config<tile_m = 128, tile_n = 128>
func.func @static(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %v: tensor<512x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<512x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}

// One schedule for all numbers is one op.

// CHECK-LABEL: @same_for_all
//   CHECK-NOT:   scf.if
//       CHECK:   attn.attention
func.func @same_for_all(%q: tensor<?x256xbf16>, %k: tensor<?x256xbf16>, %o: tensor<?x256xbf16>) -> tensor<?x256xbf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x256xbf16>, tensor<?x256xbf16>, tensor<?x256xbf16>) outs(%o : tensor<?x256xbf16>)
  return %r : tensor<?x256xbf16>
}

// So is one that leaves no choice: of the schedules of this head dim a single one has registers for elements of memory.

// CHECK-LABEL: @single_choice
//   CHECK-NOT:   scf.if
//       CHECK:   attn.attention
func.func @single_choice(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %bias: tensor<?x?xf32>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention bias(%bias : tensor<?x?xf32>) ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}

// What was written by hand is for all numbers.

// CHECK-LABEL: @by_hand
//   CHECK-NOT:   scf.if
//       CHECK:   return
func.func @by_hand(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> (tensor<?x128xbf16>, tensor<?x128xbf16>) {
  %r = attn.attention ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>}
  %s = attn.attention ins(%q, %k, %k : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
      attributes {attn.config = #attn.config<tile_m = 64, tile_n = 64>}
  return %r, %s : tensor<?x128xbf16>, tensor<?x128xbf16>
}
