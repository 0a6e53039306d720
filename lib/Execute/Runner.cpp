//===- Runner.cpp - Compiling and running a file --------------------------===//

#include "fovea/Execute/Runner.h"
#include "OperationCount.h"
#include "RunnerArguments.h"
#include "RunnerTargets.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Execute/Npy.h"
#include "fovea/Execute/ResultChecker.h"

using namespace fovea;

/// Beyond this many operations the baseline, which only sharpens the limits of
/// 16-bit types, is not worth the wait.
static constexpr double maxBaselineFlops = 4e9;

static llvm::Error checkTarget(llvm::StringRef target) {
  if (target == "auto" || target == "cpu" || target == "cuda")
    return llvm::Error::success();
  return llvm::createStringError("target '" + target + "': expected 'auto', 'cpu' or 'cuda'");
}

static llvm::Expected<Timing> measure(CompiledCall &call, int64_t repeat, const std::optional<OperationCount> &count) {
  Timing timing;
  auto seconds = call.measure(repeat);
  if (!seconds)
    return seconds.takeError();
  timing.seconds = std::move(*seconds);
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
  if (options.onChipBytes < 0)
    return llvm::createStringError("on-chip memory of %lld bytes: expected none or more",
                                   static_cast<long long>(options.onChipBytes));
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
  RunRequest request = {file, *signature, *arguments, options};
  if (options.count) {
    std::vector<HostTensor> results;
    auto counted = countAccesses(request, results);
    if (!counted)
      return counted.takeError();
    if (checker) {
      auto verdicts = checker->judge(results);
      if (!verdicts)
        return verdicts.takeError();
      counted->verdicts = std::move(*verdicts);
    }
    report.counted = std::move(*counted);
  }
  auto call = options.interpret.empty() ? compileForTarget(request, report) : lowerForInterpreter(request, report);
  if (!call)
    return call.takeError();
  if (checker && file.module
                     ->walk([](mlir::Operation *op) {
                       return op->hasAttr(mlir::cta::CtaDialect::getRescaleAttrName()) ? mlir::WalkResult::interrupt()
                                                                                       : mlir::WalkResult::advance();
                     })
                     .wasInterrupted())
    checker->allowConditionalRescale();
  if (llvm::Error error = (*call)->run())
    return error;
  report.notes = (*call)->takeNotes();
  auto results = (*call)->takeResults();
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
  if (options.repeat > 0) {
    auto timing = measure(**call, options.repeat, count);
    if (!timing)
      return timing.takeError();
    report.timing = std::move(*timing);
  }
  if (llvm::Error error = writeOutputs(*results, options))
    return error;
  return report;
}
