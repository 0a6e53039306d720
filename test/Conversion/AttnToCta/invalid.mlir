// RUN: fovea-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(gpu.module(gpu.func(attn-to-cta)))'

// All reasons why a kernel has no form on tiles are in one message.

gpu.module @kernels {
  // expected-error @below {{kernel 'types' cannot be computed in register and shared tiles: its operands have element type f32, expected f16 or bf16; the QK head dim is 40, expected a multiple of 16 from 16 to 256; the value head dim is 512, expected a multiple of 16 from 16 to 256; its tile has 96 query rows, expected a multiple of 128 (64 for each of 2 warpgroups); its keys are not tiled; run attn-tile-kv}}
  gpu.func @types(%q: memref<192x40xf32>, %k: memref<300x40xf32>, %v: memref<300x512xf32>, %out: memref<192x512xf32>) kernel {
    %lowest = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %qt = bufferization.to_tensor %q restrict : memref<192x40xf32> to tensor<192x40xf32>
    %qs = tensor.extract_slice %qt[96, 0] [96, 40] [1, 1] : tensor<192x40xf32> to tensor<96x40xf32>
    %kt = bufferization.to_tensor %k restrict : memref<300x40xf32> to tensor<300x40xf32>
    %vt = bufferization.to_tensor %v restrict : memref<300x512xf32> to tensor<300x512xf32>
    %e0 = tensor.empty() : tensor<96x512xf32>
    %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<96x512xf32>) -> tensor<96x512xf32>
    %e1 = tensor.empty() : tensor<96xf32>
    %m = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<96xf32>) -> tensor<96xf32>
    %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<96xf32>) -> tensor<96xf32>
    %s:3 = attn.online_attention ins(%qs, %kt, %vt : tensor<96x40xf32>, tensor<300x40xf32>, tensor<300x512xf32>)
        outs(%acc, %m, %l : tensor<96x512xf32>, tensor<96xf32>, tensor<96xf32>)
    gpu.return
  }
}

// -----

// A state that is not the identity, a maximum that is not to be found, two of one op, and an op that is nobody's.

gpu.module @kernels {
  // expected-error @below {{kernel 'ops' cannot be computed in register and shared tiles: it has a 'tensor.insert_slice'; it has 2 attn.online_attention, expected 1; the state that its attention begins with is not known to be the identity; its attention takes the maximum as it comes (fixed_max)}}
  gpu.func @ops(%q: memref<128x64xf16>, %a: memref<128x64xf32>, %b: memref<128xf32>) kernel {
    %qt = bufferization.to_tensor %q restrict : memref<128x64xf16> to tensor<128x64xf16>
    %acc = bufferization.to_tensor %a restrict : memref<128x64xf32> to tensor<128x64xf32>
    %m = bufferization.to_tensor %b restrict : memref<128xf32> to tensor<128xf32>
    %x = tensor.insert_slice %qt into %qt[0, 0] [128, 64] [1, 1] : tensor<128x64xf16> into tensor<128x64xf16>
    %s:3 = attn.online_attention ins(%qt, %qt, %qt : tensor<128x64xf16>, tensor<128x64xf16>, tensor<128x64xf16>)
        outs(%acc, %m, %m : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>)
    %t:3 = attn.online_attention fixed_max ins(%qt, %qt, %qt : tensor<128x64xf16>, tensor<128x64xf16>, tensor<128x64xf16>)
        outs(%s#0, %s#1, %s#2 : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>)
    gpu.return
  }
}

// -----

// Softmax and merging of states are other kernels.

gpu.module @kernels {
  // expected-error @below {{it has a 'attn.normalize'; it has 0 attn.online_attention, expected 1}}
  gpu.func @softmax(%x: memref<128x64xf32>, %m: memref<128xf32>) kernel {
    %xt = bufferization.to_tensor %x restrict : memref<128x64xf32> to tensor<128x64xf32>
    %mt = bufferization.to_tensor %m restrict : memref<128xf32> to tensor<128xf32>
    %y = attn.normalize dimension(1) ins(%xt, %mt, %mt : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>) outs(%xt : tensor<128x64xf32>)
    gpu.return
  }
}

// -----

// An operand that was computed in the kernel, and regions that are not elementwise.

gpu.module @kernels {
  // expected-error @below {{the query is no view of an argument of the kernel: it comes from 'tensor.empty'; its regions have a 'scf.if', which is not elementwise; its regions compute with the index 4294967296, which does not fit into 32 bits}}
  gpu.func @regions(%k: memref<128x64xf16>) kernel {
    %lowest = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %kt = bufferization.to_tensor %k restrict : memref<128x64xf16> to tensor<128x64xf16>
    %qt = tensor.empty() : tensor<128x64xf16>
    %e0 = tensor.empty() : tensor<128x64xf32>
    %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<128x64xf32>) -> tensor<128x64xf32>
    %e1 = tensor.empty() : tensor<128xf32>
    %m = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %s:3 = attn.online_attention ins(%qt, %kt, %kt : tensor<128x64xf16>, tensor<128x64xf16>, tensor<128x64xf16>)
        outs(%acc, %m, %l : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>) score {
    ^bb0(%x: f32):
      %i = attn.index 0 : index
      %c0 = arith.constant 0 : index
      %first = arith.cmpi eq, %i, %c0 : index
      %y = scf.if %first -> f32 {
        scf.yield %x : f32
      } else {
        %z = arith.negf %x : f32
        scf.yield %z : f32
      }
      attn.yield %y : f32
    } mask {
      %j = attn.index 1 : index
      %large = arith.constant 4294967296 : index
      %keep = arith.cmpi slt, %j, %large : index
      attn.yield %keep : i1
    }
    gpu.return
  }
}

