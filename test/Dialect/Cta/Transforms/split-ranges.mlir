// RUN: fovea-opt %s -split-input-file -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-split-ranges)))' | FileCheck %s

// One place where the condition changes gives two loops, which carry on each other's values; neither has a branch. The place
// is within the loop's bounds, and found without overflow.

// CHECK-LABEL: gpu.func @causal(
//  CHECK-SAME:   %[[N:[a-z0-9]+]]: i32, %[[TAIL:[a-z0-9]+]]: i32, %[[X:[a-z0-9]+]]: f32, %[[Y:[a-z0-9]+]]: f32
//   CHECK-DAG:   %[[C1:.*]] = arith.constant 1 : i32
//       CHECK:   %[[HIGH:.*]] = arith.addi %[[N]], %[[C1]]
//       CHECK:   %[[LOW:.*]] = arith.maxsi %[[TAIL]], %[[C1]]
//       CHECK:   %[[AT:.*]] = arith.minsi %[[LOW]], %[[HIGH]]
//       CHECK:   %[[CUT:.*]] = arith.subi %[[AT]], %[[C1]]
//       CHECK:   %[[R:.*]] = scf.for %{{.*}} = %c0_i32 to %[[CUT]] step %[[C1]] iter_args(%[[A:[a-z0-9]+]] = %[[X]])
//  CHECK-NEXT:     %[[M:.*]] = arith.mulf %[[A]], %[[Y]]
//  CHECK-NEXT:     %[[S:.*]] = arith.addf %[[M]], %[[Y]]
//  CHECK-NEXT:     scf.yield %[[S]]
//       CHECK:   scf.for %{{.*}} = %[[CUT]] to %[[N]] step %[[C1]] iter_args(%[[A:[a-z0-9]+]] = %[[R]])
//  CHECK-NEXT:     %[[S:.*]] = arith.addf %[[A]], %[[Y]]
//  CHECK-NEXT:     scf.yield %[[S]]
gpu.module @kernels {
  gpu.func @causal(%n: i32, %tail: i32, %x: f32, %y: f32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (f32) : i32 {
      %next = arith.addi %j, %c1 : i32
      %edge = arith.cmpi slt, %next, %tail : i32
      %b = scf.if %edge -> (f32) {
        %m = arith.mulf %a, %y : f32
        scf.yield %m : f32
      } else {
        scf.yield %a : f32
      }
      %s = arith.addf %b, %y : f32
      scf.yield %s : f32
    }
    gpu.printf "%f", %r : f32
    gpu.return
  }
}

// -----

// A window's two places give three loops. Where the second lies before the first, the range between them is empty.

// CHECK-LABEL: gpu.func @window(
//  CHECK-SAME:   %[[N:[a-z0-9]+]]: i32, %[[TAIL:[a-z0-9]+]]: i32, %[[HEAD:[a-z0-9]+]]: i32
//       CHECK:   %[[T0:.*]] = arith.maxsi %[[TAIL]], %c0_i32
//       CHECK:   %[[T1:.*]] = arith.minsi %[[T0]], %[[N]]
//       CHECK:   %[[H0:.*]] = arith.maxsi %[[HEAD]], %c0_i32
//       CHECK:   %[[H1:.*]] = arith.minsi %[[H0]], %[[N]]
//       CHECK:   %[[H2:.*]] = arith.maxsi %[[T1]], %[[H1]]
//       CHECK:   %[[R:.*]] = scf.for %{{.*}} = %c0_i32 to %[[T1]]
//  CHECK-NEXT:     arith.mulf
//       CHECK:   %[[R1:.*]] = scf.for %{{.*}} = %[[T1]] to %[[H2]] {{.*}} iter_args(%{{.*}} = %[[R]])
//   CHECK-NOT:     arith.mulf
//       CHECK:   scf.for %{{.*}} = %[[H2]] to %[[N]] {{.*}} iter_args(%{{.*}} = %[[R1]])
//  CHECK-NEXT:     arith.mulf
//   CHECK-NOT:   scf.if
gpu.module @kernels {
  gpu.func @window(%n: i32, %tail: i32, %head: i32, %x: f32, %y: f32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (f32) : i32 {
      %last = arith.cmpi slt, %j, %tail : i32
      %first = arith.cmpi sge, %j, %head : i32
      %edge = arith.ori %last, %first : i1
      %b = scf.if %edge -> (f32) {
        %m = arith.mulf %a, %y : f32
        scf.yield %m : f32
      } else {
        scf.yield %a : f32
      }
      %s = arith.addf %b, %y : f32
      scf.yield %s : f32
    }
    gpu.printf "%f", %r : f32
    gpu.return
  }
}

// -----

// Bounds, comparisons the other way round, and negation say the same.

// CHECK-LABEL: gpu.func @negated(
//       CHECK:   scf.for %{{.*}} = %c0_i32 to %[[CUT:.*]] step
//  CHECK-NEXT:     gpu.printf "before"
//  CHECK-NEXT:   }
//  CHECK-NEXT:   scf.for %{{.*}} = %[[CUT]] to %arg0 step
//  CHECK-NEXT:     gpu.printf "after"
//  CHECK-NEXT:   }
gpu.module @kernels {
  gpu.func @negated(%n: i32, %bound: i32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %true = arith.constant true
    scf.for %j = %c0 to %n step %c1 : i32 {
      %reached = arith.cmpi sle, %bound, %j : i32
      %before = arith.xori %reached, %true : i1
      scf.if %before {
        gpu.printf "before"
      } else {
        gpu.printf "after"
      }
    }
    gpu.return
  }
}

// -----

// A range that is known to have one block is no loop, and one that is known to be empty is not made.

// CHECK-LABEL: gpu.func @known(
//   CHECK-NOT:   scf.for
//       CHECK:   gpu.printf "edge"
//       CHECK:   scf.for
//  CHECK-NEXT:     gpu.printf "inner"
//  CHECK-NEXT:   }
//       CHECK:   scf.for
//  CHECK-NEXT:     gpu.printf "always"
//  CHECK-NEXT:   }
//  CHECK-NEXT:   gpu.return
gpu.module @kernels {
  gpu.func @known(%n0: i32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %n = arith.maxsi %n0, %c1 : i32
    scf.for %j = %c0 to %n step %c1 : i32 {
      %edge = arith.cmpi slt, %j, %c1 : i32
      scf.if %edge {
        gpu.printf "edge"
      } else {
        gpu.printf "inner"
      }
    }
    scf.for %j = %c0 to %n step %c1 : i32 {
      %never = arith.cmpi slt, %j, %c0 : i32
      scf.if %never {
        gpu.printf "never"
      } else {
        gpu.printf "always"
      }
    }
    gpu.return
  }
}
