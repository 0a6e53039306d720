// RUN: fovea-opt %s -attn-select-schedule="amx-bf16=true threads=2" -verify-diagnostics --remarks-filter=attn-select-schedule -o /dev/null

// The query of a tile for the matrix unit is not packed in the compute type, and nothing is said of its size.

func.func @matrix_unit(%q: tensor<8x4096x128xbf16>, %k: tensor<8x65536x128xbf16>) -> tensor<8x4096x128xbf16> {
  // expected-remark @below {{[Analysis] schedule | Category:attn-select-schedule | splits=1, tile_m=128, tile_n=256}}
  %r = attn.attention ins(%q, %k, %k : tensor<8x4096x128xbf16>, tensor<8x65536x128xbf16>, tensor<8x65536x128xbf16>)
      outs(%q : tensor<8x4096x128xbf16>)
  return %r : tensor<8x4096x128xbf16>
}
