// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-split-ranges)))' -verify-diagnostics --remarks-filter=cta-split-ranges -o /dev/null

// How many loops there are, and which branches stay.

gpu.module @kernels {
  gpu.func @split(%n: i32, %tail: i32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    // expected-remark-re @below {{[Passed] SplitRanges {{.*}}Ranges=2}}
    scf.for %j = %c0 to %n step %c1 : i32 {
      %edge = arith.cmpi slt, %j, %tail : i32
      scf.if %edge {
        gpu.printf "edge"
      }
    }
    gpu.return
  }

  gpu.func @three_places(%n: i32, %a: i32, %b: i32, %c: i32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    scf.for %j = %c0 to %n step %c1 : i32 {
      %x = arith.cmpi slt, %j, %a : i32
      %y = arith.cmpi slt, %j, %b : i32
      %z = arith.cmpi slt, %j, %c : i32
      %xy = arith.xori %x, %y : i1
      %xyz = arith.xori %xy, %z : i1
      // expected-remark-re @below {{[Missed] SplitRanges {{.*}}the branch stays}}
      scf.if %xyz {
        gpu.printf "odd"
      }
    }
    gpu.return
  }

  gpu.func @remainder(%n: i32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    scf.for %j = %c0 to %n step %c1 : i32 {
      %rest = arith.remsi %j, %c2 : i32
      %even = arith.cmpi eq, %rest, %c0 : i32
      // expected-remark-re @below {{[Missed] SplitRanges {{.*}}the branch stays}}
      scf.if %even {
        gpu.printf "even"
      }
    }
    gpu.return
  }

  // A condition that does not depend on the block is none of its business.
  gpu.func @invariant(%n: i32, %c: i1) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    scf.for %j = %c0 to %n step %c1 : i32 {
      scf.if %c {
        gpu.printf "c"
      }
    }
    gpu.return
  }
}
