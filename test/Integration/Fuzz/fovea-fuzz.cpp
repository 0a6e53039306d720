//===- fovea-fuzz.cpp - random modules through pipelines ------------------===//
//
// Legal modules must pass through pipelines (PipelineCheck.h) and, with --run,
// give right results (ExecutionCheck.h). With --mutate, modules that may be
// illegal must be refused with an error, or lowered. What fails prints the one
// line that repeats it, also where it crashes or does not end.
//
//===----------------------------------------------------------------------===//

#include "ExecutionCheck.h"
#include "ExecutionDraw.h"
#include "Isolation.h"
#include "PipelineCheck.h"
#include "fovea/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace fovea::fuzz;
namespace cl = llvm::cl;

namespace fovea::test {
void registerMisbehavePass();
} // namespace fovea::test

namespace {

struct Options {
  cl::opt<uint64_t> seed{"seed", cl::desc("The first seed"), cl::init(0)};
  cl::opt<uint64_t> count{"count", cl::desc("Number of seeds"), cl::init(1)};
  cl::list<std::string> pipelines{"pipeline", cl::desc("Passes to run, as text; may be repeated")};
  cl::opt<bool> gpu{"gpu", cl::desc("Draw problems that GPUs have kernels for")};
  cl::opt<bool> printOnly{"print", cl::desc("Print the modules and run nothing")};
  cl::opt<bool> run{"run", cl::desc("Compile, execute and judge instead")};
  cl::opt<std::string> pipelineOptions{"pipeline-options",
                                       cl::desc("With --run: options of attn-to-llvm instead of drawn ones")};
  cl::opt<bool> unfused{"unfused", cl::desc("With --run: through attn-unfused-to-llvm")};
  cl::opt<bool> sixteenBit{"sixteen-bit", cl::desc("With --run: attention in f16 or bf16 only")};
  cl::opt<unsigned> seconds{"seconds", cl::desc("How long a seed may take"), cl::init(60)};
  cl::opt<bool> mutate{"mutate", cl::desc("Mutate modules, whole or between two stages, and send them on")};

  /// The flags without which a seed means something else.
  std::string getMode() const {
    return std::string(mutate ? " --mutate" : "") + (run ? " --run" : "") + (unfused ? " --unfused" : "") +
           (sixteenBit ? " --sixteen-bit" : "") + (gpu ? " --gpu" : "") +
           (pipelineOptions.empty() ? "" : " --pipeline-options '" + pipelineOptions + "'");
  }
};

} // namespace

static GeneratorOptions getProblems(const Options &options) {
  return options.gpu ? getGpuProblems() : GeneratorOptions();
}

static int printModules(mlir::MLIRContext &context, const Options &options) {
  for (uint64_t seed = options.seed; seed != options.seed + options.count; ++seed) {
    if (!options.mutate) {
      llvm::outs() << printProblem(options.run ? drawExecution(seed, options.sixteenBit)
                                               : drawProblem(seed, getProblems(options)));
      continue;
    }
    auto mutated = mutateModule(context, seed);
    if (!mutated) {
      llvm::errs() << llvm::toString(mutated.takeError()) << "\n";
      return 1;
    }
    llvm::outs() << "// seed " << seed << ": --pass-pipeline='builtin.module(" << mutated->pipeline << ")'\n"
                 << mutated->text << "\n";
  }
  return 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Options options;
  cl::ParseCommandLineOptions(argc, argv, "Fovea's module fuzzer\n");
  mlir::DialectRegistry registry;
  fovea::registerAllDialects(registry);
  fovea::registerAllPasses();
  fovea::test::registerMisbehavePass();
  // Without threads, which a child process would not have.
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  if (options.printOnly)
    return printModules(context, options);

  auto getReproducer = [&](const Progress &progress) {
    return "fovea-fuzz" + options.getMode() + " --seed " + std::to_string(progress.getSeed()) + " --count 1" +
           progress.getStep();
  };
  std::vector<std::string> pipelines(options.pipelines.begin(), options.pipelines.end());
  ExecutionCheck execution(context, options.pipelineOptions, options.unfused, options.sixteenBit);
  auto check = [&](uint64_t seed, Progress &progress) {
    int64_t illConditioned = execution.getNumIllConditioned();
    llvm::Error error = options.mutate ? checkMutated(context, seed, progress)
                        : options.run  ? execution.run(seed)
                                       : checkLegal(context, seed, getProblems(options), pipelines, progress);
    progress.counts[0] += execution.getNumIllConditioned() - illConditioned;
    if (!error)
      return true;
    llvm::errs() << "failed: " << getReproducer(progress) << "\n" << llvm::toString(std::move(error)) << "\n";
    return false;
  };
  uint64_t upstreamCrashes = 0;
  auto report = [&](llvm::StringRef end, const Progress &progress) {
    // The parser of upstream crashes on some texts before any code of ours has seen them.
    bool isUpstreams = options.mutate && progress.getStep().empty() && !progress.wasInOwnCode();
    upstreamCrashes += isUpstreams;
    llvm::errs() << (isUpstreams ? "crash of upstream's parser: " : "crash: ") << getReproducer(progress) << "\n"
                 << end << "\n";
    return !isUpstreams;
  };
  Progress total;
  uint64_t failures = runIsolated({options.seed, options.count, options.seconds}, check, report, total);

  llvm::outs() << options.count;
  if (options.mutate)
    llvm::outs() << " mutated modules, " << total.counts[Rejected] << " rejected, " << total.counts[Refused]
                 << " refused, " << total.counts[Lowered] << " lowered, " << upstreamCrashes
                 << " crashes of upstream's parser, ";
  else if (options.run)
    llvm::outs() << " executions, " << total.counts[0] << " ill-conditioned results, ";
  else
    llvm::outs() << " modules, " << pipelines.size() << " pipelines, "
                 << (options.gpu ? std::to_string(total.counts[Refused]) + " refused, " : "");
  llvm::outs() << failures << " failures\n";
  return failures != 0;
}
