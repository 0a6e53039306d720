// RUN: fovea-opt %s -attn-to-vector="bf16-pairs=true read-streams=1 prefetch-bytes=0" -canonicalize -cse -split-input-file | FileCheck %s

// Dot products of pairs: a line of a key and one of the query, both bf16, so that the scale, 1/4, is applied to the dot
// products; weights are rounded to bf16, and the rows of two keys interleaved.

// CHECK-LABEL: func @pairs
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: memref<1x64xbf16>
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant dense<2.500000e-01> : vector<16xf32>
//   CHECK-DAG:   %[[QUERIES:.*]] = memref.alloca() {{.*}} : memref<1x64xbf16>
//   CHECK-DAG:   %[[WEIGHTS:.*]] = memref.alloca() {{.*}} : memref<1x256xbf16>
//       CHECK:   %[[ELEMENT:.*]] = memref.load %[[Q]]
//       CHECK:   memref.store %[[ELEMENT]], %[[QUERIES]]
//       CHECK:   %[[QUERY:.*]] = vector.load %[[QUERIES]]{{.*}} : memref<1x64xbf16>, vector<32xbf16>
//       CHECK:   %[[KEY:.*]] = vector.load %{{.*}}, vector<32xbf16>
//       CHECK:   x86vector.avx512.dot %{{.*}}, %[[KEY]], %[[QUERY]]
//       CHECK:   arith.mulf %{{.*}}, %[[SCALE]]
//       CHECK:   %[[P:.*]] = math.exp2 %{{[^ ]*}} : vector<16xf32>
//       CHECK:   %[[NARROW:.*]] = arith.truncf %[[P]] : vector<16xf32> to vector<16xbf16>
//       CHECK:   vector.store %[[NARROW]], %[[WEIGHTS]]
//
// Columns of the sums are in the order in which the rows of two keys interleave, and put in order at the end.
//       CHECK:   vector.shuffle %{{.*}}, %{{.*}} [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]
//       CHECK:   scf.for {{.*}} step %c2 iter_args
//       CHECK:     vector.load %[[WEIGHTS]]{{.*}}, vector<2xbf16>
// CHECK-COUNT-2:   vector.load %{{.*}}, vector<32xbf16>
//       CHECK:     vector.shuffle %{{.*}}, %{{.*}} [0, 32, 1, 33, 2, 34, 3, 35, 8, 40,
// CHECK-COUNT-2:   x86vector.avx512.dot
//
// What is left of the keys has 0 for a partner.
//       CHECK:   scf.for {{.*}} step %c1 iter_args
//       CHECK:     %[[ONE:.*]] = memref.load %[[WEIGHTS]]
//       CHECK:     %[[BITS:.*]] = arith.bitcast %[[ONE]] : bf16 to i16
//       CHECK:     arith.extui %[[BITS]] : i16 to i32
// CHECK-COUNT-2:   x86vector.avx512.dot
//       CHECK:   vector.shuffle %{{.*}}, %{{.*}} [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]
func.func @pairs(%q: memref<1x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x32xbf16>, %acc: memref<1x32xf32>,
                 %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(2.5e-1) ins(%q, %k, %v : memref<1x64xbf16>, memref<?x64xbf16>, memref<?x32xbf16>)
      outs(%acc, %m, %l : memref<1x32xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}

// -----

// Queries in f32 are not rounded for it, nor is anything multiplied so in which there is no line of 32 columns.

// CHECK-LABEL: func @wide_query
//   CHECK-NOT:   x86vector
//       CHECK:   return
// CHECK-LABEL: func @short_rows
//   CHECK-NOT:   x86vector
//       CHECK:   return
func.func @wide_query(%q: memref<1x64xf32>, %k: memref<?x64xbf16>, %v: memref<?x32xbf16>, %acc: memref<1x32xf32>,
                      %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x64xf32>, memref<?x64xbf16>, memref<?x32xbf16>)
      outs(%acc, %m, %l : memref<1x32xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}
func.func @short_rows(%q: memref<1x24xbf16>, %k: memref<?x24xbf16>, %v: memref<?x24xbf16>, %acc: memref<1x24xf32>,
                      %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x24xbf16>, memref<?x24xbf16>, memref<?x24xbf16>)
      outs(%acc, %m, %l : memref<1x24xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}

// -----

// S8: with a mask, whose keys add nothing whatever their value is, values are multiplied as f32.

// CHECK-LABEL: func @masked
//       CHECK:   x86vector.avx512.dot
//       CHECK:   arith.cmpf une
//       CHECK:   math.fma
//       CHECK:   arith.select
//   CHECK-NOT:   x86vector.avx512.dot
//       CHECK:   return
func.func @masked(%q: memref<1x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x32xbf16>, %acc: memref<1x32xf32>,
                  %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x64xbf16>, memref<?x64xbf16>, memref<?x32xbf16>)
      outs(%acc, %m, %l : memref<1x32xf32>, memref<1xf32>, memref<1xf32>)
      mask {
        %j = attn.index 1 : index
        %c100 = arith.constant 100 : index
        %keep = arith.cmpi sle, %j, %c100 : index
        attn.yield %keep : i1
      }
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}
