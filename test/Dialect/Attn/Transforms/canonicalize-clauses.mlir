// attn-canonicalize writes every clause into the score or the mask region, and leaves none.
// RUN: fovea-opt %s -attn-canonicalize -split-input-file | FileCheck %s

// S2: softcap on the scaled score first, then ALiBi, then the bias, which is extended to the compute type.
// CHECK-LABEL: @S2_order
// CHECK: attn.attention ins(
// CHECK-SAME: captures(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<1x?xbf16>)
// CHECK-SAME: maps
// CHECK-SAME: score {
// CHECK: ^bb0(%[[S:.*]]: f32, %[[SLOPE:.*]]: f32, %[[BIAS:.*]]: bf16):
// CHECK: %[[REDUCED:.*]] = arith.mulf %[[S]], %{{.*}} : f32
// CHECK: %[[TANH:.*]] = math.tanh %[[REDUCED]]
// CHECK: %[[CAPPED:.*]] = arith.mulf %[[TANH]]
// CHECK: %[[I:.*]] = attn.index 1
// CHECK: %[[J:.*]] = attn.index 2
// CHECK: %[[D:.*]] = arith.subi %[[I]], %[[J]]
// CHECK: %[[ABS:.*]] = math.absi %[[D]]
// CHECK: %[[ABS64:.*]] = arith.index_cast %[[ABS]] : index to i64
// CHECK: %[[FLOAT:.*]] = arith.sitofp %[[ABS64]] : i64 to f32
// CHECK: %[[PENALTY:.*]] = arith.mulf %[[SLOPE]], %[[FLOAT]]
// CHECK: %[[SLOPED:.*]] = arith.subf %[[CAPPED]], %[[PENALTY]]
// CHECK: %[[WIDE:.*]] = arith.extf %[[BIAS]] : bf16 to f32
// CHECK: %[[SUM:.*]] = arith.addf %[[SLOPED]], %[[WIDE]]
// CHECK: attn.yield %[[SUM]] : f32
// CHECK-NOT: mask
// CHECK: return
func.func @S2_order(%q: tensor<4x?x16xbf16>, %k: tensor<4x?x16xbf16>, %v: tensor<4x?x16xbf16>, %slopes: tensor<4xf32>,
                    %bias: tensor<1x?xbf16>, %o: tensor<4x?x16xbf16>) -> tensor<4x?x16xbf16> {
  %r = attn.attention align(top_left) softcap(3.0e+01) ins(%q, %k, %v : tensor<4x?x16xbf16>, tensor<4x?x16xbf16>, tensor<4x?x16xbf16>)
      bias(%bias : tensor<1x?xbf16>) alibi(%slopes : tensor<4xf32>) outs(%o : tensor<4x?x16xbf16>)
  return %r : tensor<4x?x16xbf16>
}

// -----

// S1: bottom_right is the difference of the lengths, a captured index where they are dynamic.
// CHECK-LABEL: @S1_bottom_right_dynamic
// CHECK-SAME: (%[[Q:[a-z0-9]*]]: tensor<?x16xf32>, %[[K:[a-z0-9]*]]: tensor<?x16xf32>
// CHECK: %[[ROWS:.*]] = tensor.dim %[[Q]]
// CHECK: %[[KEYS:.*]] = tensor.dim %[[K]]
// CHECK: %[[OFFSET:.*]] = arith.subi %[[KEYS]], %[[ROWS]]
// CHECK: captures(%[[OFFSET]] : index)
// CHECK-SAME: mask {
// CHECK: ^bb0(%[[ARG:.*]]: index):
// CHECK: %[[I:.*]] = attn.index 0
// CHECK: %[[DIAGONAL:.*]] = arith.addi %[[I]], %[[ARG]]
// CHECK: %[[J:.*]] = attn.index 1
// CHECK: %[[KEEP:.*]] = arith.cmpi sle, %[[J]], %[[DIAGONAL]]
// CHECK: attn.yield %[[KEEP]] : i1
func.func @S1_bottom_right_dynamic(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %o: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %k : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>)
      outs(%o : tensor<?x16xf32>)
  return %r : tensor<?x16xf32>
}

// -----

// S1: known lengths give a constant.
// CHECK-LABEL: @S1_bottom_right_static
// CHECK-NOT: captures
// CHECK: %[[I:.*]] = attn.index 0
// CHECK: %[[C:.*]] = arith.constant 4 : index
// CHECK: arith.addi %[[I]], %[[C]]
func.func @S1_bottom_right_static(%q: tensor<8x16xf32>, %k: tensor<12x16xf32>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %k : tensor<8x16xf32>, tensor<12x16xf32>, tensor<12x16xf32>)
      outs(%o : tensor<8x16xf32>)
  return %r : tensor<8x16xf32>
}

// -----

// S1: top_left adds nothing to the query's position.
// CHECK-LABEL: @S1_top_left
// CHECK: %[[I:.*]] = attn.index 0
// CHECK-NEXT: %[[J:.*]] = attn.index 1
// CHECK-NEXT: arith.cmpi sle, %[[J]], %[[I]]
func.func @S1_top_left(%q: tensor<8x16xf32>, %k: tensor<12x16xf32>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %r = attn.attention causal(top_left) ins(%q, %k, %k : tensor<8x16xf32>, tensor<12x16xf32>, tensor<12x16xf32>)
      outs(%o : tensor<8x16xf32>)
  return %r : tensor<8x16xf32>
}

