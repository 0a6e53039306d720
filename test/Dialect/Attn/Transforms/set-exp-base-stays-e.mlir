// RUN: fovea-opt %s -attn-canonicalize -attn-rewrite-online-softmax -attn-set-exp-base -split-input-file | FileCheck %s

// Where the state has to stay in base e. Nothing of these functions is in base 2.

// CHECK-NOT: base(two)

// S2: a soft cap is not affine in the score.

// CHECK-LABEL: func @softcap
//       CHECK:   attn.online_attention ins(
//   CHECK-NOT:   1.442
func.func @softcap(%q: tensor<8x64xf32>, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = attn.attention softcap(30.0) ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      outs(%o : tensor<8x64xf32>)
  return %r : tensor<8x64xf32>
}

// -----

// CHECK-NOT: base(two)

// A comparison with the score would come out differently.

// CHECK-LABEL: func @threshold
//       CHECK:   attn.online_attention ins(
func.func @threshold(%q: tensor<8x64xf32>, %limit: f32, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      captures(%limit : f32) outs(%o : tensor<8x64xf32>) score {
      ^bb0(%s: f32, %x: f32):
        %c = arith.cmpf ogt, %s, %x : f32
        %y = arith.select %c, %x, %s : f32
        attn.yield %y : f32
      }
  return %r : tensor<8x64xf32>
}

// -----

// CHECK-NOT: base(two)

// A nested region that reads the score depends on it, although none of its op's operands does.

// CHECK-LABEL: func @nested
//       CHECK:   attn.online_attention ins(
func.func @nested(%q: tensor<8x64xf32>, %square: i1, %o: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %r = attn.attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      captures(%square : i1) outs(%o : tensor<8x64xf32>) score {
      ^bb0(%s: f32, %c: i1):
        %t = scf.if %c -> f32 {
          %p = arith.mulf %s, %s : f32
          scf.yield %p : f32
        } else {
          scf.yield %s : f32
        }
        %y = arith.addf %s, %t : f32
        attn.yield %y : f32
      }
  return %r : tensor<8x64xf32>
}

// -----

// CHECK-NOT: base(two)

// A user that is no op of attn takes the state in base e.

// CHECK-LABEL: func @other_user
//       CHECK:   attn.online_attention ins(
//       CHECK:   attn.finalize ins(
func.func @other_user(%q: tensor<8x64xf32>, %a: tensor<8x64xf32>, %r: tensor<8xf32>) -> (tensor<8x64xf32>, tensor<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %acc = linalg.fill ins(%zero : f32) outs(%a : tensor<8x64xf32>) -> tensor<8x64xf32>
  %m = linalg.fill ins(%inf : f32) outs(%r : tensor<8xf32>) -> tensor<8xf32>
  %l = linalg.fill ins(%zero : f32) outs(%r : tensor<8xf32>) -> tensor<8xf32>
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      outs(%acc, %m, %l : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>)
  %o = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>) outs(%a : tensor<8x64xf32>)
  return %o, %s#1 : tensor<8x64xf32>, tensor<8xf32>
}

// -----

// CHECK-NOT: base(two)

// An incoming state that is not the identity is in base e.

// CHECK-LABEL: func @incoming_state
//       CHECK:   attn.online_attention ins(
func.func @incoming_state(%q: tensor<8x64xf32>, %acc: tensor<8x64xf32>, %m: tensor<8xf32>, %l: tensor<8xf32>)
    -> tensor<8x64xf32> {
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      outs(%acc, %m, %l : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>)
  %o = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>) outs(%acc : tensor<8x64xf32>)
  return %o : tensor<8x64xf32>
}

// CHECK-NOT: base(two)

// -----

// CHECK-NOT: base(two)

// Constants alone do not make an identity: a maximum of 0 is one of base e (S15).

// CHECK-LABEL: func @filled_with_zeros
//       CHECK:   attn.online_attention ins(
func.func @filled_with_zeros(%q: tensor<8x64xf32>, %a: tensor<8x64xf32>, %r: tensor<8xf32>) -> tensor<8x64xf32> {
  %zero = arith.constant 0.0 : f32
  %acc = linalg.fill ins(%zero : f32) outs(%a : tensor<8x64xf32>) -> tensor<8x64xf32>
  %row = linalg.fill ins(%zero : f32) outs(%r : tensor<8xf32>) -> tensor<8xf32>
  %s:3 = attn.online_attention ins(%q, %q, %q : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
      outs(%acc, %row, %row : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>)
  %o = attn.finalize ins(%s#0, %s#1, %s#2 : tensor<8x64xf32>, tensor<8xf32>, tensor<8xf32>) outs(%a : tensor<8x64xf32>)
  return %o : tensor<8x64xf32>
}

// CHECK-NOT: base(two)
