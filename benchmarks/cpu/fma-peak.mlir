// The rate of fused multiply-adds that the vector units of this machine reach: 24 independent chains per thread, in
// registers. fovea-run times it; forward.py counts 2 * lanes * 24 * iterations operations per element of the result.
//
//   fovea-run benchmarks/cpu/fma-peak.mlir --dim threads=2 --repeat 5

func.func @fma_peak(%out: tensor<?xf32> {fovea.dims = ["threads"]}) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %iterations = arith.constant 4000000 : index
  %b = arith.constant dense<0.999> : vector<16xf32>
  %c = arith.constant dense<0.001> : vector<16xf32>
  %threads = tensor.dim %out, %c0 : tensor<?xf32>
  %r = scf.forall (%t) in (%threads) shared_outs(%o = %out) -> tensor<?xf32> {
    %i = arith.index_cast %t : index to i32
    %f = arith.sitofp %i : i32 to f32
    %k0 = arith.constant 0.0 : f32
    %s0 = arith.addf %f, %k0 : f32
    %a0 = vector.broadcast %s0 : f32 to vector<16xf32>
    %k1 = arith.constant 1.0 : f32
    %s1 = arith.addf %f, %k1 : f32
    %a1 = vector.broadcast %s1 : f32 to vector<16xf32>
    %k2 = arith.constant 2.0 : f32
    %s2 = arith.addf %f, %k2 : f32
    %a2 = vector.broadcast %s2 : f32 to vector<16xf32>
    %k3 = arith.constant 3.0 : f32
    %s3 = arith.addf %f, %k3 : f32
    %a3 = vector.broadcast %s3 : f32 to vector<16xf32>
    %k4 = arith.constant 4.0 : f32
    %s4 = arith.addf %f, %k4 : f32
    %a4 = vector.broadcast %s4 : f32 to vector<16xf32>
    %k5 = arith.constant 5.0 : f32
    %s5 = arith.addf %f, %k5 : f32
    %a5 = vector.broadcast %s5 : f32 to vector<16xf32>
    %k6 = arith.constant 6.0 : f32
    %s6 = arith.addf %f, %k6 : f32
    %a6 = vector.broadcast %s6 : f32 to vector<16xf32>
    %k7 = arith.constant 7.0 : f32
    %s7 = arith.addf %f, %k7 : f32
    %a7 = vector.broadcast %s7 : f32 to vector<16xf32>
    %k8 = arith.constant 8.0 : f32
    %s8 = arith.addf %f, %k8 : f32
    %a8 = vector.broadcast %s8 : f32 to vector<16xf32>
    %k9 = arith.constant 9.0 : f32
    %s9 = arith.addf %f, %k9 : f32
    %a9 = vector.broadcast %s9 : f32 to vector<16xf32>
    %k10 = arith.constant 10.0 : f32
    %s10 = arith.addf %f, %k10 : f32
    %a10 = vector.broadcast %s10 : f32 to vector<16xf32>
    %k11 = arith.constant 11.0 : f32
    %s11 = arith.addf %f, %k11 : f32
    %a11 = vector.broadcast %s11 : f32 to vector<16xf32>
    %k12 = arith.constant 12.0 : f32
    %s12 = arith.addf %f, %k12 : f32
    %a12 = vector.broadcast %s12 : f32 to vector<16xf32>
    %k13 = arith.constant 13.0 : f32
    %s13 = arith.addf %f, %k13 : f32
    %a13 = vector.broadcast %s13 : f32 to vector<16xf32>
    %k14 = arith.constant 14.0 : f32
    %s14 = arith.addf %f, %k14 : f32
    %a14 = vector.broadcast %s14 : f32 to vector<16xf32>
    %k15 = arith.constant 15.0 : f32
    %s15 = arith.addf %f, %k15 : f32
    %a15 = vector.broadcast %s15 : f32 to vector<16xf32>
    %k16 = arith.constant 16.0 : f32
    %s16 = arith.addf %f, %k16 : f32
    %a16 = vector.broadcast %s16 : f32 to vector<16xf32>
    %k17 = arith.constant 17.0 : f32
    %s17 = arith.addf %f, %k17 : f32
    %a17 = vector.broadcast %s17 : f32 to vector<16xf32>
    %k18 = arith.constant 18.0 : f32
    %s18 = arith.addf %f, %k18 : f32
    %a18 = vector.broadcast %s18 : f32 to vector<16xf32>
    %k19 = arith.constant 19.0 : f32
    %s19 = arith.addf %f, %k19 : f32
    %a19 = vector.broadcast %s19 : f32 to vector<16xf32>
    %k20 = arith.constant 20.0 : f32
    %s20 = arith.addf %f, %k20 : f32
    %a20 = vector.broadcast %s20 : f32 to vector<16xf32>
    %k21 = arith.constant 21.0 : f32
    %s21 = arith.addf %f, %k21 : f32
    %a21 = vector.broadcast %s21 : f32 to vector<16xf32>
    %k22 = arith.constant 22.0 : f32
    %s22 = arith.addf %f, %k22 : f32
    %a22 = vector.broadcast %s22 : f32 to vector<16xf32>
    %k23 = arith.constant 23.0 : f32
    %s23 = arith.addf %f, %k23 : f32
    %a23 = vector.broadcast %s23 : f32 to vector<16xf32>
    %res:24 = scf.for %n = %c0 to %iterations step %c1 iter_args(%x0 = %a0, %x1 = %a1, %x2 = %a2, %x3 = %a3, %x4 = %a4, %x5 = %a5, %x6 = %a6, %x7 = %a7, %x8 = %a8, %x9 = %a9, %x10 = %a10, %x11 = %a11, %x12 = %a12, %x13 = %a13, %x14 = %a14, %x15 = %a15, %x16 = %a16, %x17 = %a17, %x18 = %a18, %x19 = %a19, %x20 = %a20, %x21 = %a21, %x22 = %a22, %x23 = %a23) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
      %y0 = vector.fma %x0, %b, %c : vector<16xf32>
      %y1 = vector.fma %x1, %b, %c : vector<16xf32>
      %y2 = vector.fma %x2, %b, %c : vector<16xf32>
      %y3 = vector.fma %x3, %b, %c : vector<16xf32>
      %y4 = vector.fma %x4, %b, %c : vector<16xf32>
      %y5 = vector.fma %x5, %b, %c : vector<16xf32>
      %y6 = vector.fma %x6, %b, %c : vector<16xf32>
      %y7 = vector.fma %x7, %b, %c : vector<16xf32>
      %y8 = vector.fma %x8, %b, %c : vector<16xf32>
      %y9 = vector.fma %x9, %b, %c : vector<16xf32>
      %y10 = vector.fma %x10, %b, %c : vector<16xf32>
      %y11 = vector.fma %x11, %b, %c : vector<16xf32>
      %y12 = vector.fma %x12, %b, %c : vector<16xf32>
      %y13 = vector.fma %x13, %b, %c : vector<16xf32>
      %y14 = vector.fma %x14, %b, %c : vector<16xf32>
      %y15 = vector.fma %x15, %b, %c : vector<16xf32>
      %y16 = vector.fma %x16, %b, %c : vector<16xf32>
      %y17 = vector.fma %x17, %b, %c : vector<16xf32>
      %y18 = vector.fma %x18, %b, %c : vector<16xf32>
      %y19 = vector.fma %x19, %b, %c : vector<16xf32>
      %y20 = vector.fma %x20, %b, %c : vector<16xf32>
      %y21 = vector.fma %x21, %b, %c : vector<16xf32>
      %y22 = vector.fma %x22, %b, %c : vector<16xf32>
      %y23 = vector.fma %x23, %b, %c : vector<16xf32>
      scf.yield %y0, %y1, %y2, %y3, %y4, %y5, %y6, %y7, %y8, %y9, %y10, %y11, %y12, %y13, %y14, %y15, %y16, %y17, %y18, %y19, %y20, %y21, %y22, %y23 : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
    }
    %z1 = arith.addf %res#0, %res#1 : vector<16xf32>
    %z2 = arith.addf %z1, %res#2 : vector<16xf32>
    %z3 = arith.addf %z2, %res#3 : vector<16xf32>
    %z4 = arith.addf %z3, %res#4 : vector<16xf32>
    %z5 = arith.addf %z4, %res#5 : vector<16xf32>
    %z6 = arith.addf %z5, %res#6 : vector<16xf32>
    %z7 = arith.addf %z6, %res#7 : vector<16xf32>
    %z8 = arith.addf %z7, %res#8 : vector<16xf32>
    %z9 = arith.addf %z8, %res#9 : vector<16xf32>
    %z10 = arith.addf %z9, %res#10 : vector<16xf32>
    %z11 = arith.addf %z10, %res#11 : vector<16xf32>
    %z12 = arith.addf %z11, %res#12 : vector<16xf32>
    %z13 = arith.addf %z12, %res#13 : vector<16xf32>
    %z14 = arith.addf %z13, %res#14 : vector<16xf32>
    %z15 = arith.addf %z14, %res#15 : vector<16xf32>
    %z16 = arith.addf %z15, %res#16 : vector<16xf32>
    %z17 = arith.addf %z16, %res#17 : vector<16xf32>
    %z18 = arith.addf %z17, %res#18 : vector<16xf32>
    %z19 = arith.addf %z18, %res#19 : vector<16xf32>
    %z20 = arith.addf %z19, %res#20 : vector<16xf32>
    %z21 = arith.addf %z20, %res#21 : vector<16xf32>
    %z22 = arith.addf %z21, %res#22 : vector<16xf32>
    %z23 = arith.addf %z22, %res#23 : vector<16xf32>
    %sum = vector.reduction <add>, %z23 : vector<16xf32> into f32
    %slice = tensor.from_elements %sum : tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %slice into %o[%t] [1] [1] : tensor<1xf32> into tensor<?xf32>
    }
  }
  return %r : tensor<?xf32>
}
