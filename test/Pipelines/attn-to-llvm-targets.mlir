// Products are on vectors for every vector unit and head dim, the odd ones included: no multiply-add of single numbers is
// left. The machines are described by features, not by the machine that compiles; AArch64 goes through LLVM's tools.

// RUN: fovea-compile %s --cpu-features=+avx2,+fma,+f16c --emit obj -o %t.avx2.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.avx2.o | FileCheck %s --check-prefix=AVX2 --implicit-check-not="{{vfn?m(add|sub)[0-9]+s[sd]}}" --implicit-check-not=%zmm
// RUN: fovea-compile %s --cpu-features=+avx2,+fma,+f16c,+avx512f,+avx512bw,+avx512dq,+avx512vl --emit obj -o %t.avx512.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.avx512.o | FileCheck %s --check-prefix=AVX512 --implicit-check-not="{{vfn?m(add|sub)[0-9]+s[sd]}}"
// RUN: fovea-compile %s --cpu-features= --emit obj -o %t.sse2.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.sse2.o | FileCheck %s --check-prefix=SSE2 --implicit-check-not="{{[[:space:]]v[a-z]+ps}}"
// RUN: llvm-nm -u %t.sse2.o | FileCheck %s --check-prefix=CALLS --implicit-check-not=fmaf --implicit-check-not=floorf
// RUN: fovea-opt %s --attn-to-llvm="vector-bytes=16 vector-registers=32" | mlir-translate --mlir-to-llvmir | llc -O2 -mtriple=aarch64-linux-gnu -filetype=obj -o %t.neon.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.neon.o | FileCheck %s --check-prefix=NEON --implicit-check-not="{{fn?m(add|sub)[[:space:]]+[sd][0-9]}}"

// Two panels of 8 queries by 6 keys in 16 registers, four of 16 in 32, four of 4 on NEON.

//   AVX2-LABEL: <even_body_0>:
// AVX2-COUNT-12: vfmadd231ps {{.*}}%ymm
//   AVX2-LABEL: <odd_body_0>:
// AVX2-COUNT-12: vfmadd231ps {{.*}}%ymm
//   AVX2-LABEL: <large_body_0>:
// AVX2-COUNT-12: vfmadd231ps {{.*}}%ymm

//   AVX512-LABEL: <even_body_0>:
// AVX512-COUNT-24: vfmadd231ps {{.*}}%zmm
//   AVX512-LABEL: <odd_body_0>:
// AVX512-COUNT-24: vfmadd231ps {{.*}}%zmm
//   AVX512-LABEL: <large_body_0>:
// AVX512-COUNT-24: vfmadd231ps {{.*}}%zmm

// Without multiply-adds and without rounding it is two instructions each, not a call for each lane.

//   SSE2-LABEL: <even_body_0>:
//         SSE2: mulps
//         SSE2: addps
//        CALLS: foveaParallelFor

//   NEON-LABEL: <even_body_0>:
// NEON-COUNT-24: fmla v{{[0-9]+}}.4s
//   NEON-LABEL: <odd_body_0>:
// NEON-COUNT-24: fmla v{{[0-9]+}}.4s
//   NEON-LABEL: <large_body_0>:
// NEON-COUNT-24: fmla v{{[0-9]+}}.4s

func.func @even(%q: tensor<4x?x80xf32>, %k: tensor<4x?x80xf32>, %v: tensor<4x?x96xf32>, %out: tensor<4x?x96xf32>) -> tensor<4x?x96xf32> {
  %o = attn.attention causal(top_left) ins(%q, %k, %v : tensor<4x?x80xf32>, tensor<4x?x80xf32>, tensor<4x?x96xf32>) outs(%out : tensor<4x?x96xf32>)
  return %o : tensor<4x?x96xf32>
}

func.func @odd(%q: tensor<4x?x17xf32>, %k: tensor<4x?x17xf32>, %v: tensor<4x?x33xf32>, %out: tensor<4x?x33xf32>) -> tensor<4x?x33xf32> {
  %o = attn.attention ins(%q, %k, %v : tensor<4x?x17xf32>, tensor<4x?x17xf32>, tensor<4x?x33xf32>) outs(%out : tensor<4x?x33xf32>)
  return %o : tensor<4x?x33xf32>
}

func.func @large(%q: tensor<4x512x256xf32>, %k: tensor<4x512x256xf32>, %v: tensor<4x512x256xf32>, %out: tensor<4x512x256xf32>) -> tensor<4x512x256xf32> {
  %o = attn.attention ins(%q, %k, %v : tensor<4x512x256xf32>, tensor<4x512x256xf32>, tensor<4x512x256xf32>) outs(%out : tensor<4x512x256xf32>)
  return %o : tensor<4x512x256xf32>
}