// -----

// S11: the window is inclusive on both sides and moves with the offset.
// CHECK-LABEL: @S11_window
// CHECK-SAME: %[[OFFSET:[a-z0-9]*]]: index
// CHECK: captures(%[[OFFSET]] : index)
// CHECK: ^bb0(%[[ARG:.*]]: index):
// CHECK: %[[DIAGONAL:.*]] = arith.addi %{{.*}}, %[[ARG]]
// CHECK: %[[LEFT:.*]] = arith.constant -8 : index
// CHECK: %[[FIRST:.*]] = arith.addi %[[DIAGONAL]], %[[LEFT]]
// CHECK: %[[NOT_BEFORE:.*]] = arith.cmpi sge, %{{.*}}, %[[FIRST]]
// CHECK: %[[RIGHT:.*]] = arith.constant 3 : index
// CHECK: %[[LAST:.*]] = arith.addi %{{.*}}, %[[RIGHT]]
// CHECK: %[[NOT_AFTER:.*]] = arith.cmpi sle, %{{.*}}, %[[LAST]]
// CHECK: %[[KEEP:.*]] = arith.andi %[[NOT_BEFORE]], %[[NOT_AFTER]]
// CHECK: attn.yield %[[KEEP]]
func.func @S11_window(%q: tensor<?x16xf32>, %k: tensor<?x16xf32>, %o: tensor<?x16xf32>, %offset: index) -> tensor<?x16xf32> {
  %r = attn.attention align(%offset) window(8, 3) ins(%q, %k, %k : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>)
      outs(%o : tensor<?x16xf32>)
  return %r : tensor<?x16xf32>
}

// -----

// A mask region of the user is combined with the clauses; its captures keep their positions in both regions.
// CHECK-LABEL: @user_regions
// CHECK: captures(%{{.*}}, %{{.*}} : tensor<?xf32>, tensor<?x?xi1>)
// CHECK-SAME: score {
// CHECK: ^bb0(%{{.*}}: f32, %[[TABLE:.*]]: tensor<?xf32>, %{{.*}}: i1):
// CHECK: tensor.extract %[[TABLE]]
// CHECK: } mask {
// CHECK: ^bb0(%{{.*}}: tensor<?xf32>, %[[KEEP:.*]]: i1):
// CHECK: %[[USER:.*]] = arith.cmpi ne
// CHECK: %[[CAUSAL:.*]] = arith.cmpi sle
// CHECK: %[[BOTH:.*]] = arith.andi %[[USER]], %[[CAUSAL]]
// CHECK: %[[ALL:.*]] = arith.andi %[[BOTH]], %[[KEEP]]
// CHECK: attn.yield %[[ALL]]
func.func @user_regions(%q: tensor<8x16xf32>, %table: tensor<?xf32>, %m: tensor<?x?xi1>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c3 = arith.constant 3 : index
  %r = attn.attention causal ins(%q, %q, %q : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>)
      captures(%table : tensor<?xf32>) keep(%m : tensor<?x?xi1>) outs(%o : tensor<8x16xf32>) score {
  ^bb0(%s: f32, %t: tensor<?xf32>):
    %i = attn.index 0 : index
    %e = tensor.extract %t[%i] : tensor<?xf32>
    %sum = arith.addf %s, %e : f32
    attn.yield %sum : f32
  } mask {
  ^bb0(%t: tensor<?xf32>):
    %j = attn.index 1 : index
    %n = arith.cmpi ne, %j, %c3 : index
    attn.yield %n : i1
  }
  return %r : tensor<8x16xf32>
}

// -----

// What is not a clause stays: scale, sink, and the schedule.
// CHECK-LABEL: @keeps_the_rest
// CHECK: attn.attention scale(2.500000e-01) ins(
// CHECK-SAME: sink(
// CHECK: } attributes {attn.config = #attn.config<tile_n = 32>}
func.func @keeps_the_rest(%q: tensor<2x8x16xf32>, %sink: tensor<2xf32>, %o: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %r = attn.attention causal scale(0.25) ins(%q, %q, %q : tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
      sink(%sink : tensor<2xf32>) outs(%o : tensor<2x8x16xf32>) attributes {attn.config = #attn.config<tile_n = 32>}
  return %r : tensor<2x8x16xf32>
}

// -----

// Clauses on memrefs ask the memref for its length.
// CHECK-LABEL: @memrefs
// CHECK: memref.dim
// CHECK: attn.attention ins(
// CHECK-SAME: mask
func.func @memrefs(%q: memref<?x16xf32>, %k: memref<?x16xf32>, %o: memref<?x16xf32>) {
  attn.attention causal(bottom_right) ins(%q, %k, %k : memref<?x16xf32>, memref<?x16xf32>, memref<?x16xf32>)
      outs(%o : memref<?x16xf32>)
  return
}
