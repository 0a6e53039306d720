//===- fovea-run.cpp - compiles a file and runs a function of it ----------===//

#include "common/EnvironmentHelp.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/Execute/Runner.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::sys::AddSignalHandler(fovea::Reproducer::keepAfterCrash, nullptr);
  cl::OptionCategory category("fovea-run");
  fovea::RunOptions options;

  cl::opt<std::string, true> file(cl::Positional, cl::Required, cl::desc("FILE"), cl::cat(category),
                                  cl::location(options.file));
  cl::opt<std::string, true> entry("entry", cl::value_desc("function"), cl::cat(category),
                                   cl::desc("The function to call; may be left out if there is only one"),
                                   cl::location(options.entry));
  cl::opt<std::string, true> target("target", cl::value_desc("auto|cpu|cuda"), cl::cat(category),
                                    cl::desc("Where to run; auto is a GPU where there is one that the function "
                                             "can be compiled for"),
                                    cl::location(options.target), cl::init("auto"));
  cl::list<std::string> inputs("input", cl::value_desc("spec"), cl::cat(category),
                               cl::desc("Contents of the next argument that is not only written to: the "
                                        "path of a .npy file, random[:SEED], zeros, iota or a number; "
                                        "without any, all are random. Given for every argument, "
                                        "destinations are among them"));
  cl::list<std::string> outputs("output", cl::value_desc("path"), cl::cat(category),
                                cl::desc(".npy file for the next result; bf16 is written as f32"));
  cl::opt<bool, true> rawBF16("raw-bf16", cl::cat(category),
                              cl::desc("Write results in bf16 as 16-bit integers instead"),
                              cl::location(options.rawBF16));
  cl::list<std::string> dims("dim", cl::value_desc("name=size"), cl::cat(category),
                             cl::desc("Size of a dynamic dimension, by its name in the argument's "
                                      "attribute fovea.dims, or else argN.D"));
  cl::list<std::string> strides("strides", cl::value_desc("N=s0,s1,..."), cl::cat(category),
                                cl::desc("Strides of argument N, in elements"));
  cl::opt<uint64_t, true> seed("seed", cl::cat(category), cl::desc("Seed of random without one"),
                               cl::location(options.seed));
  cl::opt<bool, true> check("check", cl::cat(category),
                            cl::desc("Judge the results against the evaluation in f64; exit status 1 "
                                     "beyond the tolerance"),
                            cl::location(options.check));
  cl::opt<int64_t, true> repeat("repeat", cl::value_desc("n"), cl::cat(category),
                                cl::desc("Time so many further calls"), cl::location(options.repeat));
  cl::opt<std::string, true> pipelineOptions("pipeline-options", cl::value_desc("options"), cl::cat(category),
                                             cl::desc("Options of attn-to-llvm or, on a GPU, attn-to-nvvm, for example "
                                                      "\"tile-m=64 tile-n=96\""),
                                             cl::location(options.pipelineOptions));
  cl::opt<std::string, true> interpret("interpret", cl::value_desc("stage"), cl::cat(category),
                                       cl::desc("Interpret the kernels of this stage of attn-to-nvvm on the CPU "
                                                "instead: tiles, layouts, schedule, tile-loops, roles or barriers; "
                                                "file: those that are in the file"),
                                       cl::location(options.interpret));
  cl::opt<bool, true> unfused("unfused", cl::cat(category),
                              cl::desc("Compile to plain loops (attn-unfused-to-llvm), to compare"),
                              cl::location(options.unfused));
  cl::opt<bool, true> count("count", cl::cat(category),
                            cl::desc("Count what the tiled (or unfused) function reads, writes and computes, by "
                                     "interpreting it"),
                            cl::location(options.count));
  cl::opt<int64_t, true> onChip("on-chip", cl::value_desc("bytes"), cl::cat(category),
                                cl::desc("On-chip memory that --count assumes"), cl::location(options.onChipBytes),
                                cl::init(options.onChipBytes));
  fovea::EnvironmentHelp environmentHelp(category);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Compiles attention written as MLIR and runs it\n");
  options.inputs = inputs;
  options.outputs = outputs;
  options.dims = dims;
  options.strides = strides;

  llvm::Expected<fovea::RunReport> report = fovea::runFile(options);
  if (!report) {
    llvm::WithColor::error(llvm::errs(), "fovea-run") << toString(report.takeError()) << "\n";
    return 1;
  }
  llvm::outs() << report->str();
  return report->passed() ? 0 : 1;
}
