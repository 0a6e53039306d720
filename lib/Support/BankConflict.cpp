//===- BankConflict.cpp - What an access to shared memory costs -----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/BankConflict.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <set>

using namespace fovea;

SharedAccessCost fovea::sharedAccessCost(const std::vector<int64_t> &addresses, int64_t bytesPerLane) {
  constexpr int64_t numBanks = 32, wordBytes = 4;
  assert(bytesPerLane > 0 && 16 % bytesPerLane == 0 && "1, 2, 4, 8 or 16 bytes");
  size_t lanesPerPhase = std::min<int64_t>(numBanks, numBanks * wordBytes / bytesPerLane);
  SharedAccessCost cost = {0, 0};
  for (size_t begin = 0; begin < addresses.size(); begin += lanesPerPhase) {
    std::array<std::set<int64_t>, numBanks> wordsOfBank;
    size_t end = std::min(begin + lanesPerPhase, addresses.size());
    for (size_t lane = begin; lane < end; ++lane) {
      assert(addresses[lane] % bytesPerLane == 0 && "misaligned");
      for (int64_t byte = 0; byte < bytesPerLane; byte += wordBytes) {
        int64_t word = (addresses[lane] + byte) / wordBytes;
        wordsOfBank[word % numBanks].insert(word);
      }
    }
    size_t deepest = 1;
    for (const std::set<int64_t> &words : wordsOfBank)
      deepest = std::max(deepest, words.size());
    cost.wavefronts += deepest;
    ++cost.ideal;
  }
  return cost;
}
