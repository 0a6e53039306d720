//===- Runner.cpp - Compiling and running a file --------------------------===//

#include "fovea/Execute/Runner.h"
#include "FirstDiagnostic.h"
#include "OperationCount.h"
#include "RunnerArguments.h"
#include "fovea/Execute/Jit.h"
#include "fovea/Execute/Npy.h"
#include "fovea/Execute/ResultChecker.h"
#include "fovea/InitAll.h"
#include "fovea/Pipelines/Pipelines.h"
#include "fovea/runtime.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"

#include <chrono>

using namespace fovea;

/// Beyond this many operations the baseline, which only sharpens the limits of
/// 16-bit types, is not worth the wait.
static constexpr double maxBaselineFlops = 4e9;

namespace {

class Stopwatch {
public:
  double getSeconds() const {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

/// A file that was read, with what is needed to report on it.
struct SourceFile {
  llvm::SourceMgr sources;
  mlir::MLIRContext context;
  std::optional<FirstDiagnostic> diagnostic;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  SourceFile() : context(mlir::MLIRContext::Threading::DISABLED) {}
  llvm::Error read(llvm::StringRef path);
};

} // namespace

llvm::Error SourceFile::read(llvm::StringRef path) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.printOpOnDiagnostic(false);
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!buffer)
    return llvm::createStringError(path + ": " + buffer.getError().message());
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  diagnostic.emplace(sources, &context);
  module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return diagnostic->take(path + ": not a module of MLIR");
  return llvm::Error::success();
}

static llvm::Error checkTarget(llvm::StringRef target) {
  if (target == "auto" || target == "cpu")
    return llvm::Error::success();
  if (target == "cuda")
    return llvm::createStringError(
        "target 'cuda' is refused: this build lowers to the CPU only");
  return llvm::createStringError("target '" + target +
                                 "': expected 'auto', 'cpu' or 'cuda'");
}

/// The function called `name`, or the only public one.
static llvm::Expected<mlir::func::FuncOp> findEntry(mlir::ModuleOp module,
                                                    llvm::StringRef name) {
  llvm::SmallVector<mlir::func::FuncOp> candidates;
  std::string names;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (!function.isPublic() || function.isExternal())
      continue;
    if (function.getName() == name)
      return function;
    candidates.push_back(function);
    names += (names.empty() ? "@" : ", @") + function.getName().str();
  }
  if (candidates.empty())
    return llvm::createStringError("the file defines no public function");
  if (!name.empty())
    return llvm::createStringError("no public function @" + name +
                                   "; there is " + names);
  if (candidates.size() > 1)
    return llvm::createStringError("several functions; choose with --entry: " +
                                   names);
  return candidates.front();
}

/// Lowers the module of `file` and compiles `signature`'s function.
static llvm::Expected<std::unique_ptr<CompiledFunction>>
compile(SourceFile &file, const Signature &signature, const RunOptions &options,
        RunReport &report) {
  JitOptions jitOptions;
  CpuPipelineOptions pipelineOptions;
  pipelineOptions.setMachine(jitOptions.target, report.threads);
  if (failed(pipelineOptions.parseFromString(options.pipelineOptions,
                                             llvm::nulls())))
    return llvm::createStringError("pipeline options '" +
                                   options.pipelineOptions +
                                   "': not options of attn-to-llvm");
  mlir::PassManager passes(&file.context);
  (options.unfused ? buildAttnUnfusedToLLVMPipeline
                   : buildAttnToLLVMPipeline)(passes, pipelineOptions);
  // After every pass it takes as long as the passes; once says the same here.
  passes.enableVerifier(false);
  Stopwatch lowering;
  if (failed(passes.run(*file.module)) || failed(mlir::verify(*file.module)))
    return file.diagnostic->take("lowering failed without saying why");
  report.loweringSeconds = lowering.getSeconds();
  Stopwatch codegen;
  auto compiled =
      CompiledFunction::compile(*file.module, signature, jitOptions);
  report.codegenSeconds = codegen.getSeconds();
  return compiled;
}

static Timing measure(Invocation &call, int64_t repeat,
                      const std::optional<OperationCount> &count) {
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

static llvm::Error writeOutputs(llvm::ArrayRef<HostTensor> results,
                                const RunOptions &options) {
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
  auto entry = findEntry(*file.module, options.entry);
  if (!entry)
    return entry.takeError();
  auto signature = Signature::of(*entry);
  if (!signature)
    return signature.takeError();
  if (options.outputs.size() > signature->results.size())
    return llvm::createStringError(
        "@%s has %zu results, but --output is given %zu times",
        signature->name.c_str(), signature->results.size(),
        options.outputs.size());
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
    auto made = ResultChecker::create(
        *entry, *arguments, takesLong ? Baseline::None : Baseline::SixteenBit);
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
