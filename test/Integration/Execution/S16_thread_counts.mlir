// S16: results do not depend on how many threads share the work, up to twice as many as there are processors: causal and
// full, grouped heads, windows, sizes that no tile divides, parts of the keys, softmax and cross-entropy.

// RUN: %python %S/Inputs/thread-counts.py fovea-run %s %t | FileCheck %s
// CHECK: 8 calls are the same bytes

// CALL: --entry causal --dim length=700
// CALL: --entry causal --dim length=64
// CALL: --entry full --dim queries=333 --dim keys=517
// CALL: --entry full --dim queries=1 --dim keys=4099 --pipeline-options=splits=3
// CALL: --entry grouped --dim queries=130 --dim keys=301
// CALL: --entry window --dim length=450
// CALL: --entry softmax --dim rows=77 --dim columns=1003
// CALL: --entry loss --dim rows=45 --dim classes=2049

func.func @causal(%q: tensor<3x?x40xf32> {fovea.dims = ["*", "length", "*"]}, %k: tensor<3x?x40xf32> {fovea.dims = ["*", "length", "*"]},
                  %v: tensor<3x?x24xf32> {fovea.dims = ["*", "length", "*"]}, %o: tensor<3x?x24xf32> {fovea.dims = ["*", "length", "*"]},
                  %l: tensor<3x?xf32> {fovea.dims = ["*", "length"]}) -> (tensor<3x?x24xf32>, tensor<3x?xf32>) {
  %r:2 = attn.attention causal(top_left) ins(%q, %k, %v : tensor<3x?x40xf32>, tensor<3x?x40xf32>, tensor<3x?x24xf32>)
      outs(%o, lse %l : tensor<3x?x24xf32>, tensor<3x?xf32>)
  return %r#0, %r#1 : tensor<3x?x24xf32>, tensor<3x?xf32>
}

func.func @full(%q: tensor<?x64xf32> {fovea.dims = ["queries", "*"]}, %k: tensor<?x64xf32> {fovea.dims = ["keys", "*"]},
                %v: tensor<?x64xf32> {fovea.dims = ["keys", "*"]}, %o: tensor<?x64xf32> {fovea.dims = ["queries", "*"]}) -> tensor<?x64xf32> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>) outs(%o : tensor<?x64xf32>)
  return %r : tensor<?x64xf32>
}

func.func @grouped(%q: tensor<6x?x17xbf16> {fovea.dims = ["*", "queries", "*"]}, %k: tensor<2x?x17xbf16> {fovea.dims = ["*", "keys", "*"]},
                   %v: tensor<2x?x17xbf16> {fovea.dims = ["*", "keys", "*"]}, %o: tensor<6x?x17xbf16> {fovea.dims = ["*", "queries", "*"]}) -> tensor<6x?x17xbf16> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<6x?x17xbf16>, tensor<2x?x17xbf16>, tensor<2x?x17xbf16>) outs(%o : tensor<6x?x17xbf16>)
  return %r : tensor<6x?x17xbf16>
}

func.func @window(%q: tensor<2x?x32xf32> {fovea.dims = ["*", "length", "*"]}, %k: tensor<2x?x32xf32> {fovea.dims = ["*", "length", "*"]},
                  %o: tensor<2x?x32xf32> {fovea.dims = ["*", "length", "*"]}) -> tensor<2x?x32xf32> {
  %r = attn.attention window(70, 5) align(top_left) softcap(30.0) ins(%q, %k, %k : tensor<2x?x32xf32>, tensor<2x?x32xf32>, tensor<2x?x32xf32>) outs(%o : tensor<2x?x32xf32>)
  return %r : tensor<2x?x32xf32>
}

func.func @softmax(%x: tensor<?x?xf32> {fovea.dims = ["rows", "columns"]}, %y: tensor<?x?xf32> {fovea.dims = ["rows", "columns"]}) -> tensor<?x?xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%y : tensor<?x?xf32>)
  return %r : tensor<?x?xf32>
}

func.func @loss(%x: tensor<?x?xf32> {fovea.dims = ["rows", "classes"]}, %t: tensor<?xi64> {fovea.dims = ["rows"]},
                %y: tensor<?xf32> {fovea.dims = ["rows"]}) -> tensor<?xf32> {
  %r = attn.cross_entropy ins(%x, %t : tensor<?x?xf32>, tensor<?xi64>) outs(%y : tensor<?xf32>)
  return %r : tensor<?xf32>
}
