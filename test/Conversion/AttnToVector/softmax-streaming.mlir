// RUN: fovea-opt %s -attn-to-vector="vector-bytes=64 avx512=true" -canonicalize | FileCheck %s --check-prefix=WIDE
// RUN: fovea-opt %s -attn-to-vector="vector-bytes=32 avx512=true" -canonicalize | FileCheck %s --check-prefix=HALF
// RUN: fovea-opt %s -attn-to-vector="vector-bytes=16 avx512=true" -canonicalize | FileCheck %s --check-prefix=NARROW

// 16-bit results past the cache are an instruction for a whole register; four of them, from a register of f32 of 16
// bytes, fill none.

//   WIDE: llvm.inline_asm has_side_effects "vmovntdq $0, ($1)", "v,r,~{memory}" %{{.*}}, %{{.*}} : (vector<8xi32>, i64)
//   HALF: llvm.inline_asm has_side_effects "vmovntdq $0, ($1)", "v,r,~{memory}" %{{.*}}, %{{.*}} : (vector<4xi32>, i64)
// NARROW: func @long_rows
// NARROW-NOT: inline_asm
func.func @long_rows(%x: memref<1024x65536xf16>, %y: memref<1024x65536xf16>, %m: memref<1024xf32>, %l: memref<1024xf32>) {
  attn.online_softmax base(two) dimension(1) ins(%x : memref<1024x65536xf16>) outs(%m, %l : memref<1024xf32>, memref<1024xf32>)
  attn.normalize base(two) dimension(1) ins(%x, %m, %l : memref<1024x65536xf16>, memref<1024xf32>, memref<1024xf32>)
      outs(%y : memref<1024x65536xf16>)
  return
}
