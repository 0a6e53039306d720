// RUN: fovea-opt %s -attn-to-vector="vector-bytes=16" -canonicalize -split-input-file | FileCheck %s

// One row: the accumulators are one key each, from four parts of the chunk, and each element of the query is loaded
// once for all of them. Their sums across the lanes become one vector, in as many levels as it has bits.

// CHECK-LABEL: func @one_row
//   CHECK-DAG:   %[[Q:.*]] = memref.alloca() {{.*}} : memref<1x32xf32>
//   CHECK-DAG:   %[[S:.*]] = memref.alloca() {{.*}} : memref<1x256xf32>
//       CHECK:   memref.reinterpret_cast
//       CHECK:   scf.for %[[N:.*]] = %c0 to %[[PART:.*]] step %c1 {
//       CHECK:     %[[N1:.*]] = arith.addi %[[N]], %[[PART]]
//       CHECK:     %[[N2:.*]] = arith.addi %[[N1]], %[[PART]]
//       CHECK:     %[[N3:.*]] = arith.addi %[[N2]], %[[PART]]
//       CHECK:     %[[SUMS:.*]]:4 = scf.for {{.*}} iter_args
// CHECK-COUNT-4:     memref.prefetch
// CHECK-COUNT-4:     vector.load %[[Q]]
//   CHECK-NOT:       vector.load %[[Q]]
// CHECK-COUNT-16:    math.fma %{{.*}} : vector<4xf32>
//       CHECK:       scf.yield
//       CHECK:     vector.shuffle %[[SUMS]]#0, %[[SUMS]]#1 [0, 2, 4, 6]
//       CHECK:     vector.shuffle %[[SUMS]]#0, %[[SUMS]]#1 [1, 3, 5, 7]
// CHECK-COUNT-4:   vector.shuffle
//   CHECK-NOT:     vector.shuffle
//       CHECK:     vector.store %{{.*}}, %[[S]][%c0, %[[N]]] : memref<1x256xf32>, vector<1xf32>
//       CHECK:     vector.store %{{.*}}, %[[S]][%c0, %[[N1]]] : memref<1x256xf32>, vector<1xf32>
//       CHECK:     vector.store %{{.*}}, %[[S]][%c0, %[[N2]]] : memref<1x256xf32>, vector<1xf32>
//       CHECK:     vector.store %{{.*}}, %[[S]][%c0, %[[N3]]] : memref<1x256xf32>, vector<1xf32>
func.func @one_row(%q: memref<1x32xf32>, %k: memref<?x32xf32>, %v: memref<?x32xf32>, %acc: memref<1x32xf32>,
                   %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x32xf32>, memref<?x32xf32>, memref<?x32xf32>)
      outs(%acc, %m, %l : memref<1x32xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}

// -----

// The queries of a group that is the only one are loaded in front of the chunks, and between the dot products and the
// softmax the first lines of V's streams are asked for, after it those of the next chunk of K.

// CHECK-LABEL: func @between_the_passes
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: memref<1x16xf32>, %[[K:[a-z0-9]+]]: memref<512x16xf32>, %[[V:[a-z0-9]+]]: memref<512x16xf32>
//       CHECK:   memref.load %[[Q]]
//       CHECK:   scf.for %{{.*}} = %c0 to %c512 step %c256
//   CHECK-NOT:     memref.load %[[Q]]
//   CHECK-DAG:     %[[KEYS:.*]] = memref.reinterpret_cast %[[K]]
//   CHECK-DAG:     %[[VALUES:.*]] = memref.reinterpret_cast %[[V]]
//       CHECK:     vector.shuffle
//       CHECK:     scf.for %[[I:.*]] = %c-16 to %c0
//       CHECK:       memref.prefetch %[[VALUES]]
//       CHECK:     math.exp2 %{{.*}} : vector<4xf32>
//       CHECK:     scf.for %{{.*}} = %c-16 to %c0
//       CHECK:       memref.prefetch %[[KEYS]]
//       CHECK:     vector.load %[[VALUES]]
func.func @between_the_passes(%q: memref<1x16xf32>, %k: memref<512x16xf32>, %v: memref<512x16xf32>,
                              %acc: memref<1x16xf32>, %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %v : memref<1x16xf32>, memref<512x16xf32>, memref<512x16xf32>)
      outs(%acc, %m, %l : memref<1x16xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}

// -----

// The heads of a group are rows of one block: an element of a key is loaded once for all of them.

