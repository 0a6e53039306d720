// The same after stage 13, where a channel is barriers and addresses, whose labels tell which one. Each run plants one
// bug in the kernel below, which computes the sum of Q K^T over blocks of 64 keys.

// RUN: fovea-run %s --interpret=file --dim keys=256 | FileCheck %s --check-prefix=RIGHT --implicit-check-not=reads
// RIGHT: @sum on the tile interpreter, as in the file
// RIGHT-NEXT: result 0: 128x64xf32

// No arrival after a tile was read: the producer waits for it.
// RUN: sed '/cta.mbarrier_arrive %%empty/d' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=KEPT
// KEPT: 'cta.mbarrier_wait' waits forever, as no thread of block 0 can proceed: producer waits for barrier "K empty" (slot 0) on 'cta.mbarrier_wait' ({{[0-9:]+}}); consumer 0 waits for barrier "K full" (slot 0) on

// No arrival that expects the bytes, or of other bytes than are copied.
// RUN: sed '/cta.mbarrier_arrive %%filling/d' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=UNEXPECTED
// RUN: sed 's/expect(8192)/expect(16384)/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=UNEXPECTED
// UNEXPECTED: consumer 0 waits for barrier "K full" (slot 0)

// Parities the wrong way round. The consumer does not wait and reads what is not there, or, where it is there already,
// waits for the next one.
// RUN: sed 's/cta.mbarrier_wait %%full parity %%phase/cta.mbarrier_wait %%full parity %%flipped/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=PARITY
// PARITY: {{consumer 0 waits for barrier "K full" \(slot 0\)|reads "K" \(slot 0\) while it holds nothing}}
// The producer waits for what nobody has had yet.
// RUN: sed 's/cta.mbarrier_wait %%free parity %%flipped/cta.mbarrier_wait %%free parity %%phase/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=FREE
// FREE: producer waits for barrier "K empty" (slot 0)

// A count that the warps do not reach, and one that they exceed.
// RUN: sed 's/mbarrier_init %%empties count(8)/mbarrier_init %%empties count(12)/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: producer waits for barrier "K empty" (slot 0)
// RUN: sed 's/mbarrier_init %%empties count(8)/mbarrier_init %%empties count(3)/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=EXCESS
// EXCESS: 'cta.mbarrier_arrive' arrives at "K empty" (slot 0) more often than it counts

// A wait that leaves the product running that it waits for.
// RUN: sed 's/pending(0)/pending(1)/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=PENDING
// PENDING: 'cta.dot_wait' leaves 1 products running, and the one that it waits for may be among them: 0 were issued after it (rule 1)

// Tiles in the same place.
// RUN: sed 's/bytes(16384) align(1024) at(49152)/bytes(16384) align(1024) at(40960)/' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: 'cta.shared' "K" shares memory with "Q"

// A warpgroup that arrives twice where the other has not met it.
// RUN: sed '/cta.named_barrier %%own/d' %s | not fovea-run - --interpret=file --dim keys=256 2>&1 | FileCheck %s --check-prefix=MEET
// MEET: 'cta.named_barrier' of consumer {{[01]}} arrives a second time before the others have

!qm = memref<128x64xbf16, strided<[?, ?], offset: ?>>
!km = memref<?x64xbf16, strided<[?, ?], offset: ?>>
!om = memref<128x64xf32, strided<[?, ?], offset: ?>>
!qt = !cta.tile<128x64xbf16, swizzle = 128>
!kt = !cta.tile<64x64xbf16, swizzle = 128>
!ot = !cta.tile<128x64xf32, swizzle = 128>
!acc = tensor<128x64xf32, #cta.mma<warps = [8, 1]>>

func.func @sum(%q: tensor<128x64xbf16>, %k: tensor<?x64xbf16> {fovea.dims = ["keys", "*"]}, %o: tensor<128x64xf32>) -> tensor<128x64xf32> {
  %one = arith.constant 1 : index
  %r = cta.launch @kernels::@sum tiles(%one) ins(%q, %k : tensor<128x64xbf16>, tensor<?x64xbf16>) outs(%o : tensor<128x64xf32>) -> tensor<128x64xf32>
  return %r : tensor<128x64xf32>
}

