//===- Runner.cpp - Compiling and running a file --------------------------===//

#include "fovea/Execute/Runner.h"
#include "OperationCount.h"
#include "RunnerArguments.h"
#include "fovea/Compile/Lowering.h"
#include "fovea/Compile/SourceFile.h"
#include "fovea/Execute/Jit.h"
#include "fovea/Execute/Npy.h"
#include "fovea/Execute/ResultChecker.h"
#include "fovea/runtime.h"

#include <chrono>

using namespace fovea;

/// Beyond this many operations the baseline, which only sharpens the limits of
/// 16-bit types, is not worth the wait.
static constexpr double maxBaselineFlops = 4e9;

namespace {

class Stopwatch {
public:
  double getSeconds() const { return std::chrono::duration<double>(Clock::now() - start).count(); }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

} // namespace

static llvm::Error checkTarget(llvm::StringRef target) {
  if (target == "auto" || target == "cpu")
    return llvm::Error::success();
  if (target == "cuda")
    return llvm::createStringError("target 'cuda' is refused: this build lowers to the CPU only");
  return llvm::createStringError("target '" + target + "': expected 'auto', 'cpu' or 'cuda'");
}

/// Lowers the module of `file` and compiles `signature`'s function.
static llvm::Expected<std::unique_ptr<CompiledFunction>> compile(SourceFile &file, const Signature &signature,
                                                                 const RunOptions &options, RunReport &report) {
  JitOptions jitOptions;
  LoweringOptions loweringOptions;
  loweringOptions.cpu = jitOptions.target;
  loweringOptions.threads = report.threads;
  loweringOptions.pipelineOptions = options.pipelineOptions;
  loweringOptions.unfused = options.unfused;
  // Our own code is vector code already; the plain loops are LLVM's to vectorize, which it does from level 2 on.
  if (options.unfused)
    jitOptions.optimizationLevel = 2;
  Stopwatch lowering;
  if (llvm::Error error = lowerToLLVMDialect(*file.module, loweringOptions))
    return file.diagnostic->take(std::move(error));
  report.loweringSeconds = lowering.getSeconds();
  Stopwatch codegen;
  auto compiled = CompiledFunction::compile(*file.module, signature, jitOptions);
  report.codegenSeconds = codegen.getSeconds();
  return compiled;
}

static Timing measure(Invocation &call, int64_t repeat, const std::optional<OperationCount> &count) {
  Timing timing;
  for (int64_t i = 0; i < repeat; ++i) {
    Stopwatch stopwatch;
    call.run();
    timing.seconds.push_back(stopwatch.getSeconds());
  }
  llvm::sort(timing.seconds);
  if (count) {
    timing.flops = count->flops;
    timing.masked = count->masked;
  }
  return timing;
}

static llvm::Error writeOutputs(llvm::ArrayRef<HostTensor> results, const RunOptions &options) {
  llvm::SmallVector<NpyOutput> outputs;
  for (auto [path, tensor] : llvm::zip(options.outputs, results))
    outputs.push_back({path, &tensor, options.rawBF16});
  return writeNpy(outputs);
}

llvm::Expected<RunReport> fovea::runFile(const RunOptions &options) {
  if (llvm::Error error = checkTarget(options.target))
    return error;
  SourceFile file;
  if (llvm::Error error = file.read(options.file))
    return error;
  auto entry = findFunction(*file.module, options.entry);
  if (!entry)
    return entry.takeError();
  auto signature = Signature::of(*entry);
  if (!signature)
    return signature.takeError();
  if (options.outputs.size() > signature->results.size())
    return llvm::createStringError("@%s has %zu results, but --output is given %zu times", signature->name.c_str(),
                                   signature->results.size(), options.outputs.size());
  auto arguments = createArguments(*entry, *signature, options);
  if (!arguments)
    return arguments.takeError();

  RunReport report;
  report.entry = signature->name;
  report.threads = foveaGetThreadCount();
  std::optional<OperationCount> count = countOperations(*entry, *arguments);
  // Before lowering takes the definition and the call writes to arguments.
  std::optional<ResultChecker> checker;
  if (options.check) {
    bool takesLong = count && count->flops > maxBaselineFlops;
    auto made = ResultChecker::create(*entry, *arguments, takesLong ? Baseline::None : Baseline::SixteenBit);
    if (!made)
      return made.takeError();
    checker = std::move(*made);
  }
  auto compiled = compile(file, *signature, options, report);
  if (!compiled)
    return compiled.takeError();

  llvm::SmallVector<HostTensor *> pointers;
  for (HostTensor &argument : *arguments)
    pointers.push_back(&argument);
  auto call = Invocation::create(**compiled, pointers);
  if (!call)
    return call.takeError();
  call->run();
  auto results = call->takeResults();
  if (!results)
    return results.takeError();
  for (const HostTensor &result : *results)
    report.resultTypes.push_back(result.getTypeString());
  if (checker) {
    auto verdicts = checker->judge(*results);
    if (!verdicts)
      return verdicts.takeError();
    report.verdicts = std::move(*verdicts);
  }
  if (options.repeat > 0)
    report.timing = measure(*call, options.repeat, count);
  if (llvm::Error error = writeOutputs(*results, options))
    return error;
  return report;
}
