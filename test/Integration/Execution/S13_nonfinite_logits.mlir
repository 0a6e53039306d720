// S13: NaN among the scores of a row, or a score of +inf, makes the row NaN and no other; -inf removes its key.

// RUN: fovea-run %s --entry bias --check
// RUN: fovea-run %s --entry bias --check --pipeline-options="splits=3 tile-n=8"
// RUN: fovea-run %s --entry bias --check --pipeline-options="vector-bytes=32 avx512=false"
// RUN: fovea-run %s --entry softmax --check
// RUN: fovea-run %s --entry maximum --check
// RUN: fovea-run %s --entry maximum --check --pipeline-options="splits=3 tile-n=8"
// RUN: fovea-run %s --entry maximum_16 --check
// RUN: fovea-run %s --entry maximum_16 --check --pipeline-options="splits=3"
// RUN: fovea-run %s --entry maximum_of_few --check

#scores = affine_map<(m, n) -> (m, n)>

// Row 3 has NaN, row 7 +inf and row 11 -inf among its scores.
func.func private @spoil(%x: tensor<30x44xf32>) -> tensor<30x44xf32> {
  %nan = arith.constant 0x7FC00000 : f32
  %infinity = arith.constant 0x7F800000 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %c3 = arith.constant 3 : index
  %c7 = arith.constant 7 : index
  %c11 = arith.constant 11 : index
  %column = arith.constant 21 : index
  %empty = tensor.empty() : tensor<30x44xf32>
  %y = linalg.generic {indexing_maps = [#scores, #scores], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<30x44xf32>) outs(%empty : tensor<30x44xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = linalg.index 0 : index
    %n = linalg.index 1 : index
    %here = arith.cmpi eq, %n, %column : index
    %is3 = arith.cmpi eq, %m, %c3 : index
    %is7 = arith.cmpi eq, %m, %c7 : index
    %is11 = arith.cmpi eq, %m, %c11 : index
    %with11 = arith.select %is11, %lowest, %a : f32
    %with7 = arith.select %is7, %infinity, %with11 : f32
    %with3 = arith.select %is3, %nan, %with7 : f32
    %z = arith.select %here, %with3, %a : f32
    linalg.yield %z : f32
  } -> tensor<30x44xf32>
  return %y : tensor<30x44xf32>
}

func.func @bias(%q: tensor<30x16xf32>, %k: tensor<44x16xf32>, %v: tensor<44x16xf32>, %x: tensor<30x44xf32>, %o: tensor<30x16xf32>,
                %l: tensor<30xf32>) -> (tensor<30x16xf32>, tensor<30xf32>) {
  %bias = call @spoil(%x) : (tensor<30x44xf32>) -> tensor<30x44xf32>
  %r:2 = attn.attention bias(%bias : tensor<30x44xf32>) ins(%q, %k, %v : tensor<30x16xf32>, tensor<44x16xf32>, tensor<44x16xf32>)
      outs(%o, lse %l : tensor<30x16xf32>, tensor<30xf32>)
  return %r#0, %r#1 : tensor<30x16xf32>, tensor<30xf32>
}

func.func @softmax(%x: tensor<30x44xf32>, %y: tensor<30x44xf32>) -> tensor<30x44xf32> {
  %spoilt = call @spoil(%x) : (tensor<30x44xf32>) -> tensor<30x44xf32>
  %r = attn.softmax dimension(1) ins(%spoilt : tensor<30x44xf32>) outs(%y : tensor<30x44xf32>)
  return %r : tensor<30x44xf32>
}

// The maximum of a row with +inf and NaN is NaN, and of one with +inf only +inf.
func.func @maximum(%q: tensor<30x16xf32>, %k: tensor<44x16xf32>, %v: tensor<44x16xf32>, %o: tensor<30x16xf32>,
                   %m: tensor<30xf32>) -> (tensor<30x16xf32>, tensor<30xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<30x16xf32>, tensor<44x16xf32>, tensor<44x16xf32>)
      outs(%o, max %m : tensor<30x16xf32>, tensor<30xf32>) score {
      ^bb0(%s: f32):
        %nan = arith.constant 0x7FC00000 : f32
        %infinity = arith.constant 0x7F800000 : f32
        %two = arith.constant 2 : index
        %first = arith.constant 0 : index
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %row = arith.remui %i, %two : index
        %isInfinite = arith.cmpi eq, %j, %two : index
        %isFirst = arith.cmpi eq, %j, %first : index
        %isOdd = arith.index_cast %row : index to i1
        %isNaN = arith.andi %isFirst, %isOdd : i1
        %a = arith.select %isInfinite, %infinity, %s : f32
        %b = arith.select %isNaN, %nan, %a : f32
        attn.yield %b : f32
      }
  return %r#0, %r#1 : tensor<30x16xf32>, tensor<30xf32>
}

func.func @maximum_16(%q: tensor<40x16xbf16>, %k: tensor<44x16xbf16>, %v: tensor<44x16xbf16>, %o: tensor<40x16xf32>,
                   %m: tensor<40xf32>) -> (tensor<40x16xf32>, tensor<40xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<40x16xbf16>, tensor<44x16xbf16>, tensor<44x16xbf16>)
      outs(%o, max %m : tensor<40x16xf32>, tensor<40xf32>) score {
      ^bb0(%s: f32):
        %nan = arith.constant 0x7FC00000 : f32
        %infinity = arith.constant 0x7F800000 : f32
        %two = arith.constant 2 : index
        %first = arith.constant 0 : index
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %row = arith.remui %i, %two : index
        %isInfinite = arith.cmpi eq, %j, %two : index
        %isFirst = arith.cmpi eq, %j, %first : index
        %isOdd = arith.index_cast %row : index to i1
        %isNaN = arith.andi %isFirst, %isOdd : i1
        %a = arith.select %isInfinite, %infinity, %s : f32
        %b = arith.select %isNaN, %nan, %a : f32
        attn.yield %b : f32
      }
  return %r#0, %r#1 : tensor<40x16xf32>, tensor<40xf32>
}

func.func @maximum_of_few(%q: tensor<2x16xf32>, %k: tensor<44x16xf32>, %v: tensor<44x16xf32>, %o: tensor<2x16xf32>,
                   %m: tensor<2xf32>) -> (tensor<2x16xf32>, tensor<2xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<2x16xf32>, tensor<44x16xf32>, tensor<44x16xf32>)
      outs(%o, max %m : tensor<2x16xf32>, tensor<2xf32>) score {
      ^bb0(%s: f32):
        %nan = arith.constant 0x7FC00000 : f32
        %infinity = arith.constant 0x7F800000 : f32
        %two = arith.constant 2 : index
        %first = arith.constant 0 : index
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %row = arith.remui %i, %two : index
        %isInfinite = arith.cmpi eq, %j, %two : index
        %isFirst = arith.cmpi eq, %j, %first : index
        %isOdd = arith.index_cast %row : index to i1
        %isNaN = arith.andi %isFirst, %isOdd : i1
        %a = arith.select %isInfinite, %infinity, %s : f32
        %b = arith.select %isNaN, %nan, %a : f32
        attn.yield %b : f32
      }
  return %r#0, %r#1 : tensor<2x16xf32>, tensor<2xf32>
}
