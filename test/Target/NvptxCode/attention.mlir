// The PTX of one kernel, counted: Q, K and V of 128 x 128 elements, two warpgroups, a product with K one block ahead.

// RUN: fovea-compile %s --emit ptx --pipeline-options="tile-n=128 schedule='#cta.schedule<warpgroups = 2>'" -o %t
// RUN: FileCheck %s --check-prefix=KERNEL --input-file=%t
// RUN: FileCheck %s --check-prefix=PRODUCTS --input-file=%t
// RUN: FileCheck %s --check-prefix=STORES --input-file=%t
// RUN: FileCheck %s --check-prefix=NONE --input-file=%t

// Maps are parameters of 128 bytes; the number of threads is fixed, without which setmaxnreg would be ignored. The channels of
// Q (one slot), K and V (two) have a full and an empty barrier for each slot. The producer gives registers away, and loads
// five times, in two slabs of 64 columns: Q, the first K, then K and V of each step, the last V. Consumers take registers.
//          KERNEL: .target sm_90a
//          KERNEL: .extern .shared .align 1024 .b8 smem[];
//          KERNEL: .visible .entry attention_0(
//     KERNEL-NEXT:   .param .align 64 .b8 attention_0_param_0[128],
//          KERNEL: .reqntid 384
//          KERNEL: .minnctapersm 1
// KERNEL-COUNT-10:   mbarrier.init.shared::cta.b64
//      KERNEL-NOT:   mbarrier.init.shared
//          KERNEL:   setmaxnreg.dec.sync.aligned.u32 24;
//  KERNEL-COUNT-10:  cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
//      KERNEL-NOT:   cp.async.bulk.tensor.3d.shared
//          KERNEL:   setmaxnreg.inc.sync.aligned.u32 240;
//      KERNEL-NOT:   setmaxnreg
//      KERNEL-NOT:   cp.async.bulk.tensor.3d.shared
//          KERNEL: ret;

// A product is 8 steps of 16; there are four: the first with K, both of a step, the last with V. The wait for the scores
// leaves the product with V running.
//  PRODUCTS-COUNT-32: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
//       PRODUCTS-NOT: wgmma.mma_async
//           PRODUCTS: wgmma.commit_group
//           PRODUCTS: wgmma.wait_group.sync.aligned 1;
//           PRODUCTS: wgmma.wait_group.sync.aligned 0;

// The output: a fragment of 64 x 128 by 8 instructions of four matrices, made visible, and stored in two slabs.
//  STORES-COUNT-8: stmatrix.sync.aligned.m8n8.x4.shared.b16
//      STORES-NOT: stmatrix
//          STORES: fence.proxy.async.shared::cta;
//  STORES-COUNT-2: cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group
//      STORES-NOT: cp.async.bulk.tensor

// Nothing is spilled, called or read element by element.
//        NONE-NOT: .local
//        NONE-NOT: call
//        NONE-NOT: ld.global
//        NONE-NOT: st.global

func.func @attention(%q: tensor<?x512x128xbf16>, %k: tensor<?x512x128xbf16>, %v: tensor<?x512x128xbf16>,
                     %o: tensor<?x512x128xbf16>) -> tensor<?x512x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x512x128xbf16>, tensor<?x512x128xbf16>, tensor<?x512x128xbf16>)
      outs(%o : tensor<?x512x128xbf16>)
  return %r : tensor<?x512x128xbf16>
}
