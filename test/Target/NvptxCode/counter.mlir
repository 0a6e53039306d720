// RUN: fovea-compile %s --emit ptx --pipeline-options="tile-n=80 rescale-log2=8 schedule='#cta.schedule<warpgroups = 3, ping_pong = true, output_over_query = true, scheduler = dynamic>'" -o - | FileCheck %s

// Three warpgroups with registers of their own, which take turns at named barriers; tiles by a counter, whose use is counted
// behind it; a rescale on the vote of a warp.

//      CHECK: .reqntid 512
//      CHECK: setmaxnreg.dec.sync.aligned.u32 32;
//      CHECK: atom.global.add.u32
//  CHECK-NOT: atom
//      CHECK: setmaxnreg.inc.sync.aligned.u32 160;
//      CHECK: bar.arrive
//      CHECK: bar.sync
//      CHECK: wgmma.mma_async.sync.aligned.m64n80k16.f32.bf16.bf16
//      CHECK: vote.sync.any.pred
//      CHECK: atom.add.acq_rel.gpu.global.u32
//      CHECK: st.global.b32
// CHECK-NEXT: st.global.b32
func.func @attention(%q: tensor<?x128xbf16>, %k: tensor<?x128xbf16>, %v: tensor<?x128xbf16>, %o: tensor<?x128xbf16>) -> tensor<?x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x128xbf16>, tensor<?x128xbf16>, tensor<?x128xbf16>) outs(%o : tensor<?x128xbf16>)
  return %r : tensor<?x128xbf16>
}
