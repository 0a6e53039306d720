// Every algorithm keeps S3, S7, S13 and S14: any dimension, any type, regions, rows without an element, no row at all.

// DEFINE: %{algorithm} =
// DEFINE: %{run} = fovea-run %s --target cpu --check --pipeline-options="softmax=%{algorithm} softmax-block=32" --entry
// DEFINE: %{all} = %{run} first && %{run} middle --strides "0=400,6,1" && %{run} vector --dim n=0 && %{run} vector --dim n=300 \
// DEFINE:   && %{run} dynamic --dim m=3 --dim n=0 && %{run} dynamic --dim m=0 --dim n=3 && %{run} dynamic --dim m=5 --dim n=1 \
// DEFINE:   && %{run} dynamic --dim m=5 --dim n=65 && %{run} safe && %{run} masked
// REDEFINE: %{algorithm} = naive
// RUN: %{all}
// REDEFINE: %{algorithm} = safe
// RUN: %{all} && %{run} infinite
// REDEFINE: %{algorithm} = online
// RUN: %{all} && %{run} infinite
// REDEFINE: %{algorithm} = blocked
// RUN: %{all} && %{run} infinite
func.func @first(%x: tensor<33x7x5xf32>, %y: tensor<33x7x5xf32>, %l: tensor<7x5xf32>) -> (tensor<33x7x5xf32>, tensor<7x5xf32>) {
  %r:2 = attn.softmax dimension(0) ins(%x : tensor<33x7x5xf32>) outs(%y, lse %l : tensor<33x7x5xf32>, tensor<7x5xf32>)
  return %r#0, %r#1 : tensor<33x7x5xf32>, tensor<7x5xf32>
}

func.func @middle(%x: tensor<7x65x5xf16>, %y: tensor<7x65x5xf16>) -> tensor<7x65x5xf16> {
  %r = attn.softmax dimension(1) ins(%x : tensor<7x65x5xf16>) outs(%y : tensor<7x65x5xf16>)
  return %r : tensor<7x65x5xf16>
}

func.func @vector(%x: tensor<?xf64> {fovea.dims = ["n"]}, %y: tensor<?xf64> {fovea.dims = ["n"]}) -> tensor<?xf64> {
  %r = attn.softmax log_prob dimension(0) ins(%x : tensor<?xf64>) outs(%y : tensor<?xf64>)
  return %r : tensor<?xf64>
}

func.func @dynamic(%x: tensor<?x?xf64> {fovea.dims = ["m", "n"]}, %y: tensor<?x?xf64> {fovea.dims = ["m", "n"]})
    -> tensor<?x?xf64> {
  %r = attn.softmax dimension(1) ins(%x : tensor<?x?xf64>) outs(%y : tensor<?x?xf64>)
  return %r : tensor<?x?xf64>
}

// Row 4 is empty, and 0 by `safe`; the others lose their first elements.
func.func @safe(%x: tensor<9x33xf32>, %b: tensor<33xf32>, %y: tensor<9x33xf32>) -> tensor<9x33xf32> {
  %r = attn.softmax safe dimension(1) ins(%x : tensor<9x33xf32>) captures(%b : tensor<33xf32>) outs(%y : tensor<9x33xf32>)
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>]
      score {
      ^bb0(%s: f32, %c: f32):
        %t = arith.addf %s, %c : f32
        attn.yield %t : f32
      } mask {
      ^bb0(%c: f32):
        %i = attn.index 0 : index
        %j = attn.index 1 : index
        %four = arith.constant 4 : index
        %lives = arith.cmpi ne, %i, %four : index
        %begins = arith.cmpi sle, %i, %j : index
        %keep = arith.andi %lives, %begins : i1
        attn.yield %keep : i1
      }
  return %r : tensor<9x33xf32>
}

// Row 4 is NaN.
func.func @masked(%x: tensor<9x33xf32>, %y: tensor<9x33xf32>) -> tensor<9x33xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<9x33xf32>) outs(%y : tensor<9x33xf32>)
      mask {
        %i = attn.index 0 : index
        %four = arith.constant 4 : index
        %keep = arith.cmpi ne, %i, %four : index
        attn.yield %keep : i1
      }
  return %r : tensor<9x33xf32>
}

// +inf in one row makes all of it NaN (naive leaves 0 beside it), NaN in another too.
func.func @infinite(%x: tensor<4x33xf32>, %y: tensor<4x33xf32>) -> tensor<4x33xf32> {
  %r = attn.softmax dimension(1) ins(%x : tensor<4x33xf32>) outs(%y : tensor<4x33xf32>) score {
  ^bb0(%s: f32):
    %i = attn.index 0 : index
    %j = attn.index 1 : index
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %inf = arith.constant 0x7F800000 : f32
    %nan = arith.constant 0x7FC00000 : f32
    %row1 = arith.cmpi eq, %i, %one : index
    %row2 = arith.cmpi eq, %i, %two : index
    %column = arith.cmpi eq, %j, %two : index
    %at1 = arith.andi %row1, %column : i1
    %at2 = arith.andi %row2, %column : i1
    %t = arith.select %at1, %inf, %s : f32
    %u = arith.select %at2, %nan, %t : f32
    attn.yield %u : f32
  }
  return %r : tensor<4x33xf32>
}
