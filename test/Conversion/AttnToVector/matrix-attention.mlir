// RUN: fovea-opt %s -attn-to-vector="amx-bf16=true" -canonicalize -cse -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-to-vector="amx-bf16=true amx-fp16=true" -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=FP16

// Scores are products of 2 x 2 tiles, 32 keys by 32 queries, in steps of 32 head dims; keys are read from where they lie.

// CHECK-LABEL: func @products
//  CHECK-SAME:   %{{.*}}: memref<32x64xbf16>, %[[K:[a-z0-9]+]]: memref<256x64xbf16>
//       CHECK:   %[[FLAT:.*]] = memref.reinterpret_cast %[[K]] to offset: [0]
//       CHECK:   %[[KEYS:.*]] = memref.cast %[[FLAT]]
//       CHECK:   scf.for {{.*}} step %c64
//       CHECK:     scf.for {{.*}} step %c32
//       CHECK:       %[[FROM:.*]] = arith.select %{{.*}}, %{{.*}}, %[[KEYS]]
// CHECK-COUNT-4:     amx.tile_zero : !amx.tile<16x16xf32>
//       CHECK:       %[[A0:.*]] = amx.tile_load %[[FROM]][{{.*}}], %{{.*}} into !amx.tile<16x32xbf16>
//       CHECK:       %[[A1:.*]] = amx.tile_load %[[FROM]][{{.*}}], %{{.*}} into !amx.tile<16x32xbf16>
//       CHECK:       %[[B0:.*]] = amx.tile_load %{{.*}} : memref<2x2x16x32xbf16> into !amx.tile<16x32xbf16>
//       CHECK:       %[[B1:.*]] = amx.tile_load %{{.*}} : memref<2x2x16x32xbf16> into !amx.tile<16x32xbf16>
//       CHECK:       %[[C:.*]] = amx.tile_mulf %[[A0]], %[[B0]], %{{.*}}
//       CHECK:       amx.tile_mulf %[[A0]], %[[B1]], %{{.*}}
//       CHECK:       amx.tile_mulf %[[A1]], %[[B0]], %{{.*}}
//       CHECK:       amx.tile_mulf %[[A1]], %[[B1]], %{{.*}}
//       CHECK:       amx.tile_mulf %{{.*}}, %{{.*}}, %[[C]]
// CHECK-COUNT-3:     amx.tile_mulf
//   CHECK-NOT:       amx.tile_mulf
// CHECK-COUNT-4:     amx.tile_store {{.*}} : memref<64x32xf32>
func.func @products(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x32xbf16>, %acc: memref<32x32xf32>,
                    %m: memref<32xf32>, %l: memref<32xf32>) {
  attn.online_attention base(two) ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// The scale, 1/8, is applied with the subtraction of the maximum and not to the query, which would be rounded; weights
// are rounded to nearest by integer arithmetic, and their exponential may be approximate.

// CHECK-LABEL: func @weights
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant dense<1.250000e-01> : vector<16xf32>
//   CHECK-DAG:   %[[HALF:.*]] = arith.constant dense<32768> : vector<16xi32>
//   CHECK-DAG:   %[[UPPER:.*]] = arith.constant dense<-65536> : vector<16xi32>
//       CHECK:   %[[X:.*]] = math.fma %{{.*}}, %[[SCALE]], %{{.*}} : vector<16xf32>
//       CHECK:   %[[P:.*]] = math.exp2 %[[X]] fastmath<afn> : vector<16xf32>
//       CHECK:   arith.addf %{{.*}}, %[[P]]
//       CHECK:   %[[BITS:.*]] = arith.bitcast %[[P]] : vector<16xf32> to vector<16xi32>
//       CHECK:   %[[EVEN:.*]] = arith.addi %[[BITS]], %[[HALF]]
//       CHECK:   %[[LOW:.*]] = arith.shrui %[[EVEN]], %{{.*}}
//       CHECK:   %[[HIGH:.*]] = arith.andi %{{.*}}, %[[UPPER]]
//       CHECK:   %[[PAIR:.*]] = arith.ori %[[LOW]], %[[HIGH]]
//       CHECK:   vector.bitcast %[[PAIR]] : vector<16xi32> to vector<32xbf16>
func.func @weights(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x32xbf16>, %acc: memref<32x32xf32>,
                   %m: memref<32xf32>, %l: memref<32xf32>) {
  attn.online_attention base(two) ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}

// -----

// An LSE is f32 and no better than the sum of the weights, which is exact where one may be returned.

// CHECK-LABEL: func @sum_is_returned
//       CHECK:   math.exp2 %{{[^ ]*}} : vector<16xf32>
//   CHECK-NOT:   afn
//       CHECK:   return
func.func @sum_is_returned(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x32xbf16>,
                           %acc: memref<32x32xf32>, %m: memref<32xf32>, %l: memref<32xf32>, %o: memref<32x32xbf16>,
                           %lse: memref<32xf32>) {
  attn.online_attention base(two) ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  attn.finalize base(two) ins(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      outs(%o, lse %lse : memref<32x32xbf16>, memref<32xf32>)
      maps [affine_map<(m, d) -> (d, m)>, affine_map<(m, d) -> (m)>, affine_map<(m, d) -> (m)>,
            affine_map<(m, d) -> (m, d)>, affine_map<(m, d) -> (m)>]
  return
}

// -----

// S12: the maximum is raised only where it lags by more than 2^8, after the products of the keys so far.

// CHECK-LABEL: func @lag
//       CHECK:   %[[LAG:.*]] = arith.constant dense<8.000000e+00> : vector<16xf32>
//       CHECK:   %[[BOUND:.*]] = arith.addf %{{.*}}, %[[LAG]]
//       CHECK:   arith.cmpf ogt, %{{.*}}, %[[BOUND]]
//       CHECK:   %[[ANY:.*]] = vector.reduction <or>
//       CHECK:   arith.select %[[ANY]], %[[UP_TO:.*]], %[[DONE:.*]] : index
//       CHECK:   scf.if %[[ANY]] {
//       CHECK:     %[[LEFT:.*]] = arith.cmpi slt, %[[DONE]], %[[UP_TO]]
//       CHECK:     scf.if %[[LEFT]] {
//       CHECK:       amx.tile_mulf
//       CHECK:     %[[ALPHA:.*]] = math.exp2 %{{.*}} : vector<16xf32>
//       CHECK:     arith.mulf %{{.*}}, %[[ALPHA]]
func.func @lag(%q: memref<32x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x32xbf16>, %acc: memref<32x32xf32>,
               %m: memref<32xf32>, %l: memref<32xf32>) {
  attn.online_attention base(two) ins(%q, %k, %v : memref<32x64xbf16>, memref<256x64xbf16>, memref<256x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
      attributes {attn.config = #attn.config<tile_n = 256, rescale_log2 = 8>}
  return
}

// -----

// Values are packed once, in front of the parallel loop, by blocks of 32 keys; where the head dim of the keys need not
// be contiguous, they are copied if it is not, which is known when the code runs. The memory is freed behind the loop.

// CHECK-LABEL: func @shared
//  CHECK-SAME:   %{{.*}}, %[[K:[a-z0-9]+]]: memref<4x512x64xbf16, strided<[?, ?, ?], offset: ?>>
//       CHECK:   %[[UNIT:.*]] = arith.cmpi eq, %{{.*}}#2, %c1
//       CHECK:   %[[BLOCKS:.*]] = arith.select %[[UNIT]], %c0, %c16
//       CHECK:   %[[COPY:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64, bufferization.manual_deallocation} : memref<?xbf16>
//       CHECK:   scf.forall (%{{.*}}, %{{.*}}) in (4, %[[BLOCKS]])
//       CHECK:   arith.select %[[UNIT]], %{{.*}}, %{{.*}} : memref<?xbf16, strided<[1], offset: ?>>
//       CHECK:   %[[VALUES:.*]] = memref.alloc{{.*}} : memref<{{.*}}x32x32xbf16>
//       CHECK:   %[[ANY_SIZE:.*]] = memref.cast %[[VALUES]]
//       CHECK:   scf.forall (%{{.*}}, %{{.*}}) in (4, 16)
//       CHECK:     vector.store %{{.*}}, %[[VALUES]]
//       CHECK:   scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (4, 96)
//       CHECK:     scf.for
//   CHECK-NOT:     memref.alloc(
//       CHECK:       amx.tile_load %[[ANY_SIZE]]
//   CHECK-NOT:     memref.dealloc
//       CHECK:   {{^    }}memref.dealloc %[[VALUES]] {bufferization.manual_deallocation}
//       CHECK:   {{^    }}memref.dealloc %[[COPY]] {bufferization.manual_deallocation}
func.func @shared(%q: memref<4x96x64xbf16>, %k: memref<4x512x64xbf16, strided<[?, ?, ?], offset: ?>>,
                  %v: memref<4x512x32xbf16>, %acc: memref<32x32xf32>, %m: memref<32xf32>, %l: memref<32xf32>) {
  %c0 = arith.constant 0 : index
  %c256 = arith.constant 256 : index
  %c512 = arith.constant 512 : index
  scf.forall (%h, %i) = (0, 0) to (4, 96) step (1, 32) {
    %qi = memref.subview %q[%h, %i, 0] [1, 32, 64] [1, 1, 1] : memref<4x96x64xbf16> to memref<1x32x64xbf16, strided<[6144, 64, 1], offset: ?>>
    scf.for %j = %c0 to %c512 step %c256 {
      %kj = memref.subview %k[%h, %j, 0] [1, 256, 64] [1, 1, 1] : memref<4x512x64xbf16, strided<[?, ?, ?], offset: ?>> to memref<1x256x64xbf16, strided<[?, ?, ?], offset: ?>>
      %vj = memref.subview %v[%h, %j, 0] [1, 256, 32] [1, 1, 1] : memref<4x512x32xbf16> to memref<1x256x32xbf16, strided<[16384, 32, 1], offset: ?>>
      attn.online_attention base(two) ins(%qi, %kj, %vj : memref<1x32x64xbf16, strided<[6144, 64, 1], offset: ?>>, memref<1x256x64xbf16, strided<[?, ?, ?], offset: ?>>, memref<1x256x32xbf16, strided<[16384, 32, 1], offset: ?>>)
          outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
          maps [affine_map<(m, n, k, d) -> (0, m, k)>, affine_map<(m, n, k, d) -> (0, n, k)>, affine_map<(m, n, k, d) -> (0, n, d)>,
                affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
    }
  }
  return
}

// -----

// S8: values that are not finite are taken out of the tiles, and added for the queries that see their key; only where
// there is a mask.

// CHECK-LABEL: func @not_finite
//       CHECK:   %[[FLAGS:.*]] = memref.alloc() {{.*}} : memref<1xi1>
//       CHECK:   %[[EXPONENT:.*]] = arith.shli
//       CHECK:   %[[BAD:.*]] = arith.cmpi uge, %[[EXPONENT]]
//       CHECK:   arith.select %[[BAD]]
//       CHECK:   memref.store %{{.*}}, %[[FLAGS]]
//       CHECK:   %[[FLAG:.*]] = memref.load %[[FLAGS]]
//       CHECK:   scf.if %[[FLAG]]
//       CHECK:     %[[SEEN:.*]] = arith.cmpf une, %{{.*}}, %{{.*}} : vector<16xf32>
//       CHECK:     %[[ADDED:.*]] = math.fma
//       CHECK:     arith.select %[[SEEN]], %[[ADDED]]
func.func @not_finite(%q: memref<32x32xbf16>, %k: memref<32x32xbf16>, %acc: memref<32x32xf32>, %m: memref<32xf32>,
                      %l: memref<32xf32>) {
  attn.online_attention base(two) ins(%q, %k, %k : memref<32x32xbf16>, memref<32x32xbf16>, memref<32x32xbf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
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

// f16 is the sum of two bf16 where the unit multiplies no f16: four products for each of the scores.

// CHECK-LABEL: func @parts
//   CHECK-NOT:   !amx.tile<16x32xf16>
//       CHECK:   amx.tile_zero
// CHECK-COUNT-16:   amx.tile_mulf %{{.*}} : !amx.tile<16x32xbf16>
//   CHECK-NOT:   amx.tile_mulf
//       CHECK:   amx.tile_store
// FP16-LABEL:  func @parts
//   FP16-NOT:    bf16
//       FP16:    amx.tile_zero
// FP16-COUNT-4:  amx.tile_mulf %{{.*}} : !amx.tile<16x32xf16>
//   FP16-NOT:    amx.tile_mulf
//       FP16:    amx.tile_store
func.func @parts(%q: memref<32x32xf16>, %k: memref<32x32xf16>, %acc: memref<32x32xf32>, %m: memref<32xf32>, %l: memref<32xf32>) {
  attn.online_attention base(two) ins(%q, %k, %k : memref<32x32xf16>, memref<32x32xf16>, memref<32x32xf16>)
      outs(%acc, %m, %l : memref<32x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (m, k)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
  return
}
