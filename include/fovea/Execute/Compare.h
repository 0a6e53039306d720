//===- Compare.h - Is a result right? ---------------------------*- C++ -*-===//
//
// Judges a result against a reference evaluated in f64, by these rules:
//
// * NaN in exactly one of the two is a failure, and so are infinities that do
//   not match. (A reference beyond the range of the result's type counts as
//   the infinity it rounds to.) Such elements take no part in what follows.
// * f16, bf16: against the unfused evaluation in the same precision, the
//   baseline, the maximum error is at most 2x and the mean error at most 1.1x,
//   1.3x with conditional rescale. Whatever the baseline, and where there is
//   none, the maximum error is at most 2e-3 (f16) or 1.6e-2 (bf16), a cap made
//   for values of order 1, times max(1, max |reference|).
// * f32, f64: in each row, which is the last dimension, the maximum error over
//   the maximum |reference| of that row is at most 1e-5 (f32), 1e-12 (f64).
// * integers are equal.
//
// Two rules keep chance out. A baseline that happens to be exact is no standard:
// the limits drawn from it are at least one unit roundoff of max |reference| for
// the maximum and of mean |reference| for the mean: of f32, in which all is
// computed, or of the type, below 1024 elements, where a mean is no statistic,
// and where the baseline has no error at all: its weights then were ones and
// zeros, which are not rounded, but weights relative to another maximum are.
// And rows in which cancellation may leave nothing to be relative to are judged
// as one row: those below 8 elements, and those of one value throughout (of
// values broadcast along the head dim) unless that is 0.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_COMPARE_H
#define FOVEA_EXECUTE_COMPARE_H

#include "fovea/Execute/HostTensor.h"

#include <optional>

namespace fovea {

struct CompareOptions {
  /// The result of the unfused evaluation in the same precision, if there is
  /// one. Elements that are not finite say nothing and are left out.
  const HostTensor *baseline = nullptr;
  /// The type whose rule applies, if not the result's: an f32 result of
  /// operands in bf16 is only as good as they are.
  std::optional<ElementType> precision;
  /// The schedule may let the stabilising maximum lag.
  bool conditionalRescale = false;
  /// f32, f64: a row whose maximum is below this is judged as if it had it. An
  /// LSE wants 1: it is a logarithm, so its absolute error is the relative
  /// error of what it stands for, and it may well be 0.
  double magnitudeFloor = 0;
};

/// Two values that no tolerance reconciles.
struct Mismatch {
  llvm::SmallVector<int64_t> indices;
  double result;
  double reference;
};

struct Verdict {
  enum class Rule {
    Equal,      ///< integers: `error` counts elements, `limit` is 0
    MaxError,   ///< f16, bf16: `error` is the maximum absolute error
    RowRelative ///< f32, f64: `error` is the largest of the rows'
  };

  bool passed = false;
  Rule rule = Rule::Equal;
  ElementType precision = ElementType::F32;
  bool hasBaseline = false;
  int64_t numElements = 0;

  /// Absolute errors over the elements that are finite in both.
  double maxError = 0;
  double meanError = 0;

  /// What is judged, as `rule` says, and where it is largest.
  double error = 0;
  double limit = 0;
  llvm::SmallVector<int64_t> worst;
  /// For the mean error; only a baseline gives one.
  std::optional<double> meanLimit;

  /// NaN or infinity on one side, or integers that differ.
  int64_t numMismatches = 0;
  std::optional<Mismatch> firstMismatch;

  /// One line: pass or fail, error and limit.
  std::string summary() const;
};

/// Fails only if the shapes differ or a float is compared with an integer.
llvm::Expected<Verdict> compare(const HostTensor &result, const HostTensor &reference,
                                const CompareOptions &options = {});

} // namespace fovea

#endif // FOVEA_EXECUTE_COMPARE_H
