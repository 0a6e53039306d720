//===- RunnerCount.cpp - What a run reads, writes and computes ------------===//

#include "RunnerTargets.h"
#include "fovea/Compile/Lowering.h"
#include "fovea/runtime.h"

using namespace fovea;

llvm::Expected<CountedAccesses> fovea::countAccesses(const RunRequest &request, std::vector<HostTensor> &results) {
  LoweringOptions options;
  options.threads = foveaGetThreadCount();
  options.pipelineOptions = request.options.pipelineOptions;
  options.unfused = request.options.unfused;
  mlir::OwningOpRef<mlir::ModuleOp> module = request.file.module->clone();
  if (llvm::Error error = lowerOnTensors(*module, options))
    return request.file.diagnostic->take(std::move(error));
  auto entry = findFunction(*module, request.signature.name);
  if (!entry)
    return entry.takeError();
  CountedAccesses counted;
  counted.onChipBytes = request.options.onChipBytes;
  llvm::SmallVector<EvaluateArgument> values;
  for (auto [tensor, type] : llvm::zip_equal(request.arguments, entry->getArgumentTypes())) {
    counted.argumentTypes.push_back(tensor.getTypeString());
    if (llvm::isa<mlir::TensorType>(type))
      values.push_back(&tensor);
    else
      values.push_back(tensor.loadAt(tensor.getOffset()));
  }
  auto evaluated = evaluateAndCount(*entry, values, counted.onChipBytes, counted.counts);
  if (!evaluated)
    return evaluated.takeError();
  auto tensors = toTensors(*evaluated, entry->getResultTypes());
  if (!tensors)
    return tensors.takeError();
  results = std::move(*tensors);
  return counted;
}
