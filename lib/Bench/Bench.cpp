//===- Bench.cpp - timing many problems beside what is possible -----------===//

#include "fovea/Bench/Bench.h"
#include "Ceilings.h"
#include "CudaCeilings.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/Dialect/Attn/Transforms/RooflineSvg.h"
#include "fovea/Execute/Runner.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace fovea;

/// The fp64 evaluation of so much takes seconds.
static constexpr double maxCheckedFlops = 4e9;

static double getMedianOf(std::vector<double> values) {
  if (values.empty())
    return 0;
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double BenchResult::getMedian() const { return getMedianOf(seconds); }

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

std::string BenchCell::describe() const {
  if (problem)
    return problem->describe();
  return file + (entry.empty() ? "" : " @" + entry) + (dims.empty() ? "" : " " + llvm::join(dims, " "));
}

std::string BenchCell::getFlags() const {
  if (problem)
    return problem->getFlags();
  std::string text = quoteForShell(file);
  if (!entry.empty())
    text += " --entry=" + quoteForShell(entry);
  for (const std::string &dim : dims)
    text += " --dim " + quoteForShell(dim);
  return text;
}

std::vector<BenchCell> fovea::combine(llvm::StringRef file, llvm::StringRef entry,
                                      llvm::ArrayRef<std::pair<std::string, std::vector<std::string>>> dims) {
  std::vector<BenchCell> cells(1);
  cells.front().file = file.str();
  cells.front().entry = entry.str();
  for (const auto &[name, sizes] : dims) {
    std::vector<BenchCell> more;
    for (const BenchCell &cell : cells)
      for (const std::string &size : sizes) {
        more.push_back(cell);
        more.back().dims.push_back(name + "=" + size);
      }
    cells = std::move(more);
  }
  return cells;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {

/// A cell while it is timed.
struct RunningCell {
  const BenchCell &cell;
  BenchResult result;
  std::optional<PreparedRun> run;
  ElementType type = ElementType::F32;
  std::vector<double> peaks, reads, copies, shares;
};

class Bench {
public:
  explicit Bench(const BenchOptions &options) : options(options) {}
  llvm::Expected<BenchReport> run();

private:
  RunOptions getRunOptions(const BenchCell &cell) const;
  std::string getReproducer(const BenchCell &cell) const;
  llvm::Error prepare(RunningCell &cell);
  llvm::Error check(RunningCell &cell);
  llvm::Error chooseCalls(RunningCell &cell);
  llvm::Error timeRound(RunningCell &cell);
  llvm::Error compare(RunningCell &cell, double seconds);
  void finish(RunningCell &cell);

  const BenchOptions &options;
  std::optional<CpuCeilings> cpuCeilings;
  std::unique_ptr<CudaCeilings> cudaCeilings;
};

bool isOnCpu(const BenchResult &result) { return llvm::StringRef(result.place).starts_with("the CPU"); }

} // namespace

RunOptions Bench::getRunOptions(const BenchCell &cell) const {
  RunOptions run;
  run.file = cell.problem ? cell.problem->describe() : cell.file;
  if (cell.problem)
    run.text = cell.problem->getModule();
  run.entry = cell.entry;
  run.dims = cell.dims;
  run.target = options.target;
  run.pipelineOptions = options.pipelineOptions;
  run.unfused = options.unfused;
  return run;
}

std::string Bench::getReproducer(const BenchCell &cell) const {
  std::string text = "fovea-bench " + cell.getFlags();
  if (options.target != "auto")
    text += " --target=" + options.target;
  if (!options.pipelineOptions.empty())
    text += " --pipeline-options=" + quoteForShell(options.pipelineOptions);
  if (options.unfused)
    text += " --unfused";
  if (!options.check)
    text += " --check=false";
  text += llvm::formatv(" --rounds={0}", options.rounds).str();
  if (options.calls)
    text += llvm::formatv(" --calls={0}", options.calls).str();
  if (options.peakFlops > 0)
    text += llvm::formatv(" --peak-flops={0:e}", options.peakFlops).str();
  if (options.bandwidth > 0)
    text += llvm::formatv(" --bandwidth={0:e}", options.bandwidth).str();
  return text;
}

/// The types of results that failed, or what was compared.
static void noteVerdicts(BenchResult &result, const RunReport &report, const std::string &what) {
  result.passed = report.passed();
  result.check = (result.passed ? "PASS" : "FAIL") + (what.empty() ? "" : " (" + what + ")");
  for (const Verdict &verdict : report.verdicts)
    if (!verdict.passed)
      result.check += ": " + verdict.summary();
}

/// Of the shapes that are timed, where the reference does not take too long; else of smaller ones.
llvm::Error Bench::check(RunningCell &cell) {
  if (!cell.cell.problem)
    return llvm::Error::success(); // prepare has, or it is too large
  BenchProblem small = cell.cell.problem->shrinkTo(maxCheckedFlops);
  RunOptions run = getRunOptions(cell.cell);
  run.text = small.getModule();
  run.check = true;
  auto prepared = PreparedRun::create(run);
  if (!prepared)
    return prepared.takeError();
  noteVerdicts(cell.result, prepared->getReport(), "as " + small.describe());
  return llvm::Error::success();
}

llvm::Error Bench::prepare(RunningCell &cell) {
  BenchResult &result = cell.result;
  RunOptions run = getRunOptions(cell.cell);
  const std::optional<BenchProblem> &problem = cell.cell.problem;
  bool isChecked = options.check;
  if (problem)
    isChecked &= problem->shrinkTo(maxCheckedFlops).describe() == problem->describe();
  run.check = isChecked && problem;
  auto prepared = PreparedRun::create(run);
  if (!prepared)
    return prepared.takeError();
  const RunReport &report = prepared->getReport();
  if (options.check && !problem) {
    // How much it is shows only now.
    isChecked = report.flops.value_or(0) <= maxCheckedFlops;
    result.check = isChecked ? "" : "not checked: too large";
    if (isChecked) {
      run.check = true;
      auto checked = PreparedRun::create(run);
      if (!checked)
        return checked.takeError();
      prepared = std::move(checked);
    }
  }
  const RunReport &last = prepared->getReport();
  result.place = last.place;
  result.compileSeconds = last.loweringSeconds + last.codegenSeconds + last.assemblySeconds;
  result.flops = problem ? problem->countFlops() : last.flops.value_or(0);
  result.dense = !problem && last.masked;
  result.readBytes = problem ? problem->countReadBytes() : last.argumentBytes;
  result.writtenBytes = problem ? problem->countWrittenBytes() : last.resultBytes;
  std::string typeText =
      problem ? problem->elementType : llvm::StringRef(last.resultTypes.front()).rsplit('x').second.str();
  cell.type = parseElementType(typeText).value_or(ElementType::F32);
  if (!options.check)
    result.check = "not checked";
  else if (isChecked)
    noteVerdicts(result, last, "");
  else if (llvm::Error error = check(cell))
    return error;
  cell.run = std::move(*prepared);
  return chooseCalls(cell);
}

llvm::Error Bench::chooseCalls(RunningCell &cell) {
  constexpr double enough = 50e-3;
  constexpr int64_t fewest = 3, most = 1000;
  auto first = cell.run->measure(fewest);
  if (!first)
    return first.takeError();
  double seconds = std::max(*llvm::min_element(*first), 1e-9);
  cell.result.calls = options.calls > 0 ? options.calls : std::clamp(int64_t(enough / seconds), fewest, most);
  return llvm::Error::success();
}

/// What is possible at this moment, and how much of it this round has been.
llvm::Error Bench::compare(RunningCell &cell, double seconds) {
  BenchResult &result = cell.result;
  Ceiling ceiling;
  auto measure = [&](auto &ceilings) -> llvm::Error {
    auto measured = ceilings.measure(cell.type, int64_t(result.readBytes + result.writtenBytes),
                                     result.writtenBytes > result.readBytes / 8);
    if (!measured)
      return measured.takeError();
    ceiling = *measured;
    result.unit = ceilings.getUnit(cell.type);
    return llvm::Error::success();
  };
  if (llvm::Error error = isOnCpu(result) ? measure(*cpuCeilings) : measure(*cudaCeilings))
    return error;
  if (options.peakFlops > 0) {
    ceiling.peakFlops = options.peakFlops;
    result.unit = "given";
  }
  if (options.bandwidth > 0)
    ceiling.readBandwidth = ceiling.copyBandwidth = options.bandwidth;
  cell.peaks.push_back(ceiling.peakFlops);
  cell.reads.push_back(ceiling.readBandwidth);
  cell.copies.push_back(ceiling.copyBandwidth);
  // As much as is written is copied, the rest is read.
  double copied = ceiling.copyBandwidth > 0 ? 2 * std::min(result.readBytes, result.writtenBytes) : 0;
  double bytes = result.readBytes + result.writtenBytes;
  double memory = ceiling.readBandwidth > 0 ? (bytes - copied) / ceiling.readBandwidth : 0;
  if (copied > 0)
    memory += copied / ceiling.copyBandwidth;
  double compute = ceiling.peakFlops > 0 ? result.flops / ceiling.peakFlops : 0;
  if (memory == 0 && compute == 0)
    return llvm::Error::success();
  cell.shares.push_back(std::max(memory, compute) / seconds);
  mlir::attn::Roofline roof{ceiling.peakFlops, memory > 0 ? bytes / memory : 0};
  bool isMemoryBound = compute == 0 || (memory > 0 && roof.isMemoryBound(result.flops / bytes));
  result.bound = isMemoryBound ? "memory" : "compute";
  return llvm::Error::success();
}

llvm::Error Bench::timeRound(RunningCell &cell) {
  auto seconds = cell.run->measure(cell.result.calls);
  if (!seconds)
    return seconds.takeError();
  double median = getMedianOf(*seconds);
  cell.result.seconds.push_back(median);
  return compare(cell, median);
}

void Bench::finish(RunningCell &cell) {
  cell.result.peakFlops = getMedianOf(cell.peaks);
  cell.result.readBandwidth = getMedianOf(cell.reads);
  cell.result.copyBandwidth = getMedianOf(cell.copies);
  cell.result.share = getMedianOf(cell.shares);
}

llvm::Expected<BenchReport> Bench::run() {
  std::vector<RunningCell> running;
  for (const BenchCell &cell : options.cells) {
    running.push_back({cell, {}, std::nullopt, ElementType::F32, {}, {}, {}, {}});
    running.back().result.description = cell.describe();
    running.back().result.reproducer = getReproducer(cell);
  }
  auto note = [](RunningCell &cell, llvm::Error error) {
    if (!error)
      return;
    cell.result.error = llvm::toString(std::move(error));
    cell.run.reset();
  };
  bool onCpu = false, onGpu = false;
  for (RunningCell &cell : running) {
    note(cell, prepare(cell));
    if (cell.run)
      (isOnCpu(cell.result) ? onCpu : onGpu) = true;
  }
  if (onCpu) {
    auto created = CpuCeilings::create();
    if (!created)
      return created.takeError();
    cpuCeilings.emplace(std::move(*created));
  }
  if (onGpu) {
    auto created = CudaCeilings::create();
    if (!created)
      return created.takeError();
    cudaCeilings = std::move(*created);
  }
  for (int64_t round = 0; round < options.rounds; ++round)
    for (size_t i = 0; i < running.size(); ++i) {
      RunningCell &cell = running[(i + round) % running.size()];
      if (cell.run)
        note(cell, timeRound(cell));
    }
  BenchReport report;
  report.rounds = options.rounds;
  for (RunningCell &cell : running) {
    finish(cell);
    report.results.push_back(std::move(cell.result));
  }
  return report;
}

llvm::Expected<BenchReport> fovea::runBench(const BenchOptions &options) {
  if (options.target != "auto" && options.target != "cpu" && options.target != "cuda")
    return llvm::createStringError("target '" + options.target + "': expected 'auto', 'cpu' or 'cuda'");
  if (options.rounds < 1 || options.calls < 0)
    return llvm::createStringError("%lld rounds of %lld calls: expected at least 1 round, and calls or 0",
                                   static_cast<long long>(options.rounds), static_cast<long long>(options.calls));
  if (!(options.peakFlops >= 0) || !(options.bandwidth >= 0))
    return llvm::createStringError("a peak of %g flops and %g bytes per second: expected positive numbers",
                                   options.peakFlops, options.bandwidth);
  for (const BenchCell &cell : options.cells)
    if (cell.problem)
      if (llvm::Error error = cell.problem->check())
        return std::move(error);
  return Bench(options).run();
}
