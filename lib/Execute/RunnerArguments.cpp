//===- RunnerArguments.cpp - The arguments of a run -----------------------===//

#include "RunnerArguments.h"
#include "DimensionNames.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Execute/Fill.h"
#include "fovea/Execute/InputSpec.h"
#include "fovea/Execute/Npy.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace fovea;

/// Whether the op reads nothing of the tensor that it is to overwrite.
static bool isOverwritten(mlir::OpOperand &use) {
  auto op = llvm::dyn_cast<mlir::DestinationStyleOpInterface>(use.getOwner());
  if (!op || !op.isDpsInit(&use))
    return false;
  if (auto linalgOp = llvm::dyn_cast<mlir::linalg::LinalgOp>(use.getOwner()))
    return !linalgOp.payloadUsesValueFromOperand(&use);
  using namespace mlir::attn;
  return llvm::isa<AttentionOp, SoftmaxOp, FinalizeOp, NormalizeOp, CrossEntropyOp, mlir::cta::LaunchOp>(
      use.getOwner());
}

bool fovea::isDestination(mlir::BlockArgument argument) {
  return !argument.use_empty() && llvm::all_of(argument.getUses(), isOverwritten);
}

namespace {

class ArgumentMaker {
public:
  ArgumentMaker(const Signature &signature, const RunOptions &options, DimensionNames dims)
      : signature(signature), options(options), dims(std::move(dims)), specs(signature.arguments.size()),
        strides(signature.arguments.size()), files(signature.arguments.size()) {}

  llvm::Error parseInputs(mlir::func::FuncOp function);
  llvm::Error parseStrides();
  llvm::Error resolveShapes();
  llvm::Expected<HostTensor> make(size_t argument) const;

private:
  llvm::Error fill(size_t argument, HostTensor &tensor) const;

  const Signature &signature;
  const RunOptions &options;
  DimensionNames dims;
  std::vector<std::optional<InputSpec>> specs; ///< None where poisoned.
  std::vector<std::optional<llvm::SmallVector<int64_t>>> strides;
  std::vector<std::optional<HostTensor>> files; ///< Already read.
};

} // namespace

llvm::Error ArgumentMaker::parseInputs(mlir::func::FuncOp function) {
  llvm::SmallVector<size_t> wanted;
  for (mlir::BlockArgument argument : function.getArguments())
    if (!isDestination(argument))
      wanted.push_back(argument.getArgNumber());
  if (options.inputs.empty()) {
    for (size_t argument : wanted)
      specs[argument] = RandomInput{};
    return llvm::Error::success();
  }
  if (options.inputs.size() == specs.size())
    wanted = llvm::to_vector(llvm::seq<size_t>(0, specs.size()));
  if (options.inputs.size() != wanted.size())
    return llvm::createStringError("@%s has %zu inputs, but --input is given %zu times", signature.name.c_str(),
                                   wanted.size(), options.inputs.size());
  for (auto [argument, text] : llvm::zip_equal(wanted, options.inputs)) {
    llvm::Expected<InputSpec> spec = parseInputSpec(text);
    if (!spec)
      return spec.takeError();
    specs[argument] = std::move(*spec);
  }
  return llvm::Error::success();
}

llvm::Error ArgumentMaker::parseStrides() {
  for (llvm::StringRef text : options.strides) {
    auto [number, list] = text.split('=');
    size_t argument;
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::SmallVector<int64_t> values;
    list.split(parts, ',');
    for (llvm::StringRef part : parts)
      if (part.getAsInteger(10, values.emplace_back()))
        values.clear();
    bool isValid = !number.getAsInteger(10, argument) && argument < strides.size() &&
                   values.size() == signature.arguments[argument].shape.size();
    if (!isValid)
      return llvm::createStringError("strides '" + text +
                                     "': expected ARGUMENT=S0,S1,... with one number per dimension");
    strides[argument] = values;
  }
  return llvm::Error::success();
}

llvm::Error ArgumentMaker::resolveShapes() {
  for (llvm::StringRef text : options.dims)
    if (llvm::Error error = dims.assign(text))
      return error;
  for (auto [argument, spec] : llvm::enumerate(specs)) {
    if (!spec || !std::holds_alternative<NpyInput>(*spec))
      continue;
    llvm::Expected<HostTensor> tensor =
        readNpy(std::get<NpyInput>(*spec).path, signature.arguments[argument].elementType);
    if (!tensor)
      return tensor.takeError();
    if (llvm::Error error = dims.bind(argument, tensor->getShape()))
      return error;
    files[argument] = std::move(*tensor);
  }
  return dims.checkComplete();
}

llvm::Error ArgumentMaker::fill(size_t argument, HostTensor &tensor) const {
  const InputSpec &spec = *specs[argument];
  if (const auto *random = std::get_if<RandomInput>(&spec)) {
    RandomOptions fillOptions;
    fillOptions.seed = random->seed.value_or(options.seed);
    fillOptions.stream = argument;
    fillRandom(tensor, fillOptions);
    return llvm::Error::success();
  }
  if (std::holds_alternative<ZerosInput>(spec)) {
    fillZeros(tensor);
    return llvm::Error::success();
  }
  if (const auto *number = std::get_if<NumberInput>(&spec))
    return fillNumber(tensor, number->value);
  if (std::holds_alternative<IotaInput>(spec))
    return fillIota(tensor);
  return tensor.assign(*files[argument]);
}

llvm::Expected<HostTensor> ArgumentMaker::make(size_t argument) const {
  ElementType type = signature.arguments[argument].elementType;
  llvm::SmallVector<int64_t> shape = dims.getShape(argument);
  llvm::SmallVector<int64_t> layout = strides[argument].value_or(getContiguousStrides(shape));
  // Elements that run backwards start at their end.
  int64_t offset = 0;
  for (auto [size, stride] : llvm::zip_equal(shape, layout))
    offset += size > 0 && stride < 0 ? (1 - size) * stride : 0;
  llvm::Expected<HostTensor> tensor = HostTensor::strided(type, shape, layout, offset);
  if (!tensor || !specs[argument])
    return tensor;
  if (llvm::Error error = fill(argument, *tensor))
    return llvm::createStringError("argument " + llvm::Twine(argument) + ": " + llvm::toString(std::move(error)));
  return tensor;
}

llvm::Expected<std::vector<HostTensor>> fovea::createArguments(mlir::func::FuncOp function, const Signature &signature,
                                                               const RunOptions &options) {
  llvm::Expected<DimensionNames> dims = DimensionNames::of(function, signature);
  if (!dims)
    return dims.takeError();
  ArgumentMaker maker(signature, options, std::move(*dims));
  if (llvm::Error error = maker.parseInputs(function))
    return error;
  if (llvm::Error error = maker.parseStrides())
    return error;
  if (llvm::Error error = maker.resolveShapes())
    return error;
  std::vector<HostTensor> arguments;
  for (size_t argument = 0; argument < signature.arguments.size(); ++argument) {
    llvm::Expected<HostTensor> tensor = maker.make(argument);
    if (!tensor)
      return tensor.takeError();
    arguments.push_back(std::move(*tensor));
  }
  return arguments;
}
