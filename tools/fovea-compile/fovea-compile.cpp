//===- fovea-compile.cpp - compiles a file --------------------------------===//

#include "common/EnvironmentHelp.h"
#include "fovea/Compile/Compile.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/runtime.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/WithColor.h"

namespace cl = llvm::cl;
using fovea::Emit;

/// `attention.o` for `examples/attention.mlir`.
static std::string getDefaultOutput(llvm::StringRef file, Emit emit) {
  if (file == "-")
    return "-";
  llvm::SmallString<64> name(llvm::sys::path::filename(file));
  llvm::sys::path::replace_extension(name, emit == Emit::Object        ? "o"
                                           : emit == Emit::LLVMIR      ? "ll"
                                           : emit == Emit::Header      ? "h"
                                           : emit == Emit::Ptx         ? "ptx"
                                           : emit == Emit::Cubin       ? "cubin"
                                           : emit == Emit::CudaProgram ? "fvgm"
                                           : emit == Emit::Launch      ? "txt"
                                                                       : "so");
  return name.str().str();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::sys::AddSignalHandler(fovea::Reproducer::keepAfterCrash, nullptr);
  cl::OptionCategory category("fovea-compile");
  fovea::CompileOptions options;
  options.lowering.threads = foveaGetThreadCount();

  cl::opt<std::string, true> file(cl::Positional, cl::Required, cl::desc("FILE"), cl::cat(category),
                                  cl::location(options.file));
  cl::opt<Emit, true> emit(
      "emit", cl::desc("What to write"), cl::cat(category), cl::location(options.emit), cl::init(Emit::Object),
      cl::values(clEnumValN(Emit::Object, "obj", "object file"),
                 clEnumValN(Emit::SharedLibrary, "shared", "shared library, linked with fovea_runtime"),
                 clEnumValN(Emit::LLVMIR, "llvm-ir", "optimized LLVM IR"),
                 clEnumValN(Emit::Header, "header", "C header"),
                 clEnumValN(Emit::Ptx, "ptx", "kernels of one function for sm_90a GPUs, as PTX"),
                 clEnumValN(Emit::Cubin, "cubin", "the same, assembled by ptxas"),
                 clEnumValN(Emit::CudaProgram, "cuda-program",
                            "the same with how to launch them, for foveaCudaPrepareProgram"),
                 clEnumValN(Emit::Launch, "launch", "how to launch them, in lines for a reader")));
  cl::opt<std::string, true> entry("entry", cl::value_desc("function"), cl::cat(category),
                                   cl::desc("The function to compile for a GPU; may be left out if there is only one"),
                                   cl::location(options.entry));
  cl::opt<std::string, true> output("o", cl::value_desc("path"), cl::cat(category),
                                    cl::desc("Where to write it; default: FILE's name in this folder"),
                                    cl::location(options.output));
  cl::opt<std::string, true> header("header", cl::value_desc("path"), cl::cat(category),
                                    cl::desc("Write the C header here as well"), cl::location(options.header));
  cl::opt<std::string> cpuFeatures("cpu-features", cl::value_desc("+a,+b"), cl::cat(category),
                                   cl::desc("Compile for a CPU with these features, by LLVM's names, and no "
                                            "others; default: for this one"));
  cl::opt<std::string, true> pipelineOptions(
      "pipeline-options", cl::value_desc("options"), cl::cat(category),
      cl::desc("Options of attn-to-llvm, for example \"threads=8 tile-m=64\", or of "
               "attn-to-nvvm"),
      cl::location(options.lowering.pipelineOptions));
  cl::opt<bool, true> unfused("unfused", cl::cat(category),
                              cl::desc("Compile to plain loops (attn-unfused-to-llvm), to compare"),
                              cl::location(options.lowering.unfused));
  cl::opt<unsigned, true> level("O", cl::Prefix, cl::value_desc("level"), cl::cat(category),
                                cl::desc("Optimization level of LLVM, 0 to 3"), cl::location(options.optimizationLevel),
                                cl::init(2));
  cl::opt<std::string, true> linker("linker", cl::value_desc("program"), cl::cat(category),
                                    cl::desc("The C compiler that links a shared library; default: the first "
                                             "of cc, clang and gcc"),
                                    cl::location(options.linker));
  fovea::EnvironmentHelp environmentHelp(category);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Compiles attention written as MLIR\n");

  if (options.output.empty())
    options.output = getDefaultOutput(options.file, options.emit);
  if (cpuFeatures.getNumOccurrences()) {
    llvm::StringMap<bool> features;
    llvm::SmallVector<llvm::StringRef> names;
    llvm::StringRef(cpuFeatures).split(names, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    for (llvm::StringRef name : names)
      features[name.ltrim("+-")] = !name.starts_with("-");
    options.lowering.cpu = fovea::CpuModel::fromFeatures(features);
  }
  if (llvm::Error error = fovea::compileFile(options)) {
    llvm::WithColor::error(llvm::errs(), "fovea-compile") << toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
