//===- Problem.h - one drawn attention, softmax or loss ---------*- C++ -*-===//
//
// What a seed stands for, apart from how it is written: the same draw is
// printed as a module for the pipelines and filled with data for execution.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_LIB_FUZZ_PROBLEM_H
#define FOVEA_TEST_LIB_FUZZ_PROBLEM_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fovea::fuzz {

/// An argument of the function: a tensor, or a scalar where `isScalar`.
struct Argument {
  std::string name;
  std::string elementType;
  bool isScalar = false;
  /// An output's initial content, which no result may depend on.
  bool isOutput = false;
  /// The extents at run time.
  std::vector<int64_t> shape;
  /// Which of them the type does not tell.
  std::vector<bool> dynamic;
  /// In elements; 0 repeats one element along a dimension. Types have no
  /// strides: these are those of the buffer that an execution passes.
  std::vector<int64_t> strides;
  /// Integer data lies in [0, bound).
  int64_t bound = 2;

  /// The type, for example `tensor<2x?xf16>` or `index`.
  std::string type() const;
};

/// How a region reads a capture.
struct Capture {
  enum class Form { Scalar, Element, Whole };
  Form form;
  unsigned argument;
  /// Results of the indexing map; empty for scalars and whole captures.
  std::vector<std::string> map;
};

/// A score or mask region: its statements in the order of evaluation, with the
/// captures named %c0, %c1, ... and the score %s. Absent where there are none.
struct RegionBody {
  std::vector<std::string> statements;
  explicit operator bool() const { return !statements.empty(); }
};

struct Problem {
  enum class Kind { Attention, Softmax, CrossEntropy };
  Kind kind;
  uint64_t seed;
  std::vector<Argument> arguments;

  /// Indices into `arguments`.
  std::vector<unsigned> inputs, outputs;
  std::optional<unsigned> sink, bias, keep, alibi, scaleValue, alignmentOffset;

  // Clauses of attention.
  bool causal = false;
  std::optional<std::string> alignment; ///< top_left, bottom_right or offset
  std::optional<int64_t> windowLeft, windowRight;
  std::optional<double> softcap, scale;
  bool returnLse = false, returnMax = false;

  // Regions.
  std::vector<Capture> captures;
  RegionBody score, mask;

  // Softmax and cross-entropy.
  int64_t dimension = 0;
  bool logProb = false, safe = false;
  std::optional<int64_t> ignoreIndex;
  std::optional<double> labelSmoothing, zLoss;
  std::string reduction = "none";

  /// One text per mapped operand, or empty for the maps that shapes imply.
  std::vector<std::string> maps;

  // What surrounds the op.
  bool transposedKey = false; ///< K is stored with its last two swapped.
  bool fillOutputs = false, scaleResult = false;
};

} // namespace fovea::fuzz

#endif // FOVEA_TEST_LIB_FUZZ_PROBLEM_H
