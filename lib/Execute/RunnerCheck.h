//===- RunnerCheck.h - Results against the evaluator ------------*- C++ -*-===//
//
// Evaluates a function by its definition, in f64 and (where that does not take
// long) unfused in its own precision, and judges results by Compare.h.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EXECUTE_RUNNERCHECK_H
#define FOVEA_LIB_EXECUTE_RUNNERCHECK_H

#include "OperationCount.h"
#include "fovea/Execute/Compare.h"

namespace fovea {

class ResultChecker {
public:
  /// Evaluates `function`, which must be on tensors still.
  static llvm::Expected<ResultChecker>
  create(mlir::func::FuncOp function, const std::vector<HostTensor> &arguments,
         const std::optional<OperationCount> &count);

  llvm::Expected<std::vector<Verdict>>
  judge(llvm::ArrayRef<HostTensor> results) const;

private:
  std::vector<HostTensor> references;
  std::vector<HostTensor> baselines; ///< Empty where it would take too long.
  std::vector<CompareOptions> options;
};

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_RUNNERCHECK_H
