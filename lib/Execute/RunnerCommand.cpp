//===- RunnerCommand.cpp - fovea-run's command line, again ----------------===//

#include "RunnerCommand.h"
#include "fovea/Execute/InputSpec.h"

#include "llvm/Support/MemoryBuffer.h"

using namespace fovea;

std::vector<std::string> fovea::getRunCommand(const RunOptions &options, llvm::StringRef file) {
  std::vector<std::string> words = {"fovea-run", file.str()};
  auto add = [&](const std::string &name, const std::string &value) { words.push_back("--" + name + "=" + value); };
  auto addAll = [&](const std::string &name, const std::vector<std::string> &values) {
    for (const std::string &value : values)
      add(name, value);
  };
  if (options.check)
    words.emplace_back("--check");
  if (!options.interpret.empty())
    add("interpret", options.interpret);
  if (!options.entry.empty())
    add("entry", options.entry);
  if (options.target != "auto")
    add("target", options.target);
  addAll("dim", options.dims);
  addAll("input", options.inputs);
  addAll("strides", options.strides);
  if (!options.pipelineOptions.empty())
    add("pipeline-options", options.pipelineOptions);
  if (options.unfused)
    words.emplace_back("--unfused");
  if (options.count) {
    words.emplace_back("--count");
    add("on-chip", std::to_string(options.onChipBytes));
  }
  add("seed", std::to_string(options.seed));
  if (options.repeat > 0)
    add("repeat", std::to_string(options.repeat));
  return words;
}

void fovea::describeRun(Reproducer &reproducer, const RunOptions &options, llvm::StringRef text,
                        const std::vector<HostTensor> &arguments) {
  if (!reproducer.isWanted())
    return;
  reproducer.addFile("input.mlir", text);
  RunOptions inFolder = options;
  for (auto [number, input] : llvm::enumerate(inFolder.inputs)) {
    llvm::Expected<InputSpec> spec = parseInputSpec(input);
    if (!spec) {
      llvm::consumeError(spec.takeError());
      continue;
    }
    auto *file = std::get_if<NpyInput>(&*spec);
    if (!file)
      continue;
    if (auto contents = llvm::MemoryBuffer::getFile(file->path)) {
      input = "input" + std::to_string(number) + ".npy";
      reproducer.addFile(input, (*contents)->getBuffer());
    }
  }
  reproducer.setCommand(getRunCommand(inFolder, "input.mlir"));
  std::string description;
  llvm::raw_string_ostream os(description);
  for (auto [number, tensor] : llvm::enumerate(arguments)) {
    os << "argument " << number << ": " << tensor.getTypeString() << ", strides [";
    llvm::interleaveComma(tensor.getStrides(), os);
    os << "]\n";
  }
  reproducer.addFile("arguments.txt", description);
}
