//===- RunnerTargets.h - A run on the CPU or a GPU --------------*- C++ -*-===//

#ifndef FOVEA_LIB_EXECUTE_RUNNERTARGETS_H
#define FOVEA_LIB_EXECUTE_RUNNERTARGETS_H

#include "fovea/Compile/Reproducer.h"
#include "fovea/Compile/SourceFile.h"
#include "fovea/Evaluate/Evaluator.h"
#include "fovea/Execute/Runner.h"
#include "fovea/Execute/Signature.h"

namespace fovea {

/// A function that is compiled and has its arguments.
class CompiledCall {
public:
  virtual ~CompiledCall() = default;
  virtual llvm::Error run() = 0;
  virtual llvm::Expected<llvm::SmallVector<HostTensor>> takeResults() = 0;
  /// What was noticed while it ran.
  virtual std::vector<std::string> takeNotes() { return {}; }
  /// Seconds per call of so many further runs.
  virtual llvm::Expected<std::vector<double>> measure(int64_t repeat) = 0;
};

/// What a run is made of; the arguments outlive it.
struct RunRequest {
  SourceFile &file;
  const Signature &signature;
  std::vector<HostTensor> &arguments;
  const RunOptions &options;
  Reproducer &reproducer;
};

/// Compiles for this machine's CPU, and tells the report how. The module is
/// lowered in place.
llvm::Expected<std::unique_ptr<CompiledCall>> compileForCpu(const RunRequest &request, RunReport &report);

/// The same for the first CUDA device. The module stays as it is.
llvm::Expected<std::unique_ptr<CompiledCall>> compileForCudaDevice(const RunRequest &request, RunReport &report);

/// What the evaluator returned, with scalars as tensors of rank 0.
llvm::Expected<std::vector<HostTensor>> toTensors(llvm::MutableArrayRef<EvaluateResult> results, mlir::TypeRange types);

/// Interprets a copy of the module after its last stage on tensors, and counts. `results` are what comes out.
llvm::Expected<CountedAccesses> countAccesses(const RunRequest &request, std::vector<HostTensor> &results);

/// Lowers a copy of the module to the stage `options.interpret` and runs it by
/// the tile interpreter.
llvm::Expected<std::unique_ptr<CompiledCall>> lowerForInterpreter(const RunRequest &request, RunReport &report);

/// Chooses between the first two by what `options.target` says; `auto` prefers a GPU
/// where there is one that we compile for and the function can be lowered to
/// it, and says in the report what decided.
llvm::Expected<std::unique_ptr<CompiledCall>> compileForTarget(const RunRequest &request, RunReport &report);

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_RUNNERTARGETS_H
