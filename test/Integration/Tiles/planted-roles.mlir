// What is wrong with channels, products and sections shows when a kernel of stage 12 is interpreted, and is named. Each
// run plants one bug in the kernel below, which computes the sum of Q K^T over blocks of 64 keys, two at a time.

// RUN: fovea-run %s --interpret=file --dim keys=256 | FileCheck %s --check-prefix=RIGHT --implicit-check-not=reads
// RIGHT: @sum on the tile interpreter, as in the file
// RIGHT-NEXT: result 0: 128x64xf32

// A slot that is never released: the producer waits for it.
// RUN: sed '/cta.release %%b of/d' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=KEPT
// KEPT: error: <stdin>:{{.*}}'cta.acquire' waits forever, as no thread of block 0 can proceed: producer waits for a free slot of channel "K" on 'cta.acquire' ({{[0-9:]+}}); consumer 0 waits for a full slot of channel "K" on 'cta.wait' ({{[0-9:]+}}); consumer 1 waits for a full slot of channel "K" on 'cta.wait'

// A channel without room for what a consumer holds at a time.
// RUN: sed 's/!kt, depth = 2/!kt, depth = 1/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=DEPTH
// DEPTH: no thread of block 0 can proceed: producer waits for a free slot of channel "K"

// A slot released twice.
// RUN: sed '/cta.release %%b of/p' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: 'cta.release' of consumer {{[01]}} releases slot 0 of channel "K", which it does not hold

// Consumers that take more slots than the producer fills, and a producer that fills more than they take.
// RUN: sed 's/to %%keys \(.*\) {$/to %%more \1 {/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=MORE
// MORE: no thread of block 0 can proceed: consumer 0 waits for a full slot of channel "K" on 'cta.wait' ({{[0-9:]+}}); consumer 1 waits for a full slot of channel "K"
// RUN: sed 's/to %%keys \(.*\) { .*/to %%more \1 {/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=LEFT
// LEFT: 'gpu.func' slot {{[01]}} of channel "K" was acquired, but not released by all at the end of the kernel

// A product that is waited for after the release of its tile: what is read may be what is loaded next.
// RUN: sed -e '/^ *%%s = cta.dot_wait/{h;d}' -e '/^ *cta.release %%b of/G' %s | fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=EARLY
// EARLY: 'cta.dot_async' of consumer {{[01]}} reads "K" (slot {{[01]}}), which changed before the product was waited for

// An accumulator that is touched while a product adds to it.
// RUN: sed '/^ *%%s = cta.dot_wait/s/^/%%touched = arith.negf %%acc : !acc\n/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=TOUCHED
// TOUCHED: 'arith.negf' touches an operand of a product that is still running (rule 1)

// An exclusive section that is not left.
// RUN: sed '/cta.section_leave/d' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=SECTION
// SECTION: 'cta.section_enter' of consumer 0 enters a section inside of one (rule 10)

// Warpgroups that do not take the same number of turns.
// RUN: sed 's/to %%keys step %%turns /to %%mine step %%turns /' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=TURNS
// TURNS: no thread of block 0 can proceed: consumer 1 waits for its turn in the exclusive section, which is warpgroup 0's

// Stores that still read shared memory when the program ends.
// RUN: sed '/cta.store_wait complete/d' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=STORES
// STORES: 'cta.yield' ends the program of consumer {{[01]}}, whose stores still read shared memory

!qm = memref<128x64xbf16, strided<[?, ?], offset: ?>>
!km = memref<?x64xbf16, strided<[?, ?], offset: ?>>
!om = memref<128x64xf32, strided<[?, ?], offset: ?>>
!qt = !cta.tile<128x64xbf16, swizzle = 128>
!kt = !cta.tile<64x64xbf16, swizzle = 128>
!ot = !cta.tile<128x64xf32, swizzle = 128>
!qc = !cta.channel<!qt, depth = 1>
!kc = !cta.channel<!kt, depth = 2>
!acc = tensor<128x64xf32, #cta.mma<warps = [8, 1]>>

func.func @sum(%q: tensor<128x64xbf16>, %k: tensor<?x64xbf16> {fovea.dims = ["keys", "*"]}, %o: tensor<128x64xf32>) -> tensor<128x64xf32> {
  %one = arith.constant 1 : index
  %r = cta.launch @kernels::@sum tiles(%one) ins(%q, %k : tensor<128x64xbf16>, tensor<?x64xbf16>) outs(%o : tensor<128x64xf32>) -> tensor<128x64xf32>
  return %r : tensor<128x64xf32>
}

gpu.module @kernels {
  gpu.func @sum(%q: !qm, %k: !km, %o: !om, %tiles: index) kernel {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %keys = memref.dim %k, %c0 : !km
    %more = arith.addi %keys, %c128 : index
    %Q = cta.channel "Q" : !qc
    %K = cta.channel "K" : !kc
    %staging = cta.alloc_tile : !ot
    cta.warp_specialize role(producer) warps(4) registers(24) {
      %a = cta.acquire %Q : !qc -> !cta.slot<!qt>
      cta.tma_load %q[%c0, %c0] dims [0, 1] to %a : !qm, !cta.slot<!qt>
      scf.for %j = %c0 to %keys step %c64 { // of the producer
        %b = cta.acquire %K : !kc -> !cta.slot<!kt>
        cta.tma_load %k[%j, %c0] dims [0, 1] to %b : !km, !cta.slot<!kt>
      }
    } role(consumer) warps(8) registers(240) {
      %zero = arith.constant dense<0.0> : !acc
      %a = cta.wait %Q : !qc -> !cta.slot<!qt>
      %qt = cta.slot_tile %a of %Q : !cta.slot<!qt>, !qc -> !qt
      %sum = scf.for %j = %c0 to %keys step %c128 iter_args(%acc = %zero) -> (!acc) {
        %b = cta.wait %K : !kc -> !cta.slot<!kt>
        %kt = cta.slot_tile %b of %K : !cta.slot<!kt>, !kc -> !kt
        %f = cta.dot_async %qt, %kt, %acc transpose_b : !qt, !kt, !acc -> !cta.inflight<!acc>
        %d = cta.wait %K : !kc -> !cta.slot<!kt>
        %s = cta.dot_wait %f : !cta.inflight<!acc>
        cta.release %b of %K : !cta.slot<!kt>, !kc
        %lt = cta.slot_tile %d of %K : !cta.slot<!kt>, !kc -> !kt
        %g = cta.dot_async %qt, %lt, %s transpose_b : !qt, !kt, !acc -> !cta.inflight<!acc>
        %t = cta.dot_wait %g : !cta.inflight<!acc>
        cta.release %d of %K : !cta.slot<!kt>, !kc
        scf.yield %t : !acc
      }
      cta.release %a of %Q : !cta.slot<!qt>, !qc
      %w = cta.warpgroup_index : i32
      %wide = arith.index_cast %w : i32 to index
      %mine = arith.muli %wide, %keys : index
      %turns = arith.addi %c64, %c0 : index
      scf.for %j = %c0 to %keys step %turns  {
        cta.section_enter
        cta.section_leave
      }
      cta.store %sum, %o[%c0, %c0] dims [0, 1] via(%staging : !ot) : !acc, !om
      cta.store_wait complete
    }
    gpu.return
  }
}
