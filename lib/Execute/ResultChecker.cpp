//===- ResultChecker.cpp - Results against the evaluator ------------------===//

#include "fovea/Execute/ResultChecker.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Evaluate/Evaluator.h"

using namespace fovea;

/// Results, with scalars as tensors of rank 0.
static llvm::Expected<std::vector<HostTensor>>
evaluateTensors(mlir::func::FuncOp function,
                const std::vector<HostTensor> &arguments, Precision precision) {
  llvm::SmallVector<EvaluateArgument> values;
  for (auto [tensor, type] :
       llvm::zip_equal(arguments, function.getArgumentTypes())) {
    if (llvm::isa<mlir::TensorType>(type))
      values.push_back(&tensor);
    else
      values.push_back(tensor.loadAt(tensor.getOffset()));
  }
  auto results = evaluate(function, values, {precision});
  if (!results)
    return results.takeError();

  std::vector<HostTensor> tensors;
  for (auto [result, type] :
       llvm::zip_equal(*results, function.getResultTypes())) {
    if (auto *tensor = std::get_if<HostTensor>(&result)) {
      tensors.push_back(std::move(*tensor));
      continue;
    }
    auto tensor = HostTensor::contiguous(
        llvm::isa<mlir::FloatType>(type) ? ElementType::F64 : ElementType::I64,
        {});
    if (!tensor)
      return tensor.takeError();
    tensor->storeAt(0, std::get<Scalar>(result));
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

/// The least precise floating-point type among the arguments.
static std::optional<ElementType>
getPrecision(const std::vector<HostTensor> &arguments) {
  std::optional<ElementType> least;
  for (const HostTensor &argument : arguments) {
    ElementType type = argument.getElementType();
    if (isFloat(type) && argument.getRank() > 0 &&
        (!least || getUnitRoundoff(type) > getUnitRoundoff(*least)))
      least = type;
  }
  return least;
}

/// Whether a result is a logarithm, of which the absolute error counts.
static bool isLogarithm(mlir::Value value) {
  auto result = llvm::dyn_cast<mlir::OpResult>(value);
  if (!result)
    return false;
  // All results of these but the first are the LSE or the maximum of scores.
  return result.getResultNumber() > 0 &&
         llvm::isa<mlir::attn::AttentionOp, mlir::attn::SoftmaxOp,
                   mlir::attn::CrossEntropyOp>(result.getOwner());
}

llvm::Expected<ResultChecker>
ResultChecker::create(mlir::func::FuncOp function,
                      const std::vector<HostTensor> &arguments,
                      Baseline baseline) {
  ResultChecker checker;
  auto references = evaluateTensors(function, arguments, Precision::Reference);
  if (!references)
    return references.takeError();
  checker.references = std::move(*references);
  std::optional<ElementType> least = getPrecision(arguments);
  bool isSmall = least == ElementType::F16 || least == ElementType::BF16;
  if (baseline == Baseline::Always ||
      (baseline == Baseline::SixteenBit && isSmall)) {
    auto baselines = evaluateTensors(function, arguments, Precision::Unfused);
    if (!baselines)
      return baselines.takeError();
    checker.baselines = std::move(*baselines);
  }

  mlir::Operation *terminator = function.getBody().back().getTerminator();
  for (mlir::Value value : terminator->getOperands()) {
    CompareOptions options;
    if (isSmall)
      options.precision = least;
    options.magnitudeFloor = isLogarithm(value) ? 1 : 0;
    checker.options.push_back(options);
  }
  return checker;
}

llvm::Expected<std::vector<Verdict>>
ResultChecker::judge(llvm::ArrayRef<HostTensor> results) const {
  return judge(results, /*againstBaseline=*/!baselines.empty());
}

llvm::Expected<std::vector<Verdict>>
ResultChecker::judge(llvm::ArrayRef<HostTensor> results,
                     bool againstBaseline) const {
  std::vector<Verdict> verdicts;
  for (auto [number, result] : llvm::enumerate(results)) {
    CompareOptions compareOptions = options[number];
    if (againstBaseline)
      compareOptions.baseline = &baselines[number];
    if (!isFloat(result.getElementType()))
      compareOptions.precision.reset();
    auto verdict = compare(result, references[number], compareOptions);
    if (!verdict)
      return verdict.takeError();
    verdicts.push_back(std::move(*verdict));
  }
  return verdicts;
}
