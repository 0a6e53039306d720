//===- Runner.cpp - Compiling and running a file --------------------------===//

#include "fovea/Execute/Runner.h"
#include "OperationCount.h"
#include "RunnerArguments.h"
#include "RunnerCommand.h"
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

static llvm::Error writeOutputs(llvm::ArrayRef<HostTensor> results, const RunOptions &options) {
  llvm::SmallVector<NpyOutput> outputs;
  for (auto [path, tensor] : llvm::zip(options.outputs, results))
    outputs.push_back({path, &tensor, options.rawBF16});
  return writeNpy(outputs);
}

/// What a run is made of, in the order in which it is made: what comes later refers to what came before.
struct PreparedRun::State {
  RunOptions options;
  Reproducer reproducer{"fovea-run"};
  SourceFile file;
  Signature signature;
  std::vector<HostTensor> arguments;
  std::optional<ResultChecker> checker;
  std::unique_ptr<CompiledCall> call;
  llvm::SmallVector<HostTensor> results;
  RunReport report;

  llvm::Error read();
  llvm::Error count(const RunRequest &request);
  llvm::Error compile();
  llvm::Error runOnce();
};

static int64_t getElementBytes(const HostTensor &tensor) {
  return tensor.getNumElements() * getByteSize(tensor.getElementType());
}

llvm::Error PreparedRun::State::read() {
  if (llvm::Error error = options.text ? file.parse(*options.text, options.file) : file.read(options.file))
    return error;
  auto entry = findFunction(*file.module, options.entry);
  if (!entry)
    return entry.takeError();
  auto found = Signature::of(*entry);
  if (!found)
    return found.takeError();
  signature = std::move(*found);
  if (options.outputs.size() > signature.results.size())
    return llvm::createStringError("@%s has %zu results, but --output is given %zu times", signature.name.c_str(),
                                   signature.results.size(), options.outputs.size());
  auto made = createArguments(*entry, signature, options);
  if (!made)
    return made.takeError();
  arguments = std::move(*made);
  report.entry = signature.name;
  for (auto [argument, tensor] : llvm::zip_equal(entry->getArguments(), arguments))
    if (!isDestination(argument))
      report.argumentBytes += getElementBytes(tensor);

  std::optional<OperationCount> count = countOperations(*entry, arguments);
  if (count) {
    report.flops = count->flops;
    report.masked = count->masked;
  }
  // Before lowering takes the definition and the call writes to arguments.
  if (!options.check)
    return llvm::Error::success();
  bool takesLong = count && count->flops > maxBaselineFlops;
  auto created = ResultChecker::create(*entry, arguments, takesLong ? Baseline::None : Baseline::SixteenBit);
  if (!created)
    return created.takeError();
  checker = std::move(*created);
  return llvm::Error::success();
}

llvm::Error PreparedRun::State::count(const RunRequest &request) {
  std::vector<HostTensor> countedResults;
  auto counted = countAccesses(request, countedResults);
  if (!counted)
    return counted.takeError();
  if (checker) {
    auto verdicts = checker->judge(countedResults);
    if (!verdicts)
      return verdicts.takeError();
    counted->verdicts = std::move(*verdicts);
  }
  report.counted = std::move(*counted);
  return llvm::Error::success();
}

llvm::Error PreparedRun::State::compile() {
  RunRequest request = {file, signature, arguments, options, reproducer};
  if (options.count)
    if (llvm::Error error = count(request))
      return error;
  auto made = options.interpret.empty() ? compileForTarget(request, report) : lowerForInterpreter(request, report);
  if (!made)
    return made.takeError();
  call = std::move(*made);
  auto rescales = [](mlir::Operation *op) {
    return op->hasAttr(mlir::cta::CtaDialect::getRescaleAttrName()) ? mlir::WalkResult::interrupt()
                                                                    : mlir::WalkResult::advance();
  };
  if (checker && file.module->walk(rescales).wasInterrupted())
    checker->allowConditionalRescale();
  return llvm::Error::success();
}

llvm::Error PreparedRun::State::runOnce() {
  if (llvm::Error error = call->run())
    return error;
  report.notes = call->takeNotes();
  auto taken = call->takeResults();
  if (!taken)
    return taken.takeError();
  results = std::move(*taken);
  for (const HostTensor &result : results) {
    report.resultTypes.push_back(result.getTypeString());
    report.resultBytes += getElementBytes(result);
  }
  if (!checker)
    return llvm::Error::success();
  auto verdicts = checker->judge(results);
  if (!verdicts)
    return verdicts.takeError();
  report.verdicts = std::move(*verdicts);
  return llvm::Error::success();
}

PreparedRun::PreparedRun(std::unique_ptr<State> state) : state(std::move(state)) {}
PreparedRun::PreparedRun(PreparedRun &&other) noexcept = default;
PreparedRun &PreparedRun::operator=(PreparedRun &&other) noexcept = default;
PreparedRun::~PreparedRun() = default;

const RunReport &PreparedRun::getReport() const { return state->report; }

llvm::Expected<std::vector<double>> PreparedRun::measure(int64_t repeat) {
  auto seconds = state->call->measure(repeat);
  if (!seconds)
    return state->reproducer.keep(seconds.takeError());
  return seconds;
}

llvm::Expected<PreparedRun> PreparedRun::create(const RunOptions &options) {
  if (llvm::Error error = checkTarget(options.target))
    return error;
  if (options.onChipBytes < 0)
    return llvm::createStringError("on-chip memory of %lld bytes: expected none or more",
                                   static_cast<long long>(options.onChipBytes));
  auto state = std::make_unique<State>();
  state->options = options;
  if (llvm::Error error = state->read())
    return error;
  describeRun(state->reproducer, options, state->file.getText(), state->arguments);
  state->reproducer.prepareForCrash();
  if (llvm::Error error = state->compile())
    return state->reproducer.keep(std::move(error));
  if (llvm::Error error = state->runOnce())
    return state->reproducer.keep(std::move(error));
  if (!state->report.passed())
    if (std::string line = state->reproducer.keep(state->report.str()); !line.empty())
      state->report.reproducers.push_back(line);
  return PreparedRun(std::move(state));
}

llvm::Expected<RunReport> fovea::runFile(const RunOptions &options) {
  auto run = PreparedRun::create(options);
  if (!run)
    return run.takeError();
  RunReport &report = run->state->report;
  if (options.repeat > 0) {
    auto seconds = run->measure(options.repeat);
    if (!seconds)
      return seconds.takeError();
    llvm::sort(*seconds);
    report.timing = Timing{std::move(*seconds)};
  }
  if (llvm::Error error = writeOutputs(run->state->results, options))
    return error;
  return std::move(report);
}
