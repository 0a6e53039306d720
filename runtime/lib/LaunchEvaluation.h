//===- LaunchEvaluation.h - Values of expressions ---------------*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_LAUNCHEVALUATION_H
#define FOVEA_RUNTIME_LIB_LAUNCHEVALUATION_H

#include "fovea/LaunchDescriptor.h"
#include "fovea/cuda.h"

namespace fovea {

/// All expressions of a verified descriptor, for arguments that fit it.
/// Allocates nothing: large, and meant for the stack.
class LaunchEvaluation {
public:
  /// Without arguments, what depends on them is unknown.
  LaunchEvaluation(const launch::LaunchDescriptor &descriptor, const FoveaCudaArgument *arguments, int64_t smCount);

  /// Whether an expression has a value. It may be unknown, or an overflow or a
  /// division by zero, which `explain` tells.
  bool get(launch::ExpressionIndex index, int64_t &value) const {
    value = values[index];
    return states[index] == State::Known;
  }

  /// Like `get`, and sets the last error otherwise; `what` is the value's use.
  bool get(launch::ExpressionIndex index, const char *what, int64_t &value) const;

private:
  enum class State : uint8_t { Known, Unknown, Overflow, DivisionByZero };

  void evaluate(launch::ExpressionIndex index);
  void compute(launch::ExpressionIndex index, int64_t lhs, int64_t rhs);

  const launch::LaunchDescriptor &descriptor;
  const FoveaCudaArgument *const arguments;
  const int64_t smCount;
  /// Where there is no value, the expression that lacks one of its own accord.
  int64_t values[launch::maxExpressions];
  State states[launch::maxExpressions];
};

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_LAUNCHEVALUATION_H
