//===- DrawRegions.h - random score and mask regions ------------*- C++ -*-===//

#ifndef FOVEA_TEST_LIB_FUZZ_DRAWREGIONS_H
#define FOVEA_TEST_LIB_FUZZ_DRAWREGIONS_H

#include "Problem.h"
#include "Random.h"

namespace fovea::fuzz {

/// A dimension of the domain: its extent, and whether types tell it.
struct Dim {
  std::string name;
  int64_t extent;
  bool dynamic;
};

/// An argument that varies along `dims`, in this order.
Argument drawTensor(Random &random, std::string name, std::string elementType, const std::vector<Dim> &dims);

/// The trailing ones of `dims`, some with their extent replaced by 1 (and their
/// name by 0, as in the operand's map).
std::vector<Dim> drawBroadcast(Random &random, const std::vector<Dim> &dims);

/// Adds captures and a score region, a mask region or both, to a problem whose
/// regions may read the positions of `dims` (the first dimensions of the
/// domain); `key` is the one that the softmax normalises over.
void drawRegions(Random &random, Problem &problem, const std::vector<Dim> &dims, unsigned key,
                 const std::string &computeType, bool wantScore, bool wantMask);

} // namespace fovea::fuzz

#endif // FOVEA_TEST_LIB_FUZZ_DRAWREGIONS_H
