//===- ModuleGenerator.h - random legal modules -----------------*- C++ -*-===//
//
// One seed, one problem, one module: the same on every machine, so that a seed
// is a reproducer.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_LIB_FUZZ_MODULEGENERATOR_H
#define FOVEA_TEST_LIB_FUZZ_MODULEGENERATOR_H

#include "Problem.h"

#include <limits>

namespace fovea::fuzz {

struct GeneratorOptions {
  bool attention = true, softmax = true, crossEntropy = true;
  /// Of inputs, one drawn for each problem.
  std::vector<std::string> elementTypes = {"f16", "bf16", "f32", "f32", "f64"};
  /// Lengths of rows, keys and normalised dimensions are drawn from these.
  std::vector<int64_t> lengths = {1, 2, 3, 5, 7, 8, 16, 17, 31, 32, 33, 64, 65, 100, 129};
  /// QK and V head dims are drawn from these.
  std::vector<int64_t> qkHeadDims = {1, 4, 5, 8, 16, 24, 40, 64};
  std::vector<int64_t> valueHeadDims = {1, 3, 8, 32};
  /// Lengths are drawn again, shorter, until the element-wise work (for
  /// attention, the multiply-adds) is at most this.
  int64_t maxWork = std::numeric_limits<int64_t>::max();
  /// Zero extents are drawn, too.
  bool zeroExtents = true;
  /// Fill, transpose and elementwise ops surround the op.
  bool userOps = true;
};

/// Draws a problem. At least one of the kinds must be on.
Problem drawProblem(uint64_t seed, const GeneratorOptions &options = {});

/// The problem as a module with the one function `@main`.
std::string printProblem(const Problem &problem);

/// `printProblem(drawProblem(seed, options))`.
std::string generateModule(uint64_t seed, const GeneratorOptions &options = {});

} // namespace fovea::fuzz

#endif // FOVEA_TEST_LIB_FUZZ_MODULEGENERATOR_H
