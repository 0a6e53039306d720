// Rows of results so large that they are stored past the cache, one while the next of its tile is read.

// All rows at multiples of a vector, one of 16, every other one; tiles of 1, 2, 9 and all rows; the default.
// RUN: fovea-run %s --entry rows --check --dim b=1 --dim m=270 --dim n=8192 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry rows --check --dim b=1 --dim m=270 --dim n=8191 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry rows --check --dim b=1 --dim m=270 --dim n=8200 --pipeline-options="tile-m=300"
// RUN: fovea-run %s --entry rows --check --dim b=270 --dim m=1 --dim n=8192
// RUN: fovea-run %s --entry rows --check --dim b=135 --dim m=2 --dim n=8197 --pipeline-options="tile-m=2"
// RUN: fovea-run %s --entry rows --check --dim b=2 --dim m=17 --dim n=65536 --pipeline-options="tile-m=16"
// RUN: fovea-run %s --entry static --check

// Results whose rows are apart by a number of vectors, by a number of elements, or whose elements are apart.
// RUN: fovea-run %s --entry rows --check --dim b=3 --dim m=90 --dim n=8190 --strides "1=740000,8208,1" --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry rows --check --dim b=3 --dim m=90 --dim n=8192 --strides "1=740001,8209,1" --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry rows --check --dim b=3 --dim m=90 --dim n=8192 --strides "1=1,24576,3" --pipeline-options="tile-m=9"

// Logarithms and the log-sum-exp, 16-bit results, and vectors of 8 lanes.
// RUN: fovea-run %s --entry logs --check --dim m=270 --dim n=8192 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry logs --check --dim m=270 --dim n=8191 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry logs --check --dim m=270 --dim n=8184 --pipeline-options="tile-m=9 vector-bytes=32"
// RUN: fovea-run %s --entry narrow --check --dim m=300 --dim n=16384 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry narrow --check --dim m=300 --dim n=16390 --pipeline-options="tile-m=9"

// S3: rows without keys, and rows that have none in their first chunks, between others. S7: NaN and infinities stay in
// their row.
// RUN: fovea-run %s --entry masked --check --dim m=270 --dim n=8192 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry masked --check --dim m=270 --dim n=8187 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry masked_safe --check --dim m=270 --dim n=8192 --pipeline-options="tile-m=9"
// RUN: fovea-run %s --entry nonfinite --check --dim m=270 --dim n=8192 --pipeline-options="tile-m=9"

func.func @rows(%x: tensor<?x?x?xf32> {fovea.dims = ["b", "m", "n"]}, %y: tensor<?x?x?xf32> {fovea.dims = ["b", "m", "n"]}) -> tensor<?x?x?xf32> {
  %r = attn.softmax dimension(2) ins(%x : tensor<?x?x?xf32>) outs(%y : tensor<?x?x?xf32>)
  return %r : tensor<?x?x?xf32>
}

func.func @static(%x: tensor<2x300x4096xf32>, %y: tensor<2x300x4096xf32>) -> tensor<2x300x4096xf32> {
  %r = attn.softmax dimension(2) ins(%x : tensor<2x300x4096xf32>) outs(%y : tensor<2x300x4096xf32>)
  return %r : tensor<2x300x4096xf32>
}

func.func @logs(%x: tensor<?x?xf32> {fovea.dims = ["m", "n"]}, %y: tensor<?x?xf32> {fovea.dims = ["m", "n"]},
                %l: tensor<?xf32> {fovea.dims = ["m"]}) -> (tensor<?x?xf32>, tensor<?xf32>) {
  %r:2 = attn.softmax log_prob dimension(1) ins(%x : tensor<?x?xf32>) outs(%y, lse %l : tensor<?x?xf32>, tensor<?xf32>)
  return %r#0, %r#1 : tensor<?x?xf32>, tensor<?xf32>
}

func.func @narrow(%x: tensor<?x?xbf16> {fovea.dims = ["m", "n"]}, %y: tensor<?x?xbf16> {fovea.dims = ["m", "n"]},
                  %l: tensor<?xf32> {fovea.dims = ["m"]}) -> (tensor<?x?xbf16>, tensor<?xf32>) {
  %r:2 = attn.softmax dimension(1) ins(%x : tensor<?x?xbf16>) outs(%y, lse %l : tensor<?x?xbf16>, tensor<?xf32>)
  return %r#0, %r#1 : tensor<?x?xbf16>, tensor<?xf32>
}

// Row i of each 16 sees the columns from 700 i on; the last four see none.
func.func @masked(%x: tensor<?x?xf32> {fovea.dims = ["m", "n"]}, %y: tensor<?x?xf32> {fovea.dims = ["m", "n"]}) -> tensor<?x?xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) mask {
    %i = attn.index 0 : index
    %j = attn.index 1 : index
    %c16 = arith.constant 16 : index
    %c700 = arith.constant 700 : index
    %k = arith.remui %i, %c16 : index
    %first = arith.muli %k, %c700 : index
    %keep = arith.cmpi sge, %j, %first : index
    attn.yield %keep : i1
  }
  return %r : tensor<?x?xf32>
}

func.func @masked_safe(%x: tensor<?x?xf32> {fovea.dims = ["m", "n"]}, %y: tensor<?x?xf32> {fovea.dims = ["m", "n"]}) -> tensor<?x?xf32> {
  %r = attn.softmax safe dimension(1) ins(%x : tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) mask {
    %i = attn.index 0 : index
    %j = attn.index 1 : index
    %c16 = arith.constant 16 : index
    %c700 = arith.constant 700 : index
    %k = arith.remui %i, %c16 : index
    %first = arith.muli %k, %c700 : index
    %keep = arith.cmpi sge, %j, %first : index
    attn.yield %keep : i1
  }
  return %r : tensor<?x?xf32>
}

// Column 5000 is NaN in rows 1, 9, ..., infinite in rows 2, 10, ... and -inf in all others.
func.func @nonfinite(%x: tensor<?x?xf32> {fovea.dims = ["m", "n"]}, %y: tensor<?x?xf32> {fovea.dims = ["m", "n"]}) -> tensor<?x?xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) score {
  ^bb0(%s: f32):
    %i = attn.index 0 : index
    %j = attn.index 1 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c8 = arith.constant 8 : index
    %c5000 = arith.constant 5000 : index
    %nan = arith.constant 0x7FC00000 : f32
    %inf = arith.constant 0x7F800000 : f32
    %none = arith.constant 0xFF800000 : f32
    %k = arith.remui %i, %c8 : index
    %is1 = arith.cmpi eq, %k, %c1 : index
    %is2 = arith.cmpi eq, %k, %c2 : index
    %a = arith.select %is2, %inf, %none : f32
    %b = arith.select %is1, %nan, %a : f32
    %there = arith.cmpi eq, %j, %c5000 : index
    %t = arith.select %there, %b, %s : f32
    attn.yield %t : f32
  }
  return %r : tensor<?x?xf32>
}
