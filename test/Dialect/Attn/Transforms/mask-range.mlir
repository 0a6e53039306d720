// RUN: fovea-opt %s -split-input-file -verify-diagnostics -fovea-test-mask-range -o /dev/null

// The ranges of keys that the analysis reads off mask regions agree with the regions, evaluated at every element, for
// all 78 tiles of consecutive rows. Where a mask is no interval per tile, or not affine, live may be wider and full narrower.

// Causal, in a tile that begins at row 3 and key 5.
func.func @causal(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      }
  return
}

// -----

// Causal from the other side, in 32 bits, with an offset that is captured.
func.func @offset(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  %c = arith.constant -2 : i32
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>)
      captures(%c : i32) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
      ^bb0(%o: i32):
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %i32 = arith.index_cast %i : index to i32
        %j32 = arith.index_cast %j : index to i32
        %p = arith.addi %i32, %o : i32
        %keep = arith.cmpi sge, %p, %j32 : i32
        attn.yield %keep : i1
      }
  return
}

// -----

// S11: a window, one side of it strict.
func.func @window(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %c3 = arith.constant 3 : index
        %low = arith.subi %i, %c3 : index
        %left = arith.cmpi sge, %j, %low : index
        %right = arith.cmpi slt, %j, %i : index
        %keep = arith.andi %left, %right : i1
        attn.yield %keep : i1
      }
  return
}

// -----

// A prefix that all rows see, or causal; unsigned comparison of positions.
func.func @prefix(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %c9 = arith.constant 9 : index
        %prefix = arith.cmpi ult, %j, %c9 : index
        %causal = arith.cmpi ule, %j, %i : index
        %keep = arith.ori %prefix, %causal : i1
        attn.yield %keep : i1
      }
  return
}

// -----

// Every second diagonal: 2 j >= 3 i - 4.
func.func @slopes(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %c2 = arith.constant 2 : index
        %c3 = arith.constant 3 : index
        %c4 = arith.constant 4 : index
        %jj = arith.muli %j, %c2 : index
        %ii = arith.muli %c3, %i : index
        %r = arith.subi %ii, %c4 : index
        %keep = arith.cmpi sge, %jj, %r : index
        attn.yield %keep : i1
      }
  return
}

// -----

// The complement of a mask, and a select between two masks.
func.func @negated(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %true = arith.constant true
        %c8 = arith.constant 8 : index
        %causal = arith.cmpi sgt, %j, %i : index
        %past = arith.xori %causal, %true : i1
        %early = arith.cmpi slt, %j, %c8 : index
        %keep = arith.select %early, %true, %past : i1
        attn.yield %keep : i1
      }
  return
}

// -----

// Equal and different.
func.func @equality(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  // expected-remark @+1 {{78 tiles agree; live is exact for 66, full for 76}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %c7 = arith.constant 7 : index
        %diagonal = arith.cmpi eq, %j, %i : index
        %other = arith.cmpi ne, %j, %c7 : index
        %keep = arith.andi %diagonal, %other : i1
        attn.yield %keep : i1
      }
  return
}

// -----

// A flag that hides all keys.
func.func @uniform_flag(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  %f = arith.constant false
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>)
      captures(%f : i1) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
      ^bb0(%on: i1):
        attn.yield %on : i1
      }
  return
}

// -----

// A table that is read whole at a fixed index gives the number of keys.
func.func @table(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  %t = arith.constant dense<[4, 13, 9]> : tensor<3xi32>
  // expected-remark @+1 {{78 tiles agree; live is exact for 78, full for 78}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>)
      captures(%t : tensor<3xi32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      mask {
      ^bb0(%whole: tensor<3xi32>):
        %c1 = arith.constant 1 : index
        %j = attn.index 1 : index
        %j32 = arith.index_cast %j : index to i32
        %n = tensor.extract %whole[%c1] : tensor<3xi32>
        %keep = arith.cmpi slt, %j32, %n : i32
        attn.yield %keep : i1
      }
  return
}

// -----

// Document ids differ by position: live everywhere, full nowhere, but causal still bounds the keys.
func.func @documents(%q: tensor<12x4xf32>, %k: tensor<16x4xf32>, %v: tensor<16x4xf32>, %acc: tensor<12x4xf32>,
    %m: tensor<12xf32>, %l: tensor<12xf32>) {
  %r = arith.constant dense<[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]> : tensor<12xi32>
  %c = arith.constant dense<[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]> : tensor<16xi32>
  // expected-remark @+1 {{78 tiles agree; live is exact for 14, full for 74}}
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<12x4xf32>, tensor<16x4xf32>, tensor<16x4xf32>)
      captures(%r, %c : tensor<12xi32>, tensor<16xi32>) at[3, 5, 0, 0]
      outs(%acc, %m, %l : tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>)
      maps [affine_map<(i, j, d, e) -> (i, d)>, affine_map<(i, j, d, e) -> (j, d)>, affine_map<(i, j, d, e) -> (j, e)>,
            affine_map<(i, j, d, e) -> (i)>, affine_map<(i, j, d, e) -> (j)>, affine_map<(i, j, d, e) -> (i, e)>,
            affine_map<(i, j, d, e) -> (i)>, affine_map<(i, j, d, e) -> (i)>]
      mask {
      ^bb0(%row: i32, %key: i32):
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %same = arith.cmpi eq, %row, %key : i32
        %causal = arith.cmpi sle, %j, %i : index
        %keep = arith.andi %same, %causal : i1
        attn.yield %keep : i1
      }
  return
}
