//===- Evaluator.cpp - What a function is defined to compute --------------===//
//
// The boundary: arguments are checked against the function's types and rounded
// to them, results leave as host tensors.
//
//===----------------------------------------------------------------------===//

#include "fovea/Evaluate/Evaluator.h"
#include "AccessCounter.h"
#include "FunctionInterpreter.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

static llvm::Expected<Datum> convertScalar(Scalar scalar, ElementType type) {
  char bytes[8] = {};
  if (!scalar.store(type, bytes))
    return llvm::createStringError("the number " + Twine(std::to_string(scalar.toDouble())) +
                                   " is out of the range of " + getName(type));
  Scalar rounded = Scalar::load(type, bytes);
  return isFloat(type) ? Number::of(rounded.toDouble()) : Number::of(rounded.toInt());
}

static llvm::Expected<Datum> convertArgument(const EvaluateArgument &argument, Type type) {
  std::optional<ElementType> element = evaluator::getElementType(type);
  auto tensorType = dyn_cast<RankedTensorType>(type);
  if (!element || (isa<ShapedType>(type) && !tensorType)) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return llvm::createStringError("the evaluator takes no argument of type " + text);
  }
  if (auto *scalar = std::get_if<Scalar>(&argument)) {
    if (tensorType)
      return llvm::createStringError("got a scalar, expected a tensor");
    return convertScalar(*scalar, *element);
  }
  const HostTensor &tensor = *std::get<const HostTensor *>(argument);
  if (!tensorType) {
    if (tensor.getRank() != 0)
      return llvm::createStringError("got " + tensor.getTypeString() + ", expected a scalar");
    return convertScalar(tensor.loadAt(tensor.getOffset()), *element);
  }
  if (failed(verifyCompatibleShape(tensor.getShape(), tensorType.getShape()))) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return llvm::createStringError("got " + tensor.getTypeString() + ", expected " + text);
  }
  return DenseTensor::fromHost(tensor, *element);
}

llvm::Expected<SmallVector<EvaluateResult>> evaluator::evaluateBy(FunctionInterpreter &interpreter, Precision precision,
                                                                  func::FuncOp entry,
                                                                  ArrayRef<EvaluateArgument> arguments) {
  if (arguments.size() != entry.getNumArguments())
    return makeError(entry, "'" + entry.getSymName() + "' takes " + Twine(entry.getNumArguments()) +
                                " arguments, got " + Twine(arguments.size()));
  Data data;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    llvm::Expected<Datum> datum = convertArgument(argument, entry.getArgumentTypes()[i]);
    if (!datum)
      return makeError(entry, "argument " + Twine(i) + ": " + toString(datum.takeError()));
    data.push_back(std::move(*datum));
  }

  if (AccessCounter *counter = interpreter.getCounter())
    counter->addArguments(data);
  llvm::Expected<Data> values = interpreter.call(entry, data);
  if (!values)
    return values.takeError();
  if (AccessCounter *counter = interpreter.getCounter())
    counter->takeResults(*values);

  SmallVector<EvaluateResult> results;
  for (auto [value, type] : llvm::zip_equal(*values, entry.getResultTypes())) {
    if (auto *number = std::get_if<Number>(&value)) {
      results.push_back(isa<FloatType>(type) ? Scalar::ofFloat(number->floating) : Scalar::ofSigned(number->integer));
      continue;
    }
    llvm::Expected<HostTensor> tensor = std::get<DenseTensor>(value).toHost(precision);
    if (!tensor)
      return tensor.takeError();
    results.push_back(std::move(*tensor));
  }
  return results;
}

llvm::Expected<SmallVector<EvaluateResult>> fovea::evaluate(func::FuncOp entry, ArrayRef<EvaluateArgument> arguments,
                                                            const EvaluateOptions &options) {
  FunctionInterpreter interpreter(options.precision);
  return evaluateBy(interpreter, options.precision, entry, arguments);
}
