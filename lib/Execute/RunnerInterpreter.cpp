//===- RunnerInterpreter.cpp - A run by the tile interpreter --------------===//

#include "RunnerCommand.h"
#include "RunnerTargets.h"
#include "Stopwatch.h"
#include "fovea/Evaluate/TileInterpreter.h"
#include "fovea/Pipelines/Pipelines.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

using namespace fovea;

namespace {

class InterpretedCall final : public CompiledCall {
public:
  InterpretedCall(mlir::OwningOpRef<mlir::ModuleOp> module, mlir::func::FuncOp entry, const RunRequest &request)
      : module(std::move(module)), entry(entry), arguments(request.arguments), seed(request.options.seed) {}

  llvm::Error run() override;
  llvm::Expected<llvm::SmallVector<HostTensor>> takeResults() override { return std::move(results); }
  std::vector<std::string> takeNotes() override { return std::move(notes); }
  llvm::Expected<std::vector<double>> measure(int64_t repeat) override {
    return llvm::createStringError("what is interpreted is not timed");
  }

private:
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp entry;
  std::vector<HostTensor> &arguments;
  uint64_t seed;
  llvm::SmallVector<HostTensor> results;
  std::vector<std::string> notes;
};

} // namespace

/// A result as a tensor, of rank 0 if it is a scalar.
static llvm::Expected<HostTensor> toTensor(EvaluateResult &result, mlir::Type type) {
  if (auto *tensor = std::get_if<HostTensor>(&result))
    return std::move(*tensor);
  auto valueType = ValueType::of(type);
  if (!valueType)
    return valueType.takeError();
  auto tensor = HostTensor::contiguous(valueType->elementType, {});
  if (tensor)
    tensor->storeAt(0, std::get<Scalar>(result));
  return tensor;
}

llvm::Expected<std::vector<HostTensor>> fovea::toTensors(llvm::MutableArrayRef<EvaluateResult> results,
                                                         mlir::TypeRange types) {
  std::vector<HostTensor> tensors;
  for (auto [result, type] : llvm::zip_equal(results, types)) {
    auto tensor = toTensor(result, type);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

llvm::Error InterpretedCall::run() {
  llvm::SmallVector<EvaluateArgument> values;
  for (auto [tensor, type] : llvm::zip_equal(arguments, entry.getArgumentTypes())) {
    if (llvm::isa<mlir::TensorType>(type))
      values.push_back(&tensor);
    else
      values.push_back(tensor.loadAt(tensor.getOffset()));
  }
  TileInterpreterOptions options;
  options.seed = seed;
  auto interpretation = interpretTiles(entry, values, options);
  if (!interpretation)
    return interpretation.takeError();
  notes = std::move(interpretation->notes);
  auto tensors = toTensors(interpretation->results, entry.getResultTypes());
  if (!tensors)
    return tensors.takeError();
  results.clear();
  llvm::move(*tensors, std::back_inserter(results));
  return llvm::Error::success();
}

static llvm::Error lowerToStage(mlir::ModuleOp module, const RunOptions &options, Reproducer &reproducer) {
  std::optional<GpuStage> stage = parseGpuStage(options.interpret);
  if (!stage || *stage < GpuStage::Tiles)
    return llvm::createStringError("stage '" + options.interpret + "': expected 'tiles', 'layouts', 'schedule', " +
                                   "'tile-loops', 'roles', 'barriers' or 'file'");
  GpuPipelineOptions pipelineOptions;
  if (failed(pipelineOptions.parseFromString(options.pipelineOptions, llvm::nulls())))
    return llvm::createStringError("pipeline options '" + options.pipelineOptions + "': not options of attn-to-nvvm");
  mlir::PassManager passes(module.getContext());
  buildAttnToNVVMPipeline(passes, pipelineOptions, *stage);
  reproducer.watch(passes);
  passes.enableVerifier(false);
  if (failed(passes.run(module)) || failed(mlir::verify(module)))
    return llvm::createStringError("lowering failed without saying why");
  return llvm::Error::success();
}

/// The line that runs the same again.
static std::string getReproducer(const RunOptions &options) {
  RunOptions checked = options;
  checked.check = true;
  checked.repeat = 0;
  return llvm::join(llvm::map_range(getRunCommand(checked, options.file), quoteForShell), " ");
}

llvm::Expected<std::unique_ptr<CompiledCall>> fovea::lowerForInterpreter(const RunRequest &request, RunReport &report) {
  if (request.options.unfused)
    return llvm::createStringError("plain loops (unfused) have no kernels to interpret");
  report.place = "the tile interpreter, " +
                 (request.options.interpret == "file" ? "as in the file" : "after stage " + request.options.interpret);
  report.reproducers.push_back("reproduce with: " + getReproducer(request.options));
  mlir::OwningOpRef<mlir::ModuleOp> module = request.file.module->clone();
  Stopwatch lowering;
  if (request.options.interpret != "file")
    if (llvm::Error error = lowerToStage(*module, request.options, request.reproducer))
      return request.file.diagnostic->take(std::move(error));
  report.loweringSeconds = lowering.getSeconds();
  auto entry = findFunction(*module, request.signature.name);
  if (!entry)
    return entry.takeError();
  return std::make_unique<InterpretedCall>(std::move(module), *entry, request);
}
