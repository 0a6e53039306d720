// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(attn-canonicalize,attn-rewrite-online-softmax,attn-set-exp-base,attn-tile-parallel{tile-m=128},attn-tile-kv{tile-n=128},canonicalize,attn-outline-kernels,canonicalize,gpu.module(gpu.func(attn-to-cta,canonicalize,cse)))' | FileCheck %s

// The diagonal and the end of the keys bound the column from above: one comparison of it with the least of the two, which is
// computed for rows.

// CHECK-LABEL: gpu.func @causal_0
//       CHECK:   cta.dot %{{.*}} transpose_b
//       CHECK:   scf.if
//   CHECK-NOT:     tensor<128x128xi32>
//       CHECK:     %[[BOUND:.*]] = arith.minsi %{{.*}}, %{{.*}} : tensor<128xi32>
//  CHECK-NEXT:     %[[COLUMN:.*]] = cta.iota dim 1 : tensor<128x128xi32>
//  CHECK-NEXT:     %[[B:.*]] = cta.broadcast %[[BOUND]] dim 1
//  CHECK-NEXT:     %[[KEEP:.*]] = arith.cmpi sle, %[[COLUMN]], %[[B]]
//  CHECK-NEXT:     arith.select %[[KEEP]],
//  CHECK-NEXT:     scf.yield
func.func @causal(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// A window bounds it from both sides: two comparisons, and the end of the keys joins the upper one.

// CHECK-LABEL: gpu.func @window_0
//       CHECK:   scf.if
//   CHECK-NOT:     tensor<128x128xi32>
//       CHECK:     %[[UPPER:.*]] = arith.minsi %{{.*}}, %{{.*}} : tensor<128xi32>
//       CHECK:     %[[COLUMN:.*]] = cta.iota dim 1 : tensor<128x128xi32>
//       CHECK:     %[[UB:.*]] = cta.broadcast %[[UPPER]] dim 1
//       CHECK:     %[[BELOW:.*]] = arith.cmpi sle, %[[COLUMN]], %[[UB]]
//       CHECK:     %[[LB:.*]] = cta.broadcast %{{.*}} dim 1
//       CHECK:     %[[ABOVE:.*]] = arith.cmpi sge, %[[COLUMN]], %[[LB]]
//       CHECK:     %[[KEEP:.*]] = arith.andi %[[BELOW]], %[[ABOVE]]
//   CHECK-NOT:     arith.cmpi
//       CHECK:     arith.select %[[KEEP]],
func.func @window(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention window(100, 20) align(top_left) ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>)
  return %r : tensor<?x64xf16>
}

// -----

// Wherever the column stands: `7 > row - key` is `column >= row + row0 - key0 - 7 + 1`.

// CHECK-LABEL: gpu.func @difference_0
//   CHECK-DAG:   %[[SEVEN:.*]] = arith.constant dense<7> : tensor<128xi32>
//   CHECK-DAG:   %[[ONE:.*]] = arith.constant dense<1> : tensor<128xi32>
//       CHECK:   %[[TILE:.*]] = cta.tile_index
//       CHECK:   scf.for
//   CHECK-NOT:     arith.subi {{.*}} tensor<128x128xi32>
//       CHECK:     %[[ROWS:.*]] = arith.addi %{{.*}}, %{{.*}} : tensor<128xi32>
//       CHECK:     %[[DISTANCE:.*]] = arith.subi %[[ROWS]], %{{.*}} : tensor<128xi32>
//       CHECK:     %[[FIRST:.*]] = arith.subi %[[DISTANCE]], %[[SEVEN]] : tensor<128xi32>
//       CHECK:     %[[LOWER:.*]] = arith.addi %[[FIRST]], %[[ONE]] : tensor<128xi32>
//       CHECK:     %[[LB:.*]] = cta.broadcast %[[LOWER]] dim 1
//       CHECK:     arith.cmpi sge, %{{.*}}, %[[LB]]
func.func @difference(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>) mask {
    %i = attn.index 0 : index
    %j = attn.index 1 : index
    %d = arith.subi %i, %j : index
    %c7 = arith.constant 7 : index
    %keep = arith.cmpi sgt, %c7, %d : index
    attn.yield %keep : i1
  }
  return %r : tensor<?x64xf16>
}

// -----

// What is no bound of the column stays: equality, the column twice, a remainder, an unsigned comparison.

