// S14: any size is legal, known when compiling or not: none, one, odd, above a tile; the head dims of queries and keys
// differ from that of values.

// RUN: fovea-run %s --entry dynamic --check --dim batch=1 --dim queries=1 --dim keys=1 --dim qk=1 --dim value=1
// RUN: fovea-run %s --entry dynamic --check --dim batch=3 --dim queries=67 --dim keys=259 --dim qk=97 --dim value=33
// RUN: fovea-run %s --entry dynamic --check --dim batch=2 --dim queries=259 --dim keys=67 --dim qk=3 --dim value=160
// RUN: fovea-run %s --entry dynamic --check --dim batch=0 --dim queries=5 --dim keys=5 --dim qk=8 --dim value=8
// RUN: fovea-run %s --entry dynamic --check --dim batch=2 --dim queries=0 --dim keys=5 --dim qk=8 --dim value=8
// RUN: fovea-run %s --entry dynamic --check --dim batch=2 --dim queries=5 --dim keys=0 --dim qk=8 --dim value=8
// RUN: fovea-run %s --entry dynamic --check --dim batch=2 --dim queries=5 --dim keys=5 --dim qk=0 --dim value=8
// RUN: fovea-run %s --entry dynamic --check --dim batch=2 --dim queries=5 --dim keys=5 --dim qk=8 --dim value=0
// RUN: fovea-run %s --entry dynamic --check --dim batch=2 --dim queries=5 --dim keys=0 --dim qk=0 --dim value=0 --pipeline-options="splits=3"
// RUN: fovea-run %s --entry no_qk --check
// RUN: fovea-run %s --entry no_value --check
// RUN: fovea-run %s --entry no_value --check --pipeline-options="splits=3"
// RUN: fovea-run %s --entry nothing --check
// RUN: fovea-run %s --entry nothing --check --pipeline-options="splits=3"
// RUN: fovea-run %s --entry no_rows --check
// RUN: fovea-run %s --entry no_rows --check --pipeline-options="splits=3"

func.func @dynamic(%q: tensor<?x?x?xf32> {fovea.dims = ["batch", "queries", "qk"]},
                   %k: tensor<?x?x?xf32> {fovea.dims = ["batch", "keys", "qk"]},
                   %v: tensor<?x?x?xf32> {fovea.dims = ["batch", "keys", "value"]},
                   %o: tensor<?x?x?xf32> {fovea.dims = ["batch", "queries", "value"]},
                   %l: tensor<?x?xf32> {fovea.dims = ["batch", "queries"]}) -> (tensor<?x?x?xf32>, tensor<?x?xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<?x?x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>)
      outs(%o, lse %l : tensor<?x?x?xf32>, tensor<?x?xf32>)
  return %r#0, %r#1 : tensor<?x?x?xf32>, tensor<?x?xf32>
}

// All scores are 0.
func.func @no_qk(%q: tensor<5x0xf32>, %k: tensor<9x0xf32>, %v: tensor<9x4xf32>, %o: tensor<5x4xf32>, %l: tensor<5xf32>)
    -> (tensor<5x4xf32>, tensor<5xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<5x0xf32>, tensor<9x0xf32>, tensor<9x4xf32>) outs(%o, lse %l : tensor<5x4xf32>, tensor<5xf32>)
  return %r#0, %r#1 : tensor<5x4xf32>, tensor<5xf32>
}

// There is an LSE all the same.
func.func @no_value(%q: tensor<2x5x8xf32>, %k: tensor<2x9x8xf32>, %v: tensor<2x9x0xf32>, %o: tensor<2x5x0xf32>, %l: tensor<2x5xf32>)
    -> (tensor<2x5x0xf32>, tensor<2x5xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<2x5x8xf32>, tensor<2x9x8xf32>, tensor<2x9x0xf32>)
      outs(%o, lse %l : tensor<2x5x0xf32>, tensor<2x5xf32>)
  return %r#0, %r#1 : tensor<2x5x0xf32>, tensor<2x5xf32>
}

func.func @nothing(%q: tensor<5x0xf32>, %k: tensor<0x0xf32>, %v: tensor<0x0xf32>, %o: tensor<5x0xf32>, %l: tensor<5xf32>)
    -> (tensor<5x0xf32>, tensor<5xf32>) {
  %r:2 = attn.attention ins(%q, %k, %v : tensor<5x0xf32>, tensor<0x0xf32>, tensor<0x0xf32>) outs(%o, lse %l : tensor<5x0xf32>, tensor<5xf32>)
  return %r#0, %r#1 : tensor<5x0xf32>, tensor<5xf32>
}

// A sum over no rows is 0, their mean NaN.
func.func @no_rows(%x: tensor<4x0x65xf32>, %t: tensor<4x0xi32>, %sum: tensor<f32>, %mean: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %r = attn.cross_entropy reduction(sum) ins(%x, %t : tensor<4x0x65xf32>, tensor<4x0xi32>) outs(%sum : tensor<f32>)
  %s = attn.cross_entropy reduction(mean) ins(%x, %t : tensor<4x0x65xf32>, tensor<4x0xi32>) outs(%mean : tensor<f32>)
  return %r, %s : tensor<f32>, tensor<f32>
}
