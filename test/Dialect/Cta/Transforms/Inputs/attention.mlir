// Attention after attn-to-cta (stage 8), with a causal mask: ROWS x KEYS tiles at head dim DIM. RESCALE begins the lines
// of a conditional rescale, ALWAYS those of an unconditional one; drop the others with sed.
!qm = memref<?x16x?xDIMxbf16, strided<[?, ?, ?, ?], offset: ?>>
!lm = memref<?x16x?xf32, strided<[?, ?, ?], offset: ?>>
gpu.module @kernels {
  gpu.func @attention(%q: !qm, %k: !qm, %v: !qm, %out: !qm, %lse: !lm, %e0: index, %e1: index, %e2: index) kernel
      attributes {cta.schedule = #cta.schedule<SCHEDULE>} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %rows = arith.constant ROWS : index
    %keys = arith.constant KEYS : index
    %zero_i32 = arith.constant 0 : i32
    %one_i32 = arith.constant 1 : i32
    %scale = arith.constant 0.125 : f32
    %zero = arith.constant dense<0.0> : tensor<ROWSxDIMxf32>
    %zero4 = arith.constant dense<0.0> : tensor<ROWSx4xf32>
    %zero1 = arith.constant dense<0.0> : tensor<ROWSxf32>
    %one1 = arith.constant dense<1.0> : tensor<ROWSxf32>
    %neg_inf = arith.constant dense<0xFF800000> : tensor<ROWSxf32>
    %b, %h, %i = cta.tile_index of(%e0, %e1, %e2) : index, index, index
    %m0 = arith.muli %i, %rows : index
    %lk = memref.dim %k, %c2 : !qm
    %all = arith.addi %m0, %rows : index
    %end = arith.minsi %all, %lk : index
    %blocks_x = arith.ceildivsi %end, %keys : index
    %blocks = arith.index_cast %blocks_x : index to i32
    %full_x = arith.floordivsi %m0, %keys : index
    %tail_x = arith.subi %blocks_x, %full_x : index
    %tail = arith.index_cast %tail_x : index to i32
    %qt = cta.load %q[%b, %h, %m0, %c0] dims [2, 3] : !qm -> !cta.tile<ROWSxDIMxbf16>
    %r:3 = scf.for %j = %zero_i32 to %blocks step %one_i32 iter_args(%acc = %zero, %m = %neg_inf, %l = %zero4)
        -> (tensor<ROWSxDIMxf32>, tensor<ROWSxf32>, tensor<ROWSx4xf32>) : i32 {
      %jr = arith.subi %blocks, %j : i32
      %jl = arith.subi %jr, %one_i32 : i32
      %jx = arith.index_cast %jl : i32 to index
      %n0 = arith.muli %jx, %keys : index
      %edge = arith.cmpi slt, %j, %tail : i32
      %kt = cta.load %k[%b, %h, %n0, %c0] dims [2, 3] : !qm -> !cta.tile<KEYSxDIMxbf16>
      %vt = cta.load %v[%b, %h, %n0, %c0] dims [2, 3] : !qm -> !cta.tile<KEYSxDIMxbf16>
      %s = cta.dot %qt, %kt transpose_b : !cta.tile<ROWSxDIMxbf16>, !cta.tile<KEYSxDIMxbf16> -> tensor<ROWSxKEYSxf32>
      %sm = scf.if %edge -> (tensor<ROWSxKEYSxf32>) {
        %row = cta.iota dim 0 : tensor<ROWSxKEYSxi32>
        %col = cta.iota dim 1 : tensor<ROWSxKEYSxi32>
        %x1 = arith.subi %m0, %n0 : index
        %x = arith.index_cast %x1 : index to i32
        %xs = cta.splat %x : i32 -> tensor<ROWSxKEYSxi32>
        %diff = arith.subi %col, %row : tensor<ROWSxKEYSxi32>
        %keep = arith.cmpi sle, %diff, %xs : tensor<ROWSxKEYSxi32>
        %inf2 = arith.constant dense<0xFF800000> : tensor<ROWSxKEYSxf32>
        %masked = arith.select %keep, %s, %inf2 : tensor<ROWSxKEYSxi1>, tensor<ROWSxKEYSxf32>
        scf.yield %masked : tensor<ROWSxKEYSxf32>
      } else {
        scf.yield %s : tensor<ROWSxKEYSxf32>
      }
      %bm = cta.reduce maximum %sm dim 1 : tensor<ROWSxKEYSxf32> -> tensor<ROWSxf32>
      %x = arith.maximumf %m, %bm : tensor<ROWSxf32>
      %none = arith.cmpf oeq, %x, %neg_inf : tensor<ROWSxf32>
      %guard = arith.select %none, %zero1, %x : tensor<ROWSxi1>, tensor<ROWSxf32>
      %scales = cta.splat %scale : f32 -> tensor<ROWSxf32>
      %xs2 = arith.mulf %guard, %scales : tensor<ROWSxf32>
      %neg = arith.negf %xs2 : tensor<ROWSxf32>
      %alx = math.fma %m, %scales, %neg : tensor<ROWSxf32>
      %al = math.exp2 %alx : tensor<ROWSxf32>
      %negb = cta.broadcast %neg dim 1 : tensor<ROWSxf32> -> tensor<ROWSxKEYSxf32>
      %scaleb = cta.splat %scale : f32 -> tensor<ROWSxKEYSxf32>
      %px = math.fma %sm, %scaleb, %negb : tensor<ROWSxKEYSxf32>
      %p = math.exp2 %px : tensor<ROWSxKEYSxf32>
      %al4 = cta.broadcast %al dim 1 : tensor<ROWSxf32> -> tensor<ROWSx4xf32>
      %ps = cta.reduce add %p dim 1 partial : tensor<ROWSxKEYSxf32> -> tensor<ROWSx4xf32>
      %l1 = math.fma %l, %al4, %ps : tensor<ROWSx4xf32>
ALWAYS%alb = cta.broadcast %al dim 1 : tensor<ROWSxf32> -> tensor<ROWSxDIMxf32>
ALWAYS%a1 = arith.mulf %acc, %alb : tensor<ROWSxDIMxf32>
RESCALE%below = arith.cmpf olt, %al, %one1 : tensor<ROWSxf32>
RESCALE%any = cta.any %below : tensor<ROWSxi1>
RESCALE%a1 = scf.if %any -> (tensor<ROWSxDIMxf32>) {
RESCALE  %alb = cta.broadcast %al dim 1 : tensor<ROWSxf32> -> tensor<ROWSxDIMxf32>
RESCALE  %scaled = arith.mulf %acc, %alb : tensor<ROWSxDIMxf32>
RESCALE  scf.yield %scaled : tensor<ROWSxDIMxf32>
RESCALE} else {
RESCALE  scf.yield %acc : tensor<ROWSxDIMxf32>
RESCALE}
      %pb = arith.truncf %p : tensor<ROWSxKEYSxf32> to tensor<ROWSxKEYSxbf16>
      %a2 = cta.dot %pb, %vt, %a1 : tensor<ROWSxKEYSxbf16>, !cta.tile<KEYSxDIMxbf16>, tensor<ROWSxDIMxf32> -> tensor<ROWSxDIMxf32>
      scf.yield %a2, %x, %l1 : tensor<ROWSxDIMxf32>, tensor<ROWSxf32>, tensor<ROWSx4xf32>
    }
    %sum = cta.reduce add %r#2 dim 1 : tensor<ROWSx4xf32> -> tensor<ROWSxf32>
    %inv = arith.divf %one1, %sum : tensor<ROWSxf32>
    %invb = cta.broadcast %inv dim 1 : tensor<ROWSxf32> -> tensor<ROWSxDIMxf32>
    %of = arith.mulf %r#0, %invb : tensor<ROWSxDIMxf32>
    %o = arith.truncf %of : tensor<ROWSxDIMxf32> to tensor<ROWSxDIMxbf16>
    cta.store %o, %out[%b, %h, %m0, %c0] dims [2, 3] : tensor<ROWSxDIMxbf16>, !qm
    cta.write %r#1, %lse[%b, %h, %m0] dims [2] : tensor<ROWSxf32>, !lm
    gpu.return
  }
}
