// Regions, captures and maps in kernels: tables, lengths, rows without keys (S3), what a mask removes (S8), scores that are
// not finite (S13), transposed results.

// RUN: split-file %s %t
// RUN: fovea-run %t/captures.mlir --check --interpret=tiles
// RUN: fovea-run %t/captures.mlir --check --interpret=barriers
// RUN: fovea-run %t/length.mlir --check --interpret=tiles --input random --input random --input random --input 70
// RUN: fovea-run %t/length.mlir --check --interpret=barriers --input random --input random --input random --input 70
// RUN: fovea-run %t/length.mlir --check --interpret=barriers --input random --input random --input random --input 0
// RUN: fovea-run %t/bias.mlir --entry bias --check --interpret=tiles
// RUN: fovea-run %t/bias.mlir --entry bias --check --interpret=barriers
// RUN: fovea-run %t/masked.mlir --check --interpret=tiles
// RUN: fovea-run %t/masked.mlir --check --interpret=barriers
// RUN: fovea-run %t/maps.mlir --check --interpret=tiles
// RUN: fovea-run %t/maps.mlir --check --interpret=barriers

//--- captures.mlir

#scalar = affine_map<(b, h, m, n, k, v) -> ()>
#q = affine_map<(b, h, m, n, k, v) -> (b, h, m, k)>
#k = affine_map<(b, h, m, n, k, v) -> (b, h, n, k)>
#v = affine_map<(b, h, m, n, k, v) -> (b, h, n, v)>
#perBatch = affine_map<(b, h, m, n, k, v) -> (b)>
#whole = affine_map<(b, h, m, n, k, v) -> ()>
#o = affine_map<(b, h, m, n, k, v) -> (b, h, m, v)>

func.func @relative(%q: tensor<3x2x140x16xbf16>, %k: tensor<3x2x130x16xbf16>, %v: tensor<3x2x130x16xbf16>, %length: tensor<3xi32>,
                    %table: tensor<2x63xf32>, %strength: f32, %o: tensor<3x2x140x16xbf16>) -> tensor<3x2x140x16xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<3x2x140x16xbf16>, tensor<3x2x130x16xbf16>, tensor<3x2x130x16xbf16>)
      captures(%length, %table, %strength : tensor<3xi32>, tensor<2x63xf32>, f32) outs(%o : tensor<3x2x140x16xbf16>)
      maps [#q, #k, #v, #perBatch, #whole, #scalar, #o]
      score {
      ^bb0(%s: f32, %bound: i32, %t: tensor<2x63xf32>, %factor: f32):
        %h = attn.index 1 : index
        %i = attn.index 2 : index
        %j = attn.index 3 : index
        %low = arith.constant 0 : index
        %high = arith.constant 62 : index
        %centre = arith.constant 31 : index
        %difference = arith.subi %j, %i : index
        %moved = arith.addi %difference, %centre : index
        %atLeast = arith.maxsi %moved, %low : index
        %position = arith.minsi %atLeast, %high : index
        %entry = tensor.extract %t[%h, %position] : tensor<2x63xf32>
        %weighted = arith.mulf %entry, %factor : f32
        %score = arith.addf %s, %weighted : f32
        attn.yield %score : f32
      }
      mask {
      ^bb0(%bound: i32, %t: tensor<2x63xf32>, %factor: f32):
        %j = attn.index 3 : index
        %end = arith.index_cast %bound : i32 to index
        %keep = arith.cmpi slt, %j, %end : index
        attn.yield %keep : i1
      }
  return %r : tensor<3x2x140x16xbf16>
}

//--- length.mlir

// Values are infinite in blocks that are skipped; in the block of the last key a product with 0 would show them.
#elements = affine_map<(n, d) -> (n, d)>

