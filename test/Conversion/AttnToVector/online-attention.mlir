// RUN: fovea-opt %s -attn-to-vector -canonicalize -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-to-vector="vector-bytes=32 vector-registers=16" -canonicalize -split-input-file | FileCheck %s --check-prefix=SMALL

// The inner loop of the scores holds 6 keys x 4 vectors of queries in 32 registers, 6 x 2 in 16: every vector of the query
// is loaded once for all keys, every element of a key once for all queries.

// CHECK-LABEL: func @scores
//       CHECK:   memref.alloca() {{.*}} : memref<128x64xf32>
//       CHECK:   scf.for %{{.*}} = %c0 to %c128 step %c64
//       CHECK:     scf.for {{.*}} step %c6 iter_args
//       CHECK:       scf.for %{{.*}} = %c0 to %c80 step %c1 iter_args
// CHECK-COUNT-4:     vector.load %{{.*}} vector<16xf32>
// CHECK-COUNT-24:    math.fma %{{.*}} : vector<16xf32>
//   CHECK-NOT:       math.fma
//       CHECK:       scf.yield
// SMALL-LABEL: func @scores
//       SMALL:   memref.alloca() {{.*}} : memref<128x16xf32>
//       SMALL:   scf.for %{{.*}} = %c0 to %c128 step %c16
//       SMALL:     scf.for {{.*}} step %c6 iter_args
//       SMALL:       scf.for %{{.*}} = %c0 to %c80 step %c1 iter_args
// SMALL-COUNT-2:     vector.load %{{.*}} vector<8xf32>
// SMALL-COUNT-12:    math.fma %{{.*}} : vector<8xf32>
//   SMALL-NOT:       math.fma
//       SMALL:       scf.yield
func.func @scores(%q: memref<80x128xf32>, %k: memref<96x80xf32>, %v: memref<96x32xf32>, %acc: memref<32x128xf32>,
                  %m: memref<128xf32>, %l: memref<128xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<80x128xf32>, memref<96x80xf32>, memref<96x32xf32>)
      outs(%acc, %m, %l : memref<32x128xf32>, memref<128xf32>, memref<128xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// Base 2 needs exp2 and no other function; base e one multiplication more in front of each.

// CHECK-LABEL: func @functions
//   CHECK-NOT:   math.{{exp |log|tanh|pow}}
//       CHECK:   math.exp2
//   CHECK-NOT:   math.{{exp |log|tanh|pow}}
//       CHECK:   return
// CHECK-LABEL: func @base_e
//       CHECK:   %[[LOG2E:.*]] = arith.constant dense<1.44269502> : vector<16xf32>
//       CHECK:   %[[D:.*]] = arith.subf
//       CHECK:   %[[X:.*]] = arith.mulf %[[D]], %[[LOG2E]]
//       CHECK:   math.exp2 %[[X]]
func.func @functions(%q: memref<8x16xf32>, %k: memref<6x8xf32>, %acc: memref<8x16xf32>, %m: memref<16xf32>, %l: memref<16xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<8x16xf32>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<8x16xf32>, memref<16xf32>, memref<16xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}
func.func @base_e(%q: memref<8x16xf32>, %k: memref<6x8xf32>, %acc: memref<8x16xf32>, %m: memref<16xf32>, %l: memref<16xf32>) {
  attn.online_attention scale(1.0) ins(%q, %k, %k : memref<8x16xf32>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<8x16xf32>, memref<16xf32>, memref<16xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// S7, S8: the mask is evaluated, and the values of removed keys are guarded, only in blocks that are partial.

// CHECK-LABEL: func @mask
//  CHECK-SAME:   %[[PARTIAL:[a-z0-9]+]]: i1
//   CHECK-DAG:   %[[INF:.*]] = arith.constant dense<0xFF800000> : vector<16xf32>
//   CHECK-DAG:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
//       CHECK:   scf.if %[[PARTIAL]]
//       CHECK:     %[[KEEP:.*]] = arith.cmpi sle
//       CHECK:     arith.select %[[KEEP]], %{{.*}}, %[[INF]]
//       CHECK:   } else {
//   CHECK-NOT:     arith.cmpi
//       CHECK:   math.exp2
//       CHECK:   scf.if %[[PARTIAL]]
//       CHECK:     %[[PRESENT:.*]] = arith.cmpf une, %{{.*}}, %[[ZERO]]
//       CHECK:     %[[SUM:.*]] = math.fma
//       CHECK:     arith.select %[[PRESENT]], %[[SUM]],
//       CHECK:   } else {
//   CHECK-NOT:     arith.select
//       CHECK:     math.fma
//   CHECK-NOT:     arith.select
//       CHECK:   return
func.func @mask(%partial: i1, %j0: index, %q: memref<8x16xf32>, %k: memref<6x8xf32>, %acc: memref<8x16xf32>,
                %m: memref<16xf32>, %l: memref<16xf32>) {
  attn.online_attention base(two) partial(%partial) scale(1.0) ins(%q, %k, %k : memref<8x16xf32>, memref<6x8xf32>, memref<6x8xf32>)
      at[0, %j0, 0, 0] outs(%acc, %m, %l : memref<8x16xf32>, memref<16xf32>, memref<16xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      }
  return
}

// -----

// Narrow keys and values are widened once per chunk, not once per panel of queries.

// CHECK-LABEL: func @widened
//  CHECK-SAME:   %{{[a-z0-9]+}}: {{.*}}, %[[K:[a-z0-9]+]]: memref<96x8xbf16>
//       CHECK:   %[[WIDE:.*]] = memref.alloca() {{.*}} : memref<128x8xf32>
//       CHECK:   %[[X:.*]] = memref.load %[[K]]
//       CHECK:   %[[Y:.*]] = arith.extf %[[X]] : bf16 to f32
//       CHECK:   memref.store %[[Y]],
//       CHECK:   scf.for %{{.*}} = %c0 to %c128 step %c64
//   CHECK-NOT:     arith.extf
//       CHECK:   return
func.func @widened(%q: memref<8x128xf32>, %k: memref<96x8xbf16>, %acc: memref<8x128xf32>, %m: memref<128xf32>, %l: memref<128xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<8x128xf32>, memref<96x8xbf16>, memref<96x8xbf16>)
      outs(%acc, %m, %l : memref<8x128xf32>, memref<128xf32>, memref<128xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// S13: a weight that would be subnormal is 0, and NaN stays: products with subnormal numbers are slow (ALiBi, where the
// weights of far keys pass through all magnitudes, took three times as long).

// CHECK-LABEL: func @subnormal
//   CHECK-DAG:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
//   CHECK-DAG:   %[[SMALLEST:.*]] = arith.constant dense<-1.260000e+02> : vector<16xf32>
//       CHECK:   %[[D:.*]] = arith.subf
//       CHECK:   %[[TINY:.*]] = arith.cmpf olt, %[[D]], %[[SMALLEST]]
//       CHECK:   %[[W:.*]] = math.exp2 %[[D]]
//       CHECK:   arith.select %[[TINY]], %[[ZERO]], %[[W]]
func.func @subnormal(%q: memref<8x16xf32>, %k: memref<6x8xf32>, %acc: memref<8x16xf32>, %m: memref<16xf32>, %l: memref<16xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<8x16xf32>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<8x16xf32>, memref<16xf32>, memref<16xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// What 6 keys at a time leave is one block where its number is known: 10 are 6 and 4, so that no key is alone with 4
// accumulations, which do not fill the multipliers. 8 value dims are 6 and 2.

// CHECK-LABEL: func @known_remainders
// CHECK-COUNT-24:  math.fma
//       CHECK:     scf.yield
// CHECK-COUNT-16:  math.fma
//   CHECK-NOT:     math.fma
//       CHECK:     math.exp2
//       CHECK:     scf.yield
// CHECK-COUNT-24:  math.fma
//       CHECK:     scf.yield
// CHECK-COUNT-8:   math.fma
//   CHECK-NOT:     math.fma
//       CHECK:   return
func.func @known_remainders(%q: memref<8x64xf32>, %k: memref<10x8xf32>, %acc: memref<8x64xf32>, %m: memref<64xf32>,
                            %l: memref<64xf32>) {
  attn.online_attention base(two) scale(1.0) fixed_max ins(%q, %k, %k : memref<8x64xf32>, memref<10x8xf32>, memref<10x8xf32>)
      outs(%acc, %m, %l : memref<8x64xf32>, memref<64xf32>, memref<64xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// An unknown number of keys is blocks of 6, and then of 4, 2 and 1.

// CHECK-LABEL: func @unknown_remainders
//       CHECK:   scf.for {{.*}} step %c6 iter_args
//       CHECK:   scf.for {{.*}} step %c4 iter_args
//       CHECK:   scf.for {{.*}} step %c2 iter_args
//       CHECK:   scf.for {{.*}} step %c1 iter_args
//       CHECK:   math.exp2
func.func @unknown_remainders(%q: memref<7x64xf32>, %k: memref<?x7xf32>, %acc: memref<7x64xf32>, %m: memref<64xf32>,
                              %l: memref<64xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<7x64xf32>, memref<?x7xf32>, memref<?x7xf32>)
      outs(%acc, %m, %l : memref<7x64xf32>, memref<64xf32>, memref<64xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}
