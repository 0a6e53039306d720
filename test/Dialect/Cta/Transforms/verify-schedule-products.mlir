// RUN: fovea-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(cta-verify-schedule)))' -split-input-file -verify-diagnostics

// Rules 1 to 4 and 9 where the text is the order (after cta-expand-pipeline).

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @legal(%a: !tile, %b: !tile, %x: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    %p = arith.truncf %s : !acc to tensor<64x64xbf16, #acc>
    %pa = cta.convert_layout %p : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
    %x1 = arith.mulf %x, %s : !acc
    %g = cta.dot_async %pa, %b, %x1 : tensor<64x64xbf16, #opa>, !tile, !acc -> !cta.inflight<!acc>
    %o = cta.dot_wait %g : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
gpu.module @kernels {
  gpu.func @rule_1_not_split(%a: !tile, %b: !tile) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.dot' op rule 1: is not split into its issue and its wait; run cta-schedule}}
    %s = cta.dot %a, %b transpose_b : !tile, !tile -> tensor<64x64xf32, #acc>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_1_never_waited(%a: !tile, %b: !tile) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-error @below {{'cta.dot_async' op rule 1: is waited for 0 times, expected 1}}
    %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_1_touched(%a: !tile, %b: !tile) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-error @below {{'builtin.unrealized_conversion_cast' op rule 1: touches the result of a product in flight; only cta.dot_wait may}}
    %s = builtin.unrealized_conversion_cast %f : !cta.inflight<!acc> to !acc
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_1_accumulator(%a: !tile, %b: !tile, %x: !acc) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %f = cta.dot_async %a, %b, %x transpose_b : !tile, !tile, !acc -> !cta.inflight<!acc>
    // expected-error @below {{'arith.negf' op rule 1: reads the accumulator of a product after that is issued}}
    %y = arith.negf %x : !acc
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_2(%a: !tile, %b: !tile, %x: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-note @below {{issued here}}
    %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-error @below {{'arith.truncf' op rule 2: defines registers of an A operand while a product runs}}
    %p = arith.truncf %x : !acc to tensor<64x64xbf16, #acc>
    // expected-error @below {{'cta.convert_layout' op rule 2: defines registers of an A operand while a product runs}}
    %pa = cta.convert_layout %p : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    %g = cta.dot_async %pa, %b : tensor<64x64xbf16, #opa>, !tile -> !cta.inflight<!acc>
    %o = cta.dot_wait %g : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

// The operand is found through what a loop carries.

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
!pa = tensor<64x64xbf16, #opa>
gpu.module @kernels {
  gpu.func @rule_2_carried(%a: !tile, %b: !tile, %p0: !pa, %x: tensor<64x64xbf16, #acc>, %n: i32) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%p = %p0) -> (!pa) : i32 {
      // expected-note @below {{issued here}}
      %g = cta.dot_async %p, %b : !pa, !tile -> !cta.inflight<!acc>
      // expected-error @below {{'cta.convert_layout' op rule 2: defines registers of an A operand while a product runs}}
      %pa = cta.convert_layout %x : tensor<64x64xbf16, #acc> -> !pa
      %o = cta.dot_wait %g : !cta.inflight<!acc>
      scf.yield %pa : !pa
    }
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_3(%a: !tile, %b: !tile, %x: !acc) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    // expected-note @below {{issued here}}
    %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-error @below {{'arith.negf' op rule 3: defines an accumulator while a product runs}}
    %y = arith.negf %x : !acc
    %g = cta.dot_async %a, %b, %y transpose_b : !tile, !tile, !acc -> !cta.inflight<!acc>
    %s = cta.dot_wait %f : !cta.inflight<!acc>
    %o = cta.dot_wait %g : !cta.inflight<!acc>
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_4(%a: !tile, %b: !tile, %x: tensor<64xi1, #cta.slice<1, #acc>>, %c: i1) kernel
      attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %any = cta.any %x : tensor<64xi1, #cta.slice<1, #acc>>
    %both = arith.andi %any, %c : i1
    // expected-note @below {{the condition is that of this op}}
    scf.if %both {
      // expected-error @below {{'cta.dot_async' op rule 4: is executed under a condition that varies by warp (cta.any)}}
      %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
      // expected-error @below {{'cta.dot_wait' op rule 4: is executed under a condition that varies by warp (cta.any)}}
      %s = cta.dot_wait %f : !cta.inflight<!acc>
    }
    // The same for all threads of the block.
    scf.if %c {
      %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
      %s = cta.dot_wait %f : !cta.inflight<!acc>
    }
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_9(%a: !tile, %b: !tile, %n: i32) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    // expected-error @below {{'cta.dot_async' op rule 9: runs over the end of an iteration: control flow carries it}}
    %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
    // expected-error @below {{rule 9: a product in flight, of type '!cta.inflight<tensor<64x64xf32, #cta.mma<warps = [4, 1]>>>', is carried by control flow: it runs over the end of an iteration}}
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%h = %f) -> (!cta.inflight<!acc>) : i32 {
      %s = cta.dot_wait %h : !cta.inflight<!acc>
      // expected-error @below {{'cta.dot_async' op rule 9: runs over the end of an iteration: control flow carries it}}
      %g = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
      scf.yield %g : !cta.inflight<!acc>
    }
    gpu.return
  }
}

// -----

#acc = #cta.mma<warps = [4, 1]>
!tile = !cta.tile<64x64xbf16, swizzle = 128>
!acc = tensor<64x64xf32, #acc>
gpu.module @kernels {
  gpu.func @rule_4_other_block(%a: !tile, %b: !tile, %c: i1) kernel attributes {cta.schedule = #cta.schedule<warpgroups = 1>} {
    %f = cta.dot_async %a, %b transpose_b : !tile, !tile -> !cta.inflight<!acc>
    scf.if %c {
      // expected-error @below {{'cta.dot_wait' op rule 4: waits in another block than the one that issues the product}}
      %s = cta.dot_wait %f : !cta.inflight<!acc>
    }
    gpu.return
  }
}
