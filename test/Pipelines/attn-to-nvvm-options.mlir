// RUN: fovea-opt %s -attn-to-cta-kernels="tile-m=64 tile-n=32 rescale-log2=4 schedule='#cta.schedule<warpgroups = 1, stages = 3>'" | FileCheck %s
// RUN: not fovea-opt %s -attn-to-nvvm="chip=sm_100a" 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not fovea-opt %s -attn-to-nvvm="tile-n=128 schedule='#cta.schedule<warpgroups = 3>'" 2>&1 | FileCheck %s --check-prefix=REGISTERS
// RUN: not fovea-opt %s -attn-to-nvvm="tile-m=128 schedule='#cta.schedule<warpgroups = 3>'" 2>&1 | FileCheck %s --check-prefix=ROWS

// Options of the pipeline reach the kernel; what makes no kernel is refused by the rule that it breaks.

// CHECK: gpu.func @attention_0{{.*}}{cta.schedule = #cta.schedule<warpgroups = 1, stages = 3>
// CHECK: attn.online_attention {{.*}}attn.config = #attn.config<tile_n = 32, rescale_log2 = 4>
// CHIP: error: no kernels are made for chip 'sm_100a', only for sm_90a
// REGISTERS: error: 'scf.for' op rule 7: registers:
// ROWS: its tile has 128 query rows, expected a multiple of 192 (64 for each of 3 warpgroups)
func.func @attention(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %v: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}
