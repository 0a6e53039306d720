// RUN: fovea-opt %s -verify-diagnostics --remarks-filter=attn-outline-kernels -attn-to-cta-kernels -o /dev/null

// What is computed beside the kernels goes through memory once more, and is named.

func.func @scaled(%q: tensor<128x64xf16>, %k: tensor<256x64xf16>, %o: tensor<128x64xf16>) -> tensor<128x64xf16> {
  // expected-remark-re @+1 {{[Passed] OutlineKernel {{.*}}kernel=scaled_0, tile_dims=1}}
  %r = attn.attention ins(%q, %k, %k : tensor<128x64xf16>, tensor<256x64xf16>, tensor<256x64xf16>) outs(%o : tensor<128x64xf16>)
  // expected-remark-re @+1 {{[Missed] FuseHostOp {{.*}}'linalg.exp' is not part of a kernel, and stays on the host's side}}
  %e = linalg.exp ins(%r : tensor<128x64xf16>) outs(%o : tensor<128x64xf16>) -> tensor<128x64xf16>
  return %e : tensor<128x64xf16>
}
