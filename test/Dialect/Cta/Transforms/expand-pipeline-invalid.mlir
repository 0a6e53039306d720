// RUN: fovea-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-expand-pipeline)))'

// Places that cannot be expanded, and trip counts that are not known to fill the pipeline: one mistake a section.

gpu.module @kernels {
  gpu.func @no_place(%n: i32, %x: f32, %m: memref<f32>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    scf.for %j = %c0 to %n step %c1 : i32 {
      %y = arith.negf %x {cta.at = #cta.at<stage = 0, order = 0>} : f32
      // expected-error @below {{'memref.store' op has no cta.at, but others in its loop have}}
      memref.store %y, %m[] : memref<f32>
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @too_early(%n: i32, %x: f32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    scf.for %j = %c0 to %n step %c1 : i32 {
      %y = arith.negf %x {cta.at = #cta.at<stage = 0, order = 1>} : f32
      // expected-error @below {{'arith.addf' op has stage 0, order 0, which comes before arith.negf of stage 0, order 1, whose result it uses}}
      %z = arith.addf %y, %y {cta.at = #cta.at<stage = 0, order = 0>} : f32
    }
    gpu.return
  }
}

// -----

// A value of the iteration before is there only where its op has come by then.

gpu.module @kernels {
  gpu.func @carried_late(%n: i32, %x: f32) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %x) -> (f32) : i32 {
      // expected-error @below {{'arith.negf' op has stage 0, order 0, which comes before arith.addf of stage 1, order 1, whose result it uses}}
      %y = arith.negf %a {cta.at = #cta.at<stage = 0, order = 0>} : f32
      %z = arith.addf %y, %y {cta.at = #cta.at<stage = 1, order = 1>} : f32
      scf.yield %z : f32
    }
    gpu.return
  }
}

// -----

!tile = !cta.tile<64x64xbf16>
!inflight = !cta.inflight<tensor<64x64xf32>>
gpu.module @kernels {
  gpu.func @inflight(%n: i32, %q: !tile) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    scf.for %j = %c0 to %n step %c1 : i32 {
      %f = cta.dot_async %q, %q transpose_b {cta.at = #cta.at<stage = 0, order = 0>} : !tile, !tile -> !inflight
      // expected-error @below {{'cta.dot_wait' op of stage 1 uses a value of type '!cta.inflight<tensor<64x64xf32>>' of stage 0, which cannot be carried to it}}
      %s = cta.dot_wait %f {cta.at = #cta.at<stage = 1, order = 0>} : !inflight
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @trips(%n: i32, %x: f32, %m: memref<f32>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    // expected-error @below {{'scf.for' op has ops of 2 stages, but is not known to make 1 iteration: its upper bound shall be an arith.maxsi}}
    scf.for %j = %c0 to %n step %c1 : i32 {
      %y = arith.negf %x {cta.at = #cta.at<stage = 0, order = 0>} : f32
      memref.store %y, %m[] {cta.at = #cta.at<stage = 1, order = 0>} : memref<f32>
    }
    gpu.return
  }
}
