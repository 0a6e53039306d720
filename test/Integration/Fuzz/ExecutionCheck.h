//===- ExecutionCheck.h - random problems, compiled and run -----*- C++ -*-===//
//
// Each seed is compiled through `attn-to-llvm`, called, and judged against the
// evaluator by the rules of Compare.h. Further calls, with the same and with
// other numbers of threads, must give the same bits. A call must write to the
// elements of its outputs and to nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_INTEGRATION_FUZZ_EXECUTIONCHECK_H
#define FOVEA_TEST_INTEGRATION_FUZZ_EXECUTIONCHECK_H

#include "Fuzz/Problem.h"
#include "fovea/Execute/HostTensor.h"
#include "fovea/Execute/Jit.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"

namespace fovea::fuzz {

class ExecutionCheck {
public:
  /// With `unfused`, through `attn-unfused-to-llvm` instead. With
  /// `pipelineOptions`, these instead of drawn ones. With `sixteenBit`,
  /// attention in f16 or bf16 only.
  explicit ExecutionCheck(mlir::MLIRContext &context, std::string pipelineOptions = "", bool unfused = false,
                          bool sixteenBit = false)
      : context(context), pipelineOptions(std::move(pipelineOptions)), unfused(unfused), sixteenBit(sixteenBit) {}

  /// Fails, saying what is wrong, with what options and in which module.
  llvm::Error run(uint64_t seed);

  /// Results so far whose problem was so badly conditioned that they were held
  /// against twice the error of the unfused evaluation instead of a fixed one.
  int64_t getNumIllConditioned() const { return numIllConditioned; }

private:
  llvm::Error run(const Problem &problem, llvm::StringRef module, llvm::StringRef options);
  llvm::Error compareRuns(Invocation &call, const Problem &problem, std::vector<HostTensor> &arguments,
                          llvm::ArrayRef<HostTensor> expected);

  mlir::MLIRContext &context;
  std::string pipelineOptions;
  bool unfused, sixteenBit;
  CpuModel cpu = CpuModel::host();
  int64_t numIllConditioned = 0;
};

} // namespace fovea::fuzz

#endif // FOVEA_TEST_INTEGRATION_FUZZ_EXECUTIONCHECK_H