// CHECK-LABEL: func @group
//  CHECK-SAME:   %{{[a-z0-9]+}}: memref<4x1x32xf32>, %[[K:[a-z0-9]+]]: memref<1x?x32xf32>
//       CHECK:   %[[CHUNK:.*]] = memref.reinterpret_cast %{{.*}} to offset: {{.*}} memref<?x32xf32
//       CHECK:   scf.for {{.*}} iter_args
// CHECK-COUNT-16:  vector.load %{{.*}} : memref<4x32xf32>, vector<4xf32>
//       CHECK:     %[[KEY:.*]] = vector.load %[[CHUNK]]
// CHECK-COUNT-4:   math.fma %[[KEY]],
//   CHECK-NOT:     math.fma %[[KEY]],
//       CHECK:     scf.yield
func.func @group(%q: memref<4x1x32xf32>, %k: memref<1x?x32xf32>, %acc: memref<4x1x32xf32>, %m: memref<4x1xf32>,
                 %l: memref<4x1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<4x1x32xf32>, memref<1x?x32xf32>, memref<1x?x32xf32>)
      outs(%acc, %m, %l : memref<4x1x32xf32>, memref<4x1xf32>, memref<4x1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys, tile_g = 4>}
  return
}

// -----

// Two bf16 are one word: its low half becomes an f32 by a shift, its high half by a mask.

// CHECK-LABEL: func @bf16
//   CHECK-DAG:   %[[SIXTEEN:.*]] = arith.constant dense<16> : vector<4xi32>
//   CHECK-DAG:   %[[HIGH:.*]] = arith.constant dense<-65536> : vector<4xi32>
//       CHECK:   %[[PAIRS:.*]] = vector.load %{{.*}} vector<8xbf16>
//       CHECK:   %[[WORDS:.*]] = vector.bitcast %[[PAIRS]] : vector<8xbf16> to vector<4xi32>
//       CHECK:   arith.shli %[[WORDS]], %[[SIXTEEN]]
//       CHECK:   arith.andi %[[WORDS]], %[[HIGH]]
func.func @bf16(%q: memref<1x32xbf16>, %k: memref<?x32xbf16>, %acc: memref<1x32xf32>, %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<1x32xbf16>, memref<?x32xbf16>, memref<?x32xbf16>)
      outs(%acc, %m, %l : memref<1x32xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}

// -----

// Whether columns are contiguous is known at run time: if they are not, the chunk is copied, and the same code reads it.

// CHECK-LABEL: func @strided
//       CHECK:   %[[COPY:.*]] = memref.alloca() {{.*}} : memref<256x8xf32>
//       CHECK:   %[[UNIT:.*]] = arith.cmpi eq, %{{.*}}, %c1
//       CHECK:   scf.if %[[UNIT]] -> (memref<?x8xf32, strided<[?, 1], offset: ?>>)
//       CHECK:     memref.reinterpret_cast
//       CHECK:   } else {
//       CHECK:     memref.load %{{.*}} strided<[?, ?]
//       CHECK:     memref.store %{{.*}}, %{{.*}} : memref<256x8xf32>
//   CHECK-NOT:   vector.load %{{.*}} strided<[?, ?]
//       CHECK:   return
func.func @strided(%q: memref<1x8xf32>, %k: memref<?x8xf32, strided<[?, ?], offset: ?>>, %acc: memref<1x8xf32>,
                   %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<1x8xf32>, memref<?x8xf32, strided<[?, ?], offset: ?>>,
                                                 memref<?x8xf32, strided<[?, ?], offset: ?>>)
      outs(%acc, %m, %l : memref<1x8xf32>, memref<1xf32>, memref<1xf32>)
      attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}

// -----

// S7, S8: the mask is evaluated on vectors of keys, and the values of removed keys are guarded, only in partial blocks.

// CHECK-LABEL: func @mask
//  CHECK-SAME:   %[[PARTIAL:[a-z0-9]+]]: i1
//       CHECK:   scf.if %[[PARTIAL]] -> (vector<4xf32>)
//       CHECK:     %[[KEEP:.*]] = arith.cmpi sle, %{{.*}} : vector<4xindex>
//       CHECK:     arith.select %[[KEEP]]
//       CHECK:   } else {
//   CHECK-NOT:     arith.cmpi sle, %{{.*}} : vector<4xindex>
//       CHECK:   math.exp2
//       CHECK:   scf.if %[[PARTIAL]] {
//       CHECK:     %[[PRESENT:.*]] = arith.cmpf une
//       CHECK:     %[[SUM:.*]] = math.fma
//       CHECK:     arith.select %[[PRESENT]], %[[SUM]],
//       CHECK:   } else {
//   CHECK-NOT:     arith.select
//       CHECK:   return
func.func @mask(%partial: i1, %j0: index, %q: memref<1x8xf32>, %k: memref<64x8xf32>, %acc: memref<1x8xf32>,
                %m: memref<1xf32>, %l: memref<1xf32>) {
  attn.online_attention base(two) partial(%partial) scale(1.0) ins(%q, %k, %k : memref<1x8xf32>, memref<64x8xf32>, memref<64x8xf32>)
      at[0, %j0, 0, 0] outs(%acc, %m, %l : memref<1x8xf32>, memref<1xf32>, memref<1xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_m = 1, tile_n = 256, lanes = keys>}
  return
}
