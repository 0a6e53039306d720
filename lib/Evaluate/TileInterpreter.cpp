//===- TileInterpreter.cpp - Runs kernels tile by tile on the CPU ---------===//
//
// The host function by the evaluator, its launches by KernelLaunch.
//
//===----------------------------------------------------------------------===//

#include "fovea/Evaluate/TileInterpreter.h"
#include "FunctionInterpreter.h"
#include "KernelLaunch.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;
using evaluator::Data;
using evaluator::DenseTensor;
using evaluator::Frame;

static llvm::Expected<Data> runLaunch(cta::LaunchOp op, const Frame &frame, const TileInterpreterOptions &options,
                                      Notes &notes) {
  llvm::Expected<KernelLaunch> launch = KernelLaunch::create(op, options, notes);
  if (!launch)
    return launch.takeError();
  std::vector<std::unique_ptr<HostTensor>> tensors;
  std::vector<TileValue> arguments;
  auto add = [&](Value operand) -> llvm::Error {
    const evaluator::Datum &datum = frame.get(operand);
    if (const auto *number = std::get_if<Number>(&datum)) {
      arguments.push_back(*number);
      return llvm::Error::success();
    }
    llvm::Expected<HostTensor> tensor = std::get<DenseTensor>(datum).toHost(Precision::Unfused);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back(std::make_unique<HostTensor>(std::move(*tensor)));
    arguments.push_back(tensors.back().get());
    return llvm::Error::success();
  };
  for (Value operand : op.getInputs())
    if (llvm::Error error = add(operand))
      return error;
  for (Value operand : op.getOutputs())
    if (llvm::Error error = add(operand))
      return error;
  SmallVector<int64_t> extents =
      llvm::map_to_vector(op.getTiles(), [&](Value extent) { return frame.getIndex(extent); });
  if (llvm::Error error = launch->run(std::move(arguments), std::move(extents)))
    return error;

  Data results;
  for (const auto &output : ArrayRef<std::unique_ptr<HostTensor>>(tensors).take_back(op.getOutputs().size())) {
    llvm::Expected<DenseTensor> tensor = DenseTensor::fromHost(*output, output->getElementType());
    if (!tensor)
      return tensor.takeError();
    results.push_back(std::move(*tensor));
  }
  return results;
}

llvm::Expected<TileInterpretation> fovea::interpretTiles(func::FuncOp entry, ArrayRef<EvaluateArgument> arguments,
                                                         const TileInterpreterOptions &options) {
  // The evaluator knows what they mean, which would prove nothing about kernels.
  Operation *left = nullptr;
  entry.walk<WalkOrder::PreOrder>(
      [&](Operation *op) { left = isa_and_nonnull<attn::AttnDialect>(op->getDialect()) && !left ? op : left; });
  if (left)
    return evaluator::makeError(left, "was not made a kernel");
  Notes notes;
  auto runLaunches = [&](Operation *op, const Frame &frame) -> llvm::Expected<std::optional<Data>> {
    auto launch = dyn_cast<cta::LaunchOp>(op);
    if (!launch)
      return std::nullopt;
    llvm::Expected<Data> results = runLaunch(launch, frame, options, notes);
    if (!results)
      return results.takeError();
    return std::move(*results);
  };
  evaluator::FunctionInterpreter interpreter(Precision::Unfused, runLaunches);
  auto results = evaluator::evaluateBy(interpreter, Precision::Unfused, entry, arguments);
  if (results)
    return TileInterpretation{std::move(*results), notes.take()};
  std::string text = toString(results.takeError());
  for (const std::string &note : notes.take())
    text += "\nbefore that: " + note;
  return llvm::createStringError(text);
}
