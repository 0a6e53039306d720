//===- fovea-fuzz.cpp - random legal modules through pipelines ------------===//
//
// Each module must verify, print as text that reads back the same, and pass
// through every pipeline with the verifier on; with --run it is executed, too
// (ExecutionCheck.h). What fails prints the one line that repeats it, also
// where it crashes.
//
//===----------------------------------------------------------------------===//

#include "ExecutionCheck.h"
#include "ExecutionDraw.h"
#include "Fuzz/ModuleGenerator.h"
#include "fovea/InitAll.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace {

/// What runs now, for the signal handler.
struct Running {
  uint64_t seed = 0;
  bool execution = false, unfused = false, sixteenBit = false;
  std::string pipeline;
};
Running running;

std::string getReproducer() {
  std::string text = "fovea-fuzz ";
  if (running.execution)
    text +=
        std::string("--run ") + (running.unfused ? "--unfused " : "") + (running.sixteenBit ? "--sixteen-bit " : "");
  text += "--seed " + std::to_string(running.seed) + " --count 1";
  if (!running.pipeline.empty())
    text += " --pipeline '" + running.pipeline + "'";
  return text;
}

void reportCrash(void *) { llvm::errs() << "crash: " << getReproducer() << "\n"; }

std::string print(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  op->print(os, OpPrintingFlags().enableDebugInfo(false));
  return text;
}

class Fuzzer {
public:
  Fuzzer(MLIRContext &context, ArrayRef<std::string> pipelines)
      : context(context), pipelines(pipelines.begin(), pipelines.end()) {}

  /// Runs one seed; false where anything failed.
  bool run(uint64_t seed);

private:
  bool check(bool condition, StringRef what) {
    if (!condition)
      llvm::errs() << "failed: " << what << ": " << getReproducer() << "\n";
    return condition;
  }

  MLIRContext &context;
  SmallVector<std::string> pipelines;
};

} // namespace

bool Fuzzer::run(uint64_t seed) {
  running = {seed, /*execution=*/false, /*unfused=*/false, /*sixteenBit=*/false, ""};
  ParserConfig config(&context);
  auto module = parseSourceString<ModuleOp>(fovea::fuzz::generateModule(seed), config, "<generated>");
  if (!check(bool(module), "a generated module does not parse"))
    return false;
  std::string text = print(*module);
  auto again = parseSourceString<ModuleOp>(text, config, "<printed>");
  if (!check(again && print(*again) == text, "a printed module reads back as another"))
    return false;

  bool passed = true;
  for (const std::string &pipeline : pipelines) {
    running.pipeline = pipeline;
    OwningOpRef<ModuleOp> clone = module->clone();
    PassManager pm(&context);
    pm.enableVerifier(true);
    if (!check(succeeded(parsePassPipeline(pipeline, pm)), "the pipeline does not parse"))
      return false;
    passed &= check(succeeded(pm.run(*clone)) && succeeded(verify(*clone)), "the pipeline fails");
  }
  return passed;
}

/// Executes the seeds; the number of failures.
static uint64_t execute(MLIRContext &context, uint64_t seed, uint64_t count, const std::string &pipelineOptions,
                        bool unfused, bool sixteenBit) {
  fovea::fuzz::ExecutionCheck check(context, pipelineOptions, unfused, sixteenBit);
  uint64_t failures = 0;
  for (uint64_t s = seed; s != seed + count; ++s) {
    running = {s, /*execution=*/true, unfused, sixteenBit, ""};
    llvm::Error error = check.run(s);
    if (!error)
      continue;
    ++failures;
    llvm::errs() << "failed: " << getReproducer() << "\n" << llvm::toString(std::move(error)) << "\n";
  }
  llvm::outs() << count << " executions, " << check.getNumIllConditioned() << " ill-conditioned results, " << failures
               << " failures\n";
  return failures;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<uint64_t> seed("seed", llvm::cl::desc("The first seed"), llvm::cl::init(0));
  llvm::cl::opt<uint64_t> count("count", llvm::cl::desc("Number of seeds"), llvm::cl::init(1));
  llvm::cl::list<std::string> pipelines("pipeline", llvm::cl::desc("Passes to run, as text; may be repeated"));
  llvm::cl::opt<bool> printOnly("print", llvm::cl::desc("Print the modules and run nothing"));
  llvm::cl::opt<bool> run("run", llvm::cl::desc("Compile, execute and judge instead"));
  llvm::cl::opt<std::string> pipelineOptions("pipeline-options",
                                             llvm::cl::desc("With --run: options of attn-to-llvm instead of drawn "
                                                            "ones"));
  llvm::cl::opt<bool> unfused("unfused", llvm::cl::desc("With --run: through attn-unfused-to-llvm"));
  llvm::cl::opt<bool> sixteenBit("sixteen-bit", llvm::cl::desc("With --run: attention in f16 or bf16 only"));
  llvm::cl::ParseCommandLineOptions(argc, argv, "Fovea's module fuzzer\n");
  if (printOnly) {
    for (uint64_t s = seed; s != seed + count; ++s)
      llvm::outs() << fovea::fuzz::printProblem(run ? fovea::fuzz::drawExecution(s, sixteenBit)
                                                    : fovea::fuzz::drawProblem(s));
    return 0;
  }

  llvm::sys::AddSignalHandler(reportCrash, nullptr);
  DialectRegistry registry;
  fovea::registerAllDialects(registry);
  fovea::registerAllPasses();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  if (run)
    return execute(context, seed, count, pipelineOptions, unfused, sixteenBit) != 0;
  Fuzzer fuzzer(context, std::vector<std::string>(pipelines.begin(), pipelines.end()));
  uint64_t failures = 0;
  for (uint64_t s = seed; s != seed + count; ++s)
    failures += !fuzzer.run(s);
  llvm::outs() << count << " modules, " << pipelines.size() << " pipelines, " << failures << " failures\n";
  return failures != 0;
}
