//===- KernelBudget.h - What fits into a multiprocessor of sm_90 ----------===//
//
// Part of the Fovea project. Free of IR.
//
//===----------------------------------------------------------------------===//
//
// A kernel of one producer warpgroup and n consumer warpgroups is launched with
// the same number of registers for every thread; setmaxnreg then moves some
// from the producer to the consumers. The pool is what the launch took:
//
//     launch   = floor8(65536 / (128 (n + 1) * blocks per multiprocessor))
//     producer + n * consumer <= (n + 1) * launch        or nobody ever starts
//
// A consumer thread holds, in 32-bit registers, of a tile of 64 n rows, N keys
// and D columns of values: scores S = N / 2, accumulators O = D / 2 and weights
// in 16 bits P = N / 4. If the product of scores is issued while that of values
// runs, all three live at once. If not, the scores become the weights piece by
// piece, and only a fraction of P comes on top.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_KERNELBUDGET_H
#define FOVEA_SUPPORT_KERNELBUDGET_H

#include <cstdint>

namespace fovea {

/// Registers of a multiprocessor, and the most that one thread can have.
constexpr int64_t registersPerSm = 65536;
constexpr int64_t maxRegistersPerThread = 240;
/// Shared memory of a multiprocessor, and what the system takes per block.
constexpr int64_t sharedBytesPerSm = 228 * 1024;
constexpr int64_t sharedBytesReserved = 1024;

/// Registers of a thread at the launch and after setmaxnreg; multiples of 8.
struct RoleRegisters {
  int64_t launch, producer, consumer;
};

/// Of every thread of one producer and `warpgroups` consumer warpgroups.
int64_t launchRegisters(int64_t warpgroups, int64_t blocksPerSm);
/// As many for the consumers as the pool allows when the producer keeps 24, and
/// what is then left for the producer, up to a quarter of the launch's.
RoleRegisters chooseRoleRegisters(int64_t warpgroups, int64_t blocksPerSm);
/// Whether the pool of the launch has as many.
bool fitsRegisterPool(int64_t warpgroups, int64_t blocksPerSm, int64_t producer, int64_t consumer);

/// 32-bit registers per consumer thread of the tiles that live through a block
/// of keys.
struct RegisterBlocks {
  int64_t scores = 0;       ///< Results of products that start from zero.
  int64_t accumulators = 0; ///< Results of products that are carried on.
  int64_t operands = 0;     ///< A operands.
  // Not registers:
  int64_t conditions = 0; ///< Comparisons of every score, which mask it.
  int64_t slices = 1;     ///< Of 64 rows, of a warpgroup.

  /// The most that live at once. Where products wait for each other the operands take the place of scores, all but some
  /// if a warpgroup has several slices of 64 rows; but two bounds of a window need room beside these.
  int64_t peak(bool overlap) const {
    int64_t tiles = scores + accumulators;
    if (overlap)
      return tiles + operands;
    return tiles + operands / (slices > 1 ? 2 : 8) + (conditions > 1 ? registersOfSecondBound : 0);
  }

  static constexpr int64_t registersOfSecondBound = 20;
};

/// What ptxas needs, in the registers of the launch, for one product that adds to `columns` columns.
int64_t registersOfProduct(int64_t columns);

/// How many of `registers` per thread are left for blocks: what the addresses,
/// the row statistics and ptxas need is 28. (Measured with ptxas 13.0: 132 of
/// 160, 208 of 240 and 80 of 112 compile without spills; 136 and 140 of 160, 92
/// of 112 and 80 of 104 do not; without overlap 64 + 64 of 160 do, 96 + 32 do
/// not.)
int64_t blockRegisterLimit(int64_t registers);

/// The most dynamic shared memory of a block.
int64_t sharedBytesLimit(int64_t blocksPerSm);

} // namespace fovea

#endif // FOVEA_SUPPORT_KERNELBUDGET_H
