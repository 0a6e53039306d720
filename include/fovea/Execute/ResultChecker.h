//===- ResultChecker.h - Results against the evaluator ----------*- C++ -*-===//
//
// Evaluates a function by its definition, in f64 and unfused in its own
// precision, and judges results by Compare.h.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_RESULTCHECKER_H
#define FOVEA_EXECUTE_RESULTCHECKER_H

#include "fovea/Execute/Compare.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace fovea {

/// Whether results are also held against the unfused evaluation.
enum class Baseline {
  None,
  SixteenBit, ///< Where Compare.h has a use for it: with f16 and bf16.
  Always      ///< So that `judgeBaseline` can tell how good it is.
};

class ResultChecker {
public:
  /// Evaluates `function`, which must be on tensors still.
  static llvm::Expected<ResultChecker> create(mlir::func::FuncOp function, const std::vector<HostTensor> &arguments,
                                              Baseline baseline = Baseline::SixteenBit);

  /// One verdict per result.
  llvm::Expected<std::vector<Verdict>> judge(llvm::ArrayRef<HostTensor> results) const;
  /// The results come from kernels whose maxima may lag (S12).
  void allowConditionalRescale();

  /// The verdicts that the unfused evaluation itself gets, which tell how well
  /// conditioned the problem is. Wants Baseline::Always.
  llvm::Expected<std::vector<Verdict>> judgeBaseline() const { return judge(baselines, /*againstBaseline=*/false); }

private:
  llvm::Expected<std::vector<Verdict>> judge(llvm::ArrayRef<HostTensor> results, bool againstBaseline) const;

  std::vector<HostTensor> references;
  std::vector<HostTensor> baselines; ///< Empty if not wanted.
  std::vector<CompareOptions> options;
};

} // namespace fovea

#endif // FOVEA_EXECUTE_RESULTCHECKER_H
