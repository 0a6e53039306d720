//===- ModuleGenerator.h - random legal modules -----------------*- C++ -*-===//
//
// One seed, one problem, one module: the same on every machine, so that a seed
// is a reproducer.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_LIB_FUZZ_MODULEGENERATOR_H
#define FOVEA_TEST_LIB_FUZZ_MODULEGENERATOR_H

#include "Problem.h"

namespace fovea::fuzz {

struct GeneratorOptions {
  bool attention = true, softmax = true, crossEntropy = true;
  /// Lengths are at most this.
  int64_t maxLength = 129;
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
