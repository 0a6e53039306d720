// RUN: fovea-opt %s -attn-select-schedule="threads=2" -split-input-file | FileCheck %s
// RUN: fovea-opt %s -attn-select-schedule="threads=8" -split-input-file | FileCheck %s --check-prefix=EIGHT
// RUN: fovea-opt %s -attn-select-schedule="vector-bytes=32" -split-input-file | FileCheck %s --check-prefix=NARROW

// Two panels of four vectors where the packed query tile fits the first-level cache. (Defaults are not printed: 64, 64, 1.)

// CHECK-LABEL: func @two_panels
//       CHECK:   attn.config = #attn.config<tile_m = 128>
// NARROW-LABEL: func @two_panels
//       NARROW:   attn.config = #attn.config<>
func.func @two_panels(%q: tensor<4x2048x64xf32>, %o: tensor<4x2048x64xf32>) -> tensor<4x2048x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<4x2048x64xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x2048x64xf32>)
  return %r : tensor<4x2048x64xf32>
}

// -----

// With a mask a tile has one panel, as many rows as a step has keys: a diagonal lies in one step of each.

// CHECK-LABEL: func @masked
//       CHECK:   attn.config = #attn.config<>
func.func @masked(%q: tensor<4x2048x64xf32>, %o: tensor<4x2048x64xf32>) -> tensor<4x2048x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<4x2048x64xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x2048x64xf32>) mask {
        %i = attn.index 1 : index
        %j = attn.index 2 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      }
  return %r : tensor<4x2048x64xf32>
}

// -----

// A head dim of 128 leaves room for one panel.

// CHECK-LABEL: func @one_panel
//       CHECK:   attn.config = #attn.config<>
func.func @one_panel(%q: tensor<4x2048x128xf32>, %o: tensor<4x2048x128xf32>) -> tensor<4x2048x128xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<4x2048x128xf32>, tensor<4x2048x128xf32>, tensor<4x2048x128xf32>)
      outs(%o : tensor<4x2048x128xf32>)
  return %r : tensor<4x2048x128xf32>
}

// -----

// Two panels would leave eight threads less than four tiles each.

// CHECK-LABEL: func @parallelism
//       CHECK:   attn.config = #attn.config<tile_m = 128>
// EIGHT-LABEL: func @parallelism
//       EIGHT:   attn.config = #attn.config<>
func.func @parallelism(%q: tensor<1x2048x64xf32>, %o: tensor<1x2048x64xf32>) -> tensor<1x2048x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<1x2048x64xf32>, tensor<1x2048x64xf32>, tensor<1x2048x64xf32>)
      outs(%o : tensor<1x2048x64xf32>)
  return %r : tensor<1x2048x64xf32>
}

// -----

// Queries that fill more than half of a vector get a tile of as many vectors as they need.

// CHECK-LABEL: func @one_vector
//       CHECK:   attn.config = #attn.config<tile_m = 16>
// NARROW-LABEL: func @one_vector
//       NARROW:   attn.config = #attn.config<tile_m = 16>
func.func @one_vector(%q: tensor<4x9x64xf32>, %k: tensor<4x2048x64xf32>, %o: tensor<4x9x64xf32>) -> tensor<4x9x64xf32> {
  %r = attn.attention ins(%q, %k, %k : tensor<4x9x64xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x9x64xf32>)
  return %r : tensor<4x9x64xf32>
}

// -----

// With fewer, the keys lie along the lanes; they are split into parts of at least 512, however many threads there are.

// CHECK-LABEL: func @few_queries
//       CHECK:   attn.config = #attn.config<tile_m = 8, tile_n = 256, splits = 4, lanes = keys>
// EIGHT-LABEL: func @few_queries
//       EIGHT:   attn.config = #attn.config<tile_m = 8, tile_n = 256, splits = 4, lanes = keys>
// NARROW-LABEL: func @few_queries
//       NARROW:   attn.config = #attn.config<tile_m = 8>
func.func @few_queries(%q: tensor<4x8x64xf32>, %k: tensor<4x2048x64xf32>, %o: tensor<4x8x64xf32>) -> tensor<4x8x64xf32> {
  %r = attn.attention ins(%q, %k, %k : tensor<4x8x64xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x8x64xf32>)
  return %r : tensor<4x8x64xf32>
}

// -----

// S6: the heads that share keys and values are one tile; 2 x 8 tiles in 4 parts each are 64 tasks. The number of keys
// may be dynamic.

// CHECK-LABEL: func @groups
//       CHECK:   attn.config = #attn.config<tile_m = 1, tile_n = 256, splits = 4, lanes = keys, tile_g = 4>
func.func @groups(%q: tensor<2x32x1x64xf32>, %k: tensor<2x8x?x64xf32>, %o: tensor<2x32x1x64xf32>) -> tensor<2x32x1x64xf32> {
  %r = attn.attention ins(%q, %k, %k : tensor<2x32x1x64xf32>, tensor<2x8x?x64xf32>, tensor<2x8x?x64xf32>)
      outs(%o : tensor<2x32x1x64xf32>)
  return %r : tensor<2x32x1x64xf32>
}

