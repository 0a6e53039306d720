// RUN: fovea-opt %s -verify-diagnostics -attn-to-nvvm

// A mask that keeps no key, whatever the query, leaves no loop over keys.

func.func @nothing_seen(%q: tensor<128x64xf16>, %k: tensor<80x64xf16>, %o: tensor<128x64xf16>) -> tensor<128x64xf16> {
  // expected-error @below {{kernel 'nothing_seen_0' cannot be computed in register and shared tiles: its attention has no keys left, by the mask or the shapes}}
  %r = attn.attention ins(%q, %k, %k : tensor<128x64xf16>, tensor<80x64xf16>, tensor<80x64xf16>) outs(%o : tensor<128x64xf16>) mask {
    %zero = arith.constant 0 : index
    %j = attn.index 1 : index
    %keep = arith.cmpi slt, %j, %zero : index
    attn.yield %keep : i1
  }
  return %r : tensor<128x64xf16>
}