// -----

// Queries whose head dim comes first would have to be read by a product the other way.

gpu.module @kernels {
  // expected-error @below {{the query has its head dim before its rows; matrix products read it the other way}}
  gpu.func @transposed(%q: memref<64x128xf16>, %k: memref<128x64xf16>) kernel {
    %lowest = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %qt = bufferization.to_tensor %q restrict : memref<64x128xf16> to tensor<64x128xf16>
    %kt = bufferization.to_tensor %k restrict : memref<128x64xf16> to tensor<128x64xf16>
    %e0 = tensor.empty() : tensor<128x64xf32>
    %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<128x64xf32>) -> tensor<128x64xf32>
    %e1 = tensor.empty() : tensor<128xf32>
    %m = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %s:3 = attn.online_attention ins(%qt, %kt, %kt : tensor<64x128xf16>, tensor<128x64xf16>, tensor<128x64xf16>)
        outs(%acc, %m, %l : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>)
        maps [affine_map<(i, j, k, n) -> (k, i)>, affine_map<(i, j, k, n) -> (j, k)>, affine_map<(i, j, k, n) -> (j, n)>,
              affine_map<(i, j, k, n) -> (i, n)>, affine_map<(i, j, k, n) -> (i)>, affine_map<(i, j, k, n) -> (i)>]
    gpu.return
  }
}

// -----

// A constant from outside of the region is no better.

gpu.module @kernels {
  // expected-error @below {{its loop over the keys has a step of 512, expected a constant from 1 to 256; its regions compute with the index 4294967296, which does not fit into 32 bits}}
  gpu.func @constants(%k: memref<1024x64xf16>) kernel {
    %c0 = arith.constant 0 : index
    %c512 = arith.constant 512 : index
    %c1024 = arith.constant 1024 : index
    %large = arith.constant 4294967296 : index
    %lowest = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %kt = bufferization.to_tensor %k restrict : memref<1024x64xf16> to tensor<1024x64xf16>
    %qt = tensor.extract_slice %kt[0, 0] [128, 64] [1, 1] : tensor<1024x64xf16> to tensor<128x64xf16>
    %e0 = tensor.empty() : tensor<128x64xf32>
    %acc = linalg.fill ins(%zero : f32) outs(%e0 : tensor<128x64xf32>) -> tensor<128x64xf32>
    %e1 = tensor.empty() : tensor<128xf32>
    %m = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %l = linalg.fill ins(%zero : f32) outs(%e1 : tensor<128xf32>) -> tensor<128xf32>
    %s:3 = scf.for %n = %c0 to %c1024 step %c512 iter_args(%s0 = %acc, %s1 = %m, %s2 = %l) -> (tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>) {
      %kn = tensor.extract_slice %kt[%n, 0] [512, 64] [1, 1] : tensor<1024x64xf16> to tensor<512x64xf16>
      %t:3 = attn.online_attention ins(%qt, %kn, %kn : tensor<128x64xf16>, tensor<512x64xf16>, tensor<512x64xf16>) at[0, %n, 0, 0]
          outs(%s0, %s1, %s2 : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>) mask {
        %j = attn.index 1 : index
        %keep = arith.cmpi slt, %j, %large : index
        attn.yield %keep : i1
      }
      scf.yield %t#0, %t#1, %t#2 : tensor<128x64xf32>, tensor<128xf32>, tensor<128xf32>
    }
    gpu.return
  }
}

// -----

// A kernel without ops of attn is left alone.

gpu.module @kernels {
  gpu.func @other() kernel {
    gpu.return
  }
}
