//===- BitBasis.h - Gaussian elimination over GF(2) -------------*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_SUPPORT_BITBASIS_H
#define FOVEA_LIB_SUPPORT_BITBASIS_H

#include <cstdint>
#include <vector>

namespace fovea {

/// A basis of the span of some vectors of bits, kept in reduced echelon form,
/// with a record of which of the vectors make up each of its members.
///
/// A vector that depends on earlier ones is not taken, so whatever the vectors
/// inserted first can express is expressed by them alone.
class BitBasis {
public:
  struct Solution {
    uint64_t combination; ///< The vectors to XOR, as a set of their ids.
    uint64_t rest;        ///< What they do not express: 0 if in the span.
  };

  /// Takes the vector unless it depends on the ones before it; says whether.
  bool insert(uint64_t vector, unsigned id) {
    Solution solution = solve(vector);
    if (!solution.rest)
      return false;
    uint64_t pivot = solution.rest & -solution.rest;
    uint64_t combination = solution.combination ^ (uint64_t(1) << id);
    for (Member &member : members)
      if (member.vector & pivot) {
        member.vector ^= solution.rest;
        member.combination ^= combination;
      }
    members.push_back({solution.rest, pivot, combination});
    return true;
  }

  /// Linear in `vector`, within and outside of the span.
  Solution solve(uint64_t vector) const {
    Solution solution = {0, vector};
    for (const Member &member : members)
      if (vector & member.pivot) {
        solution.combination ^= member.combination;
        solution.rest ^= member.vector;
      }
    return solution;
  }

  bool spans(uint64_t vector) const { return solve(vector).rest == 0; }
  unsigned rank() const { return members.size(); }

private:
  struct Member {
    uint64_t vector;
    uint64_t pivot; ///< A bit that no other member has.
    uint64_t combination;
  };
  std::vector<Member> members;
};

} // namespace fovea

#endif // FOVEA_LIB_SUPPORT_BITBASIS_H
