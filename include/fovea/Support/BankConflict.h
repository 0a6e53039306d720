//===- BankConflict.h - What an access to shared memory costs ---*- C++ -*-===//
//
// Part of the Fovea project. Free of IR.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_BANKCONFLICT_H
#define FOVEA_SUPPORT_BANKCONFLICT_H

#include <cstdint>
#include <vector>

namespace fovea {

/// Shared memory serves 32 banks of 4 bytes at a time: up to 128 bytes, if no
/// two of the words lie in one bank. (The same word serves all who ask for it.)
struct SharedAccessCost {
  int64_t wavefronts; ///< What the access takes.
  int64_t ideal;      ///< What it takes without conflicts: one per phase.

  int64_t conflicts() const { return wavefronts - ideal; }
};

/// The cost of one access of a warp: lane i moves `bytesPerLane` (a power of
/// two up to 16) from or to addresses[i], aligned to its size. Lanes go in
/// order, in phases of as many as move 128 bytes. ldmatrix and stmatrix are
/// accesses of 16 bytes by the lanes that supply addresses: a phase per matrix.
SharedAccessCost sharedAccessCost(const std::vector<int64_t> &addresses, int64_t bytesPerLane);

} // namespace fovea

#endif // FOVEA_SUPPORT_BANKCONFLICT_H
