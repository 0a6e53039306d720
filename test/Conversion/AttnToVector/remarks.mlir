// RUN: fovea-opt %s -attn-to-vector -split-input-file -verify-diagnostics --remarks-filter=attn-to-vector -o /dev/null

// The form of a tile: vectors per panel, rows per register block, keys per chunk. A mask without an operand that says
// which blocks are partial is evaluated in all of them.

func.func @tile(%partial: i1, %q: memref<8x32xf32>, %k: memref<6x8xf32>, %acc: memref<8x32xf32>, %m: memref<32xf32>, %l: memref<32xf32>) {
  // expected-remark @below {{[Passed] VectorTile | Category:attn-to-vector | block_rows=6, chunk_keys=128, lanes=16, panel_vectors=2}}
  attn.online_attention base(two) partial(%partial) scale(1.0) ins(%q, %k, %k : memref<8x32xf32>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<8x32xf32>, memref<32xf32>, memref<32xf32>)
      maps [affine_map<(m, n, k, d) -> (k, m)>, affine_map<(m, n, k, d) -> (n, k)>, affine_map<(m, n, k, d) -> (n, d)>,
            affine_map<(m, n, k, d) -> (d, m)>, affine_map<(m, n, k, d) -> (m)>, affine_map<(m, n, k, d) -> (m)>]
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      }
  // expected-remark @below {{VectorTile}}
  // expected-remark @below {{[Missed] MaskInPartialBlocks | Category:attn-to-vector | Reason="the mask is evaluated for every key: no operand says which blocks are partial"}}
  attn.online_attention base(two) scale(1.0) ins(%q, %k, %k : memref<8x32xf32>, memref<6x8xf32>, memref<6x8xf32>)
      outs(%acc, %m, %l : memref<8x32xf32>, memref<32xf32>, memref<32xf32>)
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

// How rows come onto the lanes and leave them, and why it is the slow way.

func.func @transposed(%x: memref<?x8xf32>, %y: memref<8x16xf32>, %acc: memref<8x16xf32>, %m: memref<16xf32>, %l: memref<16xf32>,
                      %o: memref<16x8xf32>) {
  // expected-remark @below {{[Passed] TransposeQueries | Category:attn-to-vector | Remark="squares of 16 x 16"}}
  attn.pack ins(%x : memref<?x8xf32>) outs(%y : memref<8x16xf32>)
  // expected-remark @below {{[Passed] TransposeResult | Category:attn-to-vector | Remark="squares of 16 x 16"}}
  attn.finalize ins(%acc, %m, %l : memref<8x16xf32>, memref<16xf32>, memref<16xf32>) outs(%o : memref<16x8xf32>)
      maps [affine_map<(i, d) -> (d, i)>, affine_map<(i, d) -> (i)>, affine_map<(i, d) -> (i)>, affine_map<(i, d) -> (i, d)>]
  return
}

func.func @by_number(%x: memref<8x?xf32>, %y: memref<8x16xf32>, %acc: memref<16x8xf32>, %m: memref<16xf32>, %l: memref<16xf32>,
                     %o: memref<16x8xf32>) {
  // expected-remark @below {{[Missed] TransposeQueries | Category:attn-to-vector | Reason="rows are gathered number by number: their columns are not the last dimension of the source"}}
  attn.pack ins(%x : memref<8x?xf32>) outs(%y : memref<8x16xf32>)
      maps [affine_map<(m, k) -> (k, m)>, affine_map<(m, k) -> (k, m)>]
  // expected-remark @below {{[Missed] TransposeResult | Category:attn-to-vector | Reason="the result is stored number by number}}
  attn.finalize ins(%acc, %m, %l : memref<16x8xf32>, memref<16xf32>, memref<16xf32>) outs(%o : memref<16x8xf32>)
  return
}
