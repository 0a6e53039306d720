//===- ResultChecker.cpp - Results against the evaluator ------------------===//

#include "fovea/Execute/ResultChecker.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Evaluate/Evaluator.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace fovea;

/// Results, with scalars as tensors of rank 0.
static llvm::Expected<std::vector<HostTensor>>
evaluateTensors(mlir::func::FuncOp function, const std::vector<HostTensor> &arguments, Precision precision) {
  llvm::SmallVector<EvaluateArgument> values;
  for (auto [tensor, type] : llvm::zip_equal(arguments, function.getArgumentTypes())) {
    if (llvm::isa<mlir::TensorType>(type))
      values.push_back(&tensor);
    else
      values.push_back(tensor.loadAt(tensor.getOffset()));
  }
  auto results = evaluate(function, values, {precision});
  if (!results)
    return results.takeError();

  std::vector<HostTensor> tensors;
  for (auto [result, type] : llvm::zip_equal(*results, function.getResultTypes())) {
    if (auto *tensor = std::get_if<HostTensor>(&result)) {
      tensors.push_back(std::move(*tensor));
      continue;
    }
    auto tensor = HostTensor::contiguous(llvm::isa<mlir::FloatType>(type) ? ElementType::F64 : ElementType::I64, {});
    if (!tensor)
      return tensor.takeError();
    tensor->storeAt(0, std::get<Scalar>(result));
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

/// Whether a result is a logarithm, of which the absolute error counts.
static bool isLogarithm(mlir::Value value) {
  auto result = llvm::dyn_cast<mlir::OpResult>(value);
  if (!result)
    return false;
  using namespace mlir::attn;
  mlir::Operation *op = result.getOwner();
  if (result.getResultNumber() == 0) {
    auto softmax = llvm::dyn_cast<SoftmaxOp>(op);
    return (softmax && softmax.getKind() == SoftmaxKind::LogProb) || llvm::isa<CrossEntropyOp>(op);
  }
  // All other results of these are the LSE or the maximum of scores.
  return llvm::isa<AttentionOp, SoftmaxOp, CrossEntropyOp>(op);
}

static std::optional<ElementType> getFloatType(mlir::Value value) {
  mlir::Type type = mlir::getElementTypeOrSelf(value.getType());
  if (!llvm::isa<mlir::FloatType>(type))
    return std::nullopt;
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return parseElementType(name);
}

namespace {

/// The coarsest type that anything is rounded to on the way from the arguments,
/// which are exact, to a value. A result in f32 of operands in bf16 may be as
/// good as f32 (a softmax, an LSE) or not (P is rounded to the type of V).
class RoundingOf {
public:
  std::optional<ElementType> operator()(mlir::Value value) {
    visit(value);
    return coarsest;
  }

private:
  void visit(mlir::Value value);
  void add(mlir::Value value) {
    std::optional<ElementType> type = getFloatType(value);
    if (type && (!coarsest || getUnitRoundoff(*type) > getUnitRoundoff(*coarsest)))
      coarsest = type;
  }

  std::optional<ElementType> coarsest;
  llvm::SmallPtrSet<mlir::Operation *, 8> visited;
};

} // namespace

void RoundingOf::visit(mlir::Value value) {
  mlir::Operation *op = value.getDefiningOp();
  if (!op)
    return;
  // What only moves elements rounds none.
  if (!llvm::isa<mlir::linalg::FillOp, mlir::linalg::TransposeOp, mlir::linalg::CopyOp>(op) &&
      !llvm::isa<mlir::tensor::TensorDialect>(op->getDialect()))
    add(value);
  if (!visited.insert(op).second)
    return;
  using namespace mlir::attn;
  if (auto attention = llvm::dyn_cast<AttentionOp>(op)) {
    if (value == attention->getResult(0))
      add(attention.getValue());
  } else if (auto online = llvm::dyn_cast<OnlineAttentionOp>(op)) {
    add(online.getValue());
  }
  for (mlir::Value operand : op->getOperands())
    visit(operand);
  // What is called or branched to is not followed: anything may be rounded
  // there to the types that it is given.
  if (llvm::isa<mlir::RegionBranchOpInterface, mlir::CallOpInterface>(op))
    llvm::for_each(op->getOperands(), [&](mlir::Value v) { add(v); });
}

llvm::Expected<ResultChecker> ResultChecker::create(mlir::func::FuncOp function,
                                                    const std::vector<HostTensor> &arguments, Baseline baseline) {
  ResultChecker checker;
  auto references = evaluateTensors(function, arguments, Precision::Reference);
  if (!references)
    return references.takeError();
  checker.references = std::move(*references);

  bool hasSixteenBit = false;
  mlir::Operation *terminator = function.getBody().back().getTerminator();
  for (mlir::Value value : terminator->getOperands()) {
    CompareOptions options;
    options.precision = RoundingOf()(value);
    options.magnitudeFloor = isLogarithm(value) ? 1 : 0;
    checker.options.push_back(options);
    hasSixteenBit |= options.precision == ElementType::F16 || options.precision == ElementType::BF16;
  }

  if (baseline == Baseline::Always || (baseline == Baseline::SixteenBit && hasSixteenBit)) {
    auto baselines = evaluateTensors(function, arguments, Precision::Unfused);
    if (!baselines)
      return baselines.takeError();
    checker.baselines = std::move(*baselines);
  }
  return checker;
}

void ResultChecker::allowConditionalRescale() {
  for (CompareOptions &of : options)
    of.conditionalRescale = true;
}

llvm::Expected<std::vector<Verdict>> ResultChecker::judge(llvm::ArrayRef<HostTensor> results) const {
  return judge(results, /*againstBaseline=*/!baselines.empty());
}

llvm::Expected<std::vector<Verdict>> ResultChecker::judge(llvm::ArrayRef<HostTensor> results,
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