// -----

// A head dim that some operand does not tell keeps the queries along the lanes.

// CHECK-LABEL: func @dynamic_head_dim
//   CHECK-NOT:   lanes = keys
//       CHECK:   return
func.func @dynamic_head_dim(%q: tensor<4x1x?xf32>, %k: tensor<4x2048x64xf32>, %o: tensor<4x1x64xf32>) -> tensor<4x1x64xf32> {
  %r = attn.attention ins(%q, %k, %k : tensor<4x1x?xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x1x64xf32>)
  return %r : tensor<4x1x64xf32>
}

// -----

// So do rows of keys that are too long to be copied chunk by chunk.

// CHECK-LABEL: func @large_head_dim
//   CHECK-NOT:   lanes = keys
//       CHECK:   return
func.func @large_head_dim(%q: tensor<4x1x1000xf32>, %k: tensor<4x2048x1000xf32>, %v: tensor<4x2048x8xf32>, %o: tensor<4x1x8xf32>) -> tensor<4x1x8xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<4x1x1000xf32>, tensor<4x2048x1000xf32>, tensor<4x2048x8xf32>)
      outs(%o : tensor<4x1x8xf32>)
  return %r : tensor<4x1x8xf32>
}

// -----

// Fewer tiles than threads but many keys: the keys are split.

// CHECK-LABEL: func @long_keys
//       CHECK:   attn.config = #attn.config<tile_m = 16, splits = 2>
// EIGHT-LABEL: func @long_keys
//       EIGHT:   attn.config = #attn.config<tile_m = 16, splits = 8>
func.func @long_keys(%q: tensor<1x10x64xf32>, %k: tensor<1x65536x64xf32>, %o: tensor<1x10x64xf32>) -> tensor<1x10x64xf32> {
  %r = attn.attention ins(%q, %k, %k : tensor<1x10x64xf32>, tensor<1x65536x64xf32>, tensor<1x65536x64xf32>)
      outs(%o : tensor<1x10x64xf32>)
  return %r : tensor<1x10x64xf32>
}

// -----

// A softmax gets rows enough for a task; its row is one step.

// CHECK-LABEL: func @softmax
//       CHECK:   attn.config = #attn.config<tile_m = 16, tile_n = 1099511627776>
func.func @softmax(%x: tensor<1000x2048xf32>, %y: tensor<1000x2048xf32>) -> tensor<1000x2048xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<1000x2048xf32>) outs(%y : tensor<1000x2048xf32>)
  return %r : tensor<1000x2048xf32>
}

// -----

// Long rows are several per task, where each thread still gets 16 tasks.

// CHECK-LABEL: func @long_rows
//       CHECK:   attn.config = #attn.config<tile_m = 16, tile_n = 1099511627776>
// EIGHT-LABEL: func @long_rows
//       EIGHT:   attn.config = #attn.config<tile_m = 4, tile_n = 1099511627776>
func.func @long_rows(%x: tensor<4x128x65536xf32>, %y: tensor<4x128x65536xf32>) -> tensor<4x128x65536xf32> {
  %r = attn.softmax dimension(2) ins(%x : tensor<4x128x65536xf32>) outs(%y : tensor<4x128x65536xf32>)
  return %r : tensor<4x128x65536xf32>
}

// -----

// Rows that are read twice are one per task, which finds them in the cache the second time.

// CHECK-LABEL: func @rows_read_twice
//       CHECK:   attn.config = #attn.config<tile_m = 1, tile_n = 1099511627776>
func.func @rows_read_twice(%x: tensor<512x65537xf32>, %y: tensor<512x65537xf32>) -> tensor<512x65537xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<512x65537xf32>) outs(%y : tensor<512x65537xf32>)
  return %r : tensor<512x65537xf32>
}

// -----

// A number of rows that is not known gives each its own task.

// CHECK-LABEL: func @any_number_of_long_rows
//       CHECK:   attn.config = #attn.config<tile_m = 1, tile_n = 1099511627776>
func.func @any_number_of_long_rows(%x: tensor<?x65536xf32>, %y: tensor<?x65536xf32>) -> tensor<?x65536xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<?x65536xf32>) outs(%y : tensor<?x65536xf32>)
  return %r : tensor<?x65536xf32>
}

// -----

// What the user wrote is kept.

// CHECK-LABEL: func @kept
//       CHECK:   attributes {attn.config = #attn.config<tile_m = 7>}
func.func @kept(%q: tensor<4x2048x64xf32>, %o: tensor<4x2048x64xf32>) -> tensor<4x2048x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<4x2048x64xf32>, tensor<4x2048x64xf32>, tensor<4x2048x64xf32>)
      outs(%o : tensor<4x2048x64xf32>) attributes {attn.config = #attn.config<tile_m = 7>}
  return %r : tensor<4x2048x64xf32>
}