gpu.module @kernels {
  gpu.func @sum(%q: !qm, %k: !km, %o: !om, %tiles: index) kernel attributes {cta.shared_bytes = 65584 : i64} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %c8 = arith.constant 8 : i32
    %c8192 = arith.constant 8192 : i32
    %keys = memref.dim %k, %c0 : !km
    %staging = cta.shared "staging" bytes(32768) align(1024) at(0) : i32
    %via = cta.smem_tile %staging : !ot
    %Q = cta.shared "Q" bytes(16384) align(1024) at(32768) : i32
    %K = cta.shared "K" bytes(16384) align(1024) at(49152) : i32
    %Qfull = cta.shared "Q full" bytes(8) align(8) at(65536) : i32
    %fulls = cta.shared "K full" bytes(16) align(8) at(65552) : i32
    %empties = cta.shared "K empty" bytes(16) align(8) at(65568) : i32
    cta.mbarrier_init %Qfull count(1) depth(1)
    cta.mbarrier_init %fulls count(1) depth(2)
    cta.mbarrier_init %empties count(8) depth(2)
    cta.sync_block
    %qt = cta.smem_tile %Q : !qt
    cta.warp_specialize role(producer) warps(4) registers(24) {
      cta.mbarrier_arrive %Qfull expect(16384)
      cta.tma_load %q[%c0, %c0] dims [0, 1] to %qt signal %Qfull : !qm, !qt
      scf.for %j = %c0 to %keys step %c64 iter_args(%n = %zero) -> (i32) {
        %slot = arith.andi %n, %one : i32
        %round = arith.shrui %n, %one : i32
        %phase = arith.andi %round, %one : i32
        %flipped = arith.xori %phase, %one : i32
        %barrier = arith.muli %slot, %c8 : i32
        %free = arith.addi %empties, %barrier : i32
        cta.mbarrier_wait %free parity %flipped
        %filling = arith.addi %fulls, %barrier : i32
        cta.mbarrier_arrive %filling expect(8192)
        %offset = arith.muli %slot, %c8192 : i32
        %address = arith.addi %K, %offset : i32
        %tile = cta.smem_tile %address : !kt
        cta.tma_load %k[%j, %c0] dims [0, 1] to %tile signal %filling : !km, !kt
        %next = arith.addi %n, %one : i32
        scf.yield %next : i32
      }
    } role(consumer) warps(8) registers(240) {
      %init = arith.constant dense<0.0> : !acc
      %w = cta.warpgroup_index : i32
      %isLast = arith.cmpi eq, %w, %one : i32
      %two = arith.constant 2 : i32
      %own = arith.addi %w, %one : i32
      %other = arith.select %isLast, %one, %two : i32
      scf.if %isLast {
        cta.named_barrier %one threads(256) arrive
      }
      cta.mbarrier_wait %Qfull parity %zero
      %sum:2 = scf.for %j = %c0 to %keys step %c64 iter_args(%acc = %init, %n = %zero) -> (!acc, i32) {
        %slot = arith.andi %n, %one : i32
        %round = arith.shrui %n, %one : i32
        %phase = arith.andi %round, %one : i32
        %flipped = arith.xori %phase, %one : i32
        %barrier = arith.muli %slot, %c8 : i32
        %full = arith.addi %fulls, %barrier : i32
        cta.mbarrier_wait %full parity %phase
        %offset = arith.muli %slot, %c8192 : i32
        %address = arith.addi %K, %offset : i32
        %kt = cta.smem_tile %address : !kt
        cta.named_barrier %own threads(256)
        %f = cta.dot_async %qt, %kt, %acc transpose_b : !qt, !kt, !acc -> !cta.inflight<!acc>
        cta.named_barrier %other threads(256) arrive
        %s = cta.dot_wait %f pending(0) : !cta.inflight<!acc>
        %empty = arith.addi %empties, %barrier : i32
        cta.mbarrier_arrive %empty
        %next = arith.addi %n, %one : i32
        scf.yield %s, %next : !acc, i32
      }
      cta.store %sum#0, %o[%c0, %c0] dims [0, 1] via(%via : !ot) : !acc, !om
      cta.store_wait complete
    }
    gpu.return
  }
}