// CHECK-LABEL: gpu.func @others_0
//       CHECK:   scf.for
//   CHECK-DAG:     arith.cmpi ne, %{{.*}}, %{{.*}} : tensor<128x128xi32>
//   CHECK-DAG:     arith.remsi %{{.*}}, %{{.*}} : tensor<128x128xi32>
//   CHECK-DAG:     arith.muli %{{.*}}, %{{.*}} : tensor<128x128xi32>
//   CHECK-DAG:     arith.cmpi ult, %{{.*}}, %{{.*}} : tensor<128x128xi32>
//   CHECK-DAG:     arith.cmpi slt, %{{.*}}, %{{.*}} : tensor<128x128xi32>
func.func @others(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>) mask {
    %i = attn.index 0 : index
    %j = attn.index 1 : index
    %c3 = arith.constant 3 : index
    %c9 = arith.constant 9 : index
    %differ = arith.cmpi ne, %i, %j : index
    %rest = arith.remsi %j, %c3 : index
    %stripe = arith.cmpi slt, %rest, %i : index
    %square = arith.muli %j, %j : index
    %small = arith.cmpi sle, %square, %i : index
    %near = arith.cmpi ult, %j, %c9 : index
    %a = arith.andi %differ, %stripe : i1
    %b = arith.andi %small, %near : i1
    %keep = arith.andi %a, %b : i1
    attn.yield %keep : i1
  }
  return %r : tensor<?x64xf16>
}

// -----

// Only what is and-ed is merged: of two bounds that are or-ed each is compared.

// CHECK-LABEL: gpu.func @either_0
//       CHECK:   scf.for
//   CHECK-DAG:     %[[A:.*]] = arith.cmpi sle, %{{.*}}, %{{.*}} : tensor<128x128xi32>
//   CHECK-DAG:     %[[B:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : tensor<128x128xi32>
//       CHECK:     arith.ori %{{.*}}, %{{.*}} : tensor<128x128xi1>
func.func @either(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) outs(%o : tensor<?x64xf16>) mask {
    %i = attn.index 0 : index
    %j = attn.index 1 : index
    %c9 = arith.constant 9 : index
    %first = arith.cmpi slt, %j, %c9 : index
    %later = arith.cmpi sge, %j, %i : index
    %keep = arith.ori %first, %later : i1
    attn.yield %keep : i1
  }
  return %r : tensor<?x64xf16>
}

// -----

// A captured bound may be the end of i32: the distance to it is taken in 64 bits, with the step of a strict comparison, and cut.

// CHECK-LABEL: gpu.func @captured_0
//       CHECK:   %[[FROM:.*]] = cta.read %{{.*}} dims [0] : memref<?xi32, {{.*}}> -> tensor<128xi32>
//   CHECK-DAG:   %[[F:.*]] = arith.extsi %[[FROM]] : tensor<128xi32> to tensor<128xi64>
//   CHECK-DAG:     %[[N:.*]] = arith.extsi %{{.*}} : tensor<128xi32> to tensor<128xi64>
//       CHECK:     %[[D:.*]] = arith.subi %[[F]], %[[N]] : tensor<128xi64>
//       CHECK:     %[[S:.*]] = arith.addi %[[D]], %{{.*}} : tensor<128xi64>
//       CHECK:     %[[L:.*]] = arith.maxsi %[[S]], %{{.*}} : tensor<128xi64>
//       CHECK:     %[[H:.*]] = arith.minsi %[[L]], %{{.*}} : tensor<128xi64>
//       CHECK:     %[[BOUND:.*]] = arith.trunci %[[H]] : tensor<128xi64> to tensor<128xi32>
//       CHECK:     %[[B:.*]] = cta.broadcast %[[BOUND]] dim 1
//       CHECK:     arith.cmpi sge, %{{.*}}, %[[B]] : tensor<128x128xi32>
#q = affine_map<(i, j, k, n) -> (i, k)>
#k = affine_map<(i, j, k, n) -> (j, k)>
#v = affine_map<(i, j, k, n) -> (j, n)>
#row = affine_map<(i, j, k, n) -> (i)>
#o = affine_map<(i, j, k, n) -> (i, n)>
func.func @captured(%q: tensor<?x64xf16>, %k: tensor<?x64xf16>, %from: tensor<?xi32>, %o: tensor<?x64xf16>) -> tensor<?x64xf16> {
  %r = attn.attention ins(%q, %k, %k : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16>) captures(%from : tensor<?xi32>)
      outs(%o : tensor<?x64xf16>) maps [#q, #k, #v, #row, #o] mask {
  ^bb0(%f: i32):
    %j = attn.index 1 : index
    %ji = arith.index_cast %j : index to i32
    %keep = arith.cmpi sgt, %ji, %f : i32
    attn.yield %keep : i1
  }
  return %r : tensor<?x64xf16>
}