func.func @length(%q: tensor<129x32xf16>, %k: tensor<150x32xf16>, %v: tensor<150x32xf16>, %length: index, %o: tensor<129x32xf16>,
                  %l: tensor<129xf32>) -> (tensor<129x32xf16>, tensor<129xf32>) {
  %nan = arith.constant 0x7E00 : f16
  %infinity = arith.constant 0x7C00 : f16
  %empty = tensor.empty() : tensor<150x32xf16>
  %poisoned:2 = linalg.generic {indexing_maps = [#elements, #elements, #elements, #elements], iterator_types = ["parallel", "parallel"]}
      ins(%k, %v : tensor<150x32xf16>, tensor<150x32xf16>) outs(%empty, %empty : tensor<150x32xf16>, tensor<150x32xf16>) {
  ^bb0(%a: f16, %b: f16, %x: f16, %y: f16):
    %n = linalg.index 0 : index
    %beyond = arith.cmpi sge, %n, %length : index
    %block = arith.constant 128 : index
    %skipped = arith.cmpi sge, %n, %block : index
    %c = arith.select %beyond, %nan, %a : f16
    %d = arith.select %skipped, %infinity, %b : f16
    linalg.yield %c, %d : f16, f16
  } -> (tensor<150x32xf16>, tensor<150x32xf16>)
  %r:2 = attn.attention ins(%q, %poisoned#0, %poisoned#1 : tensor<129x32xf16>, tensor<150x32xf16>, tensor<150x32xf16>)
      captures(%length : index) outs(%o, lse %l : tensor<129x32xf16>, tensor<129xf32>)
      mask {
      ^bb0(%bound: index):
        %j = attn.index 1 : index
        %keep = arith.cmpi slt, %j, %bound : index
        attn.yield %keep : i1
      }
  return %r#0, %r#1 : tensor<129x32xf16>, tensor<129xf32>
}

//--- bias.mlir

#scores = affine_map<(m, n) -> (m, n)>

// Row 3 has NaN, row 7 +inf and row 11 -inf among its scores.
func.func private @spoil(%x: tensor<130x144xf32>) -> tensor<130x144xf32> {
  %nan = arith.constant 0x7FC00000 : f32
  %infinity = arith.constant 0x7F800000 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %c3 = arith.constant 3 : index
  %c7 = arith.constant 7 : index
  %c11 = arith.constant 11 : index
  %column = arith.constant 21 : index
  %empty = tensor.empty() : tensor<130x144xf32>
  %y = linalg.generic {indexing_maps = [#scores, #scores], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<130x144xf32>) outs(%empty : tensor<130x144xf32>) {
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
  } -> tensor<130x144xf32>
  return %y : tensor<130x144xf32>
}

func.func @bias(%q: tensor<130x16xbf16>, %k: tensor<144x16xbf16>, %v: tensor<144x16xbf16>, %x: tensor<130x144xf32>, %o: tensor<130x16xbf16>,
                %l: tensor<130xf32>) -> (tensor<130x16xbf16>, tensor<130xf32>) {
  %bias = call @spoil(%x) : (tensor<130x144xf32>) -> tensor<130x144xf32>
  %r:2 = attn.attention bias(%bias : tensor<130x144xf32>) ins(%q, %k, %v : tensor<130x16xbf16>, tensor<144x16xbf16>, tensor<144x16xbf16>)
      outs(%o, lse %l : tensor<130x16xbf16>, tensor<130xf32>)
  return %r#0, %r#1 : tensor<130x16xbf16>, tensor<130xf32>
}

//--- masked.mlir

// Every third row.
func.func @masked(%q: tensor<2x37x32xf16>, %k: tensor<2x50x32xf16>, %v: tensor<2x50x32xf16>,
                  %o: tensor<2x37x32xf16>, %l: tensor<2x37xf32>, %m: tensor<2x37xf32>)
    -> (tensor<2x37x32xf16>, tensor<2x37xf32>, tensor<2x37xf32>) {
  %r:3 = attn.attention ins(%q, %k, %v : tensor<2x37x32xf16>, tensor<2x50x32xf16>, tensor<2x50x32xf16>)
      outs(%o, lse %l, max %m : tensor<2x37x32xf16>, tensor<2x37xf32>, tensor<2x37xf32>)
      mask {
        %i = attn.index 1 : index
        %three = arith.constant 3 : index
        %zero = arith.constant 0 : index
        %rest = arith.remui %i, %three : index
        %keep = arith.cmpi ne, %rest, %zero : index
        attn.yield %keep : i1
      }
  return %r#0, %r#1, %r#2 : tensor<2x37x32xf16>, tensor<2x37xf32>, tensor<2x37xf32>
}

//--- maps.mlir

#bq = affine_map<(b, h, m, n, k, v) -> (b, m, h, k)>
#bk = affine_map<(b, h, m, n, k, v) -> (b, n, h floordiv 2, k)>
#bv = affine_map<(b, h, m, n, k, v) -> (b, n, h floordiv 2, v)>
#bo = affine_map<(b, h, m, n, k, v) -> (v, h, b, m)>
#bl = affine_map<(b, h, m, n, k, v) -> (m, h, b)>

func.func @bshd(%q: tensor<2x35x4x48xbf16>, %k: tensor<2x70x2x48xbf16>, %v: tensor<2x70x2x32xbf16>, %o: tensor<32x4x2x35xbf16>, %l: tensor<35x4x2xf32>)
    -> (tensor<32x4x2x35xbf16>, tensor<35x4x2xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<2x35x4x48xbf16>, tensor<2x70x2x48xbf16>, tensor<2x70x2x32xbf16>)
      outs(%o, lse %l : tensor<32x4x2x35xbf16>, tensor<35x4x2xf32>) maps [#bq, #bk, #bv, #bo, #bl]
  return %r#0, %r#1 : tensor<32x4x2x35xbf16>, tensor<35x4x2xf32>
}
