//===- fovea-bench.cpp - times problems beside what is possible -----------===//

#include "common/EnvironmentHelp.h"
#include "fovea/Bench/Sweep.h"
#include "fovea/Compile/Reproducer.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/WithColor.h"

namespace cl = llvm::cl;

namespace {

/// A list of values, of which each problem has one.
struct ListOption : cl::list<std::string> {
  ListOption(const char *name, const char *values, const char *description, cl::OptionCategory &category)
      : cl::list<std::string>(llvm::StringRef(name), cl::CommaSeparated, cl::value_desc(values), cl::desc(description),
                              cl::cat(category)) {}
};

} // namespace

static llvm::Error writeFile(llvm::StringRef path, llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write) {
  return path.empty() ? llvm::Error::success() : llvm::writeToOutput(path, write);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::sys::AddSignalHandler(fovea::Reproducer::keepAfterCrash, nullptr);
  cl::OptionCategory problems("What to time", "Each takes a list; every combination is a problem. Without FILE.");
  cl::OptionCategory files("A file instead");
  cl::OptionCategory running("How to time it");
  cl::OptionCategory outputs("What to write beside the table");
  fovea::Sweep sweep;
  fovea::BenchOptions options;

  std::vector<std::unique_ptr<ListOption>> lists;
  for (const fovea::SweepAxis &axis : fovea::getSweepAxes())
    lists.push_back(std::make_unique<ListOption>(axis.name, axis.values, axis.description, problems));
  cl::opt<bool> lse("lse", cl::cat(problems), cl::desc("Return the log-sum-exp of attention, too"));

  cl::opt<std::string> file(cl::Positional, cl::desc("[FILE]"), cl::cat(files));
  cl::opt<std::string> entry("entry", cl::value_desc("function"), cl::cat(files), cl::desc("The function of FILE"));
  cl::list<std::string> dims("dim", cl::value_desc("name=size,size..."), cl::cat(files),
                             cl::desc("Sizes of a dynamic dimension of FILE, as fovea-run names it"));

  cl::opt<std::string, true> target("target", cl::value_desc("auto|cpu|cuda"), cl::cat(running),
                                    cl::desc("Where; auto is a GPU where there is one that can run it"),
                                    cl::location(options.target), cl::init("auto"));
  cl::opt<int64_t, true> rounds("rounds", cl::cat(running), cl::desc("Rounds, each in another order"),
                                cl::location(options.rounds), cl::init(options.rounds));
  cl::opt<int64_t, true> calls("calls", cl::cat(running),
                               cl::desc("Calls in each round; 0: as many as take 50 ms, 3 to 1000"),
                               cl::location(options.calls), cl::init(0));
  cl::opt<bool> check("check", cl::cat(running), cl::init(true),
                      cl::desc("Compare results with the fp64 evaluation; those of large problems for smaller shapes"));
  cl::opt<std::string, true> pipelineOptions("pipeline-options", cl::value_desc("options"), cl::cat(running),
                                             cl::desc("Options of attn-to-llvm or, on a GPU, attn-to-nvvm"),
                                             cl::location(options.pipelineOptions));
  cl::opt<bool, true> unfused("unfused", cl::cat(running), cl::desc("Compile to plain loops, to compare"),
                              cl::location(options.unfused));
  cl::opt<double, true> peakFlops("peak-flops", cl::cat(running),
                                  cl::desc("Operations per second to compare with; default: measured"),
                                  cl::location(options.peakFlops));
  cl::opt<double, true> bandwidth("bandwidth", cl::cat(running),
                                  cl::desc("Bytes per second to compare with; default: measured"),
                                  cl::location(options.bandwidth));

  cl::opt<std::string> json("json", cl::value_desc("path"), cl::cat(outputs), cl::desc("Everything, as JSON"));
  cl::opt<std::string> svg("svg", cl::value_desc("path"), cl::cat(outputs),
                           cl::desc("A roofline with the problems by their numbers"));
  fovea::EnvironmentHelp environmentHelp(running);
  cl::HideUnrelatedOptions({&problems, &files, &running, &outputs});
  cl::ParseCommandLineOptions(argc, argv, "Times attention and softmax beside what the machine can do at most\n");

  auto fail = [](llvm::Error error) {
    llvm::WithColor::error(llvm::errs(), "fovea-bench") << toString(std::move(error)) << "\n";
    return 1;
  };
  for (auto &list : lists)
    sweep.axes[list->ArgStr] = {list->begin(), list->end()};
  sweep.lse = lse;
  sweep.file = file;
  sweep.entry = entry;
  sweep.dims = {dims.begin(), dims.end()};
  options.check = check;
  auto cells = sweep.getCells();
  if (!cells)
    return fail(cells.takeError());
  options.cells = std::move(*cells);
  auto report = fovea::runBench(options);
  if (!report)
    return fail(report.takeError());
  report->writeMarkdown(llvm::outs());
  if (llvm::Error error = writeFile(json, [&](llvm::raw_ostream &os) {
        report->writeJson(os);
        return llvm::Error::success();
      }))
    return fail(std::move(error));
  if (llvm::Error error = writeFile(svg, [&](llvm::raw_ostream &os) { return report->writeSvg(os); }))
    return fail(std::move(error));
  return report->passed() ? 0 : 1;
}
