//===- BenchProblem.h - a problem to time, as numbers -----------*- C++ -*-===//

#ifndef FOVEA_BENCH_BENCHPROBLEM_H
#define FOVEA_BENCH_BENCHPROBLEM_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

/// One attention, softmax, log-softmax or cross-entropy of static sizes.
struct BenchProblem {
  enum class Op { Attention, Softmax, LogSoftmax, CrossEntropy };

  Op op = Op::Attention;
  std::string elementType = "f32"; ///< Of operands and result.

  // Attention: Q is [batch, heads, queries, headDim], K and V have kvHeads.
  int64_t batch = 1, heads = 8, kvHeads = 8, queries = 1024, keys = 1024;
  int64_t headDim = 64, valueHeadDim = 64;
  std::string causal = "none"; ///< none, top_left or bottom_right.
  /// Keys to the left and right of the diagonal; it lies as `causal` says, or else bottom_right.
  std::optional<std::pair<int64_t, int64_t>> window;
  double softcap = 0; ///< 0 is none.
  bool alibi = false;
  bool lse = false; ///< The log-sum-exp is returned, too.

  // The others: x is [rows, columns].
  int64_t rows = 4096, columns = 1024;

  /// Fails with what makes no sense, with the values.
  llvm::Error check() const;

  /// `1x8x1024x64 bf16 causal(bottom_right)`: what a table says.
  std::string describe() const;
  /// The options of fovea-bench that name this problem and no other.
  std::string getFlags() const;
  /// A module with one function.
  std::string getModule() const;

  /// Pairs of a query and a key that the mask keeps, for all batches and heads.
  double countPairs() const;
  /// Two for each multiply-add of the pairs that the mask keeps; of a softmax, five per element: maximum, difference,
  /// exponential, sum, quotient.
  double countFlops() const;
  /// Reads and writes of each operand and result once.
  int64_t countReadBytes() const;
  int64_t countWrittenBytes() const;

  /// The same with less batches, heads and lengths, until no more than so many flops without a mask are left.
  BenchProblem shrinkTo(double flops) const;

private:
  double countDenseFlops() const;
  int64_t elementBytes() const;
};

/// attention, softmax, log-softmax, cross-entropy.
std::optional<BenchProblem::Op> parseBenchOp(llvm::StringRef name);
llvm::StringRef getName(BenchProblem::Op op);

} // namespace fovea

#endif // FOVEA_BENCH_BENCHPROBLEM_H
