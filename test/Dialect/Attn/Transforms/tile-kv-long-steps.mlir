// RUN: fovea-opt %s -split-input-file -attn-tile-kv="granule=32" -canonicalize -cse | FileCheck %s

// Steps of 256 keys would end far behind a diagonal: the last one ends with the 32 keys that the last row sees. Rows 96
// to 127 see 128 keys, which are one step.

// CHECK-LABEL: func @causal
//   CHECK-NOT:   scf.for
//       CHECK:   tensor.extract_slice %{{.*}}[0, 0] [128, 32]
//       CHECK:   attn.online_attention partial(%true)
func.func @causal(%q: tensor<32x32xbf16>, %k: tensor<1024x32xbf16>, %v: tensor<1024x16xbf16>,
                  %acc: tensor<32x16xf32>, %m: tensor<32xf32>, %l: tensor<32xf32>) -> tensor<32x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<32x32xbf16>, tensor<1024x32xbf16>, tensor<1024x16xbf16>)
      at[96, 0, 0, 0] outs(%acc, %m, %l : tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_n = 256>}
  return %s#0 : tensor<32x16xf32>
}

// -----

// A step is partial that reaches behind the keys that all rows see, 480 here; the first one, up to 255, is not, the
// second, up to 511, is.

// CHECK: #[[SIZE:.*]] = affine_map<(d0) -> (-d0 + 512, -d0 + 1024, 256)>
// CHECK-LABEL: func @two_steps
//   CHECK-DAG:   %[[LAST:.*]] = arith.constant 225 : index
//   CHECK-DAG:   %[[END:.*]] = arith.constant 512 : index
//       CHECK:   scf.for %[[J:.*]] = %c0 to %[[END]] step %c256
//       CHECK:     affine.min #[[SIZE]](%[[J]])
//       CHECK:     arith.cmpi sge, %[[J]], %[[LAST]]
func.func @two_steps(%q: tensor<32x32xbf16>, %k: tensor<1024x32xbf16>, %v: tensor<1024x16xbf16>,
                     %acc: tensor<32x16xf32>, %m: tensor<32xf32>, %l: tensor<32xf32>) -> tensor<32x16xf32> {
  %s:3 = attn.online_attention ins(%q, %k, %v : tensor<32x32xbf16>, tensor<1024x32xbf16>, tensor<1024x16xbf16>)
      at[480, 0, 0, 0] outs(%acc, %m, %l : tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>)
      mask {
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %keep = arith.cmpi sle, %j, %i : index
        attn.yield %keep : i1
      } attributes {attn.config = #attn.config<tile_n = 256>}
  return %s#0 : tensor<32x16xf32>
}
