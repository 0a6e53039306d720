//===- CrossEntropyEvaluator.cpp - cross_entropy --------------------------===//

#include "AttnEvaluators.h"
#include "OutputTensors.h"

#include "mlir/IR/TypeUtilities.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

namespace {

template <typename T> struct RowLoss {
  T loss, lse;
};

/// Loss and LSE of one row of logits.
template <typename T> RowLoss<T> getRowLoss(ArrayRef<T> logits, int64_t target, T smoothing, T zLoss) {
  T max = -std::numeric_limits<T>::infinity(), sum = 0, total = 0;
  for (T x : logits)
    max = std::isnan(max) || max >= x ? max : x;
  bool empty = max == -std::numeric_limits<T>::infinity();
  for (T x : logits) {
    sum += empty ? T(0) : std::exp(x - max);
    total += x;
  }
  T lse = empty ? max : max + std::log(sum);
  if (target < 0 || target >= int64_t(logits.size()))
    return {std::numeric_limits<T>::quiet_NaN(), lse};
  T loss = lse - (1 - smoothing) * logits[target];
  // Without smoothing the other logits have no part in it, infinite or not.
  if (smoothing != 0)
    loss -= smoothing / T(logits.size()) * total;
  if (zLoss != 0)
    loss += zLoss * lse * lse;
  return {loss, lse};
}

template <typename T> llvm::Expected<Data> evaluateCrossEntropy(attn::CrossEntropyOp op, const Frame &frame) {
  llvm::Expected<SmallVector<int64_t>> extents = getExtents(op, frame);
  if (!extents)
    return extents.takeError();
  llvm::Expected<InputTensor> logits = InputTensor::create(op, op.getLogitsMutable(), frame, *extents);
  if (!logits)
    return logits.takeError();
  llvm::Expected<InputTensor> targets = InputTensor::create(op, op.getTargetMutable(), frame, *extents);
  if (!targets)
    return targets.takeError();
  llvm::Expected<OutputTensors> outputs = OutputTensors::create(op, frame, *extents);
  if (!outputs)
    return outputs.takeError();

  AffineMap targetMap = op.getMapOf(op.getTargetMutable());
  auto isRow = [&](unsigned d) { return targetMap.isFunctionOfDim(d); };
  SmallVector<unsigned> rowDims = getDims(extents->size(), isRow);
  SmallVector<unsigned> classDims = getDims(extents->size(), [&](unsigned d) { return !isRow(d); });
  T smoothing = op.getLabelSmoothing() ? op.getLabelSmoothing()->convertToDouble() : 0;
  T zLoss = op.getZLoss() ? op.getZLoss()->convertToDouble() : 0;
  bool reduced = op.getReduction() != attn::LossReduction::None;

  T total = 0;
  int64_t count = 0;
  std::vector<T> row;
  SmallVector<int64_t> indices(extents->size(), 0);
  forEachIndex(rowDims, *extents, indices, [&] {
    row.clear();
    forEachIndex(classDims, *extents, indices, [&] { row.push_back(logits->get(indices)); });
    int64_t target = targets->getInteger(indices);
    RowLoss<T> result = getRowLoss<T>(row, target, smoothing, zLoss);
    bool ignored = op.getIgnoreIndex() && target == static_cast<int64_t>(*op.getIgnoreIndex());
    if (ignored)
      result.loss = 0;
    total += result.loss;
    count += !ignored;
    if (!reduced)
      outputs->set(0, indices, result.loss);
    if (op.getReturnLse())
      outputs->set(1, indices, result.lse);
  });
  if (reduced)
    outputs->set(0, indices, op.getReduction() == attn::LossReduction::Mean ? total / T(count) : total);
  return outputs->take();
}

} // namespace

llvm::Expected<Data> evaluator::evaluateOp(attn::CrossEntropyOp op, const Frame &frame) {
  bool isDouble = getElementTypeOrSelf(op.getLogits().getType()).isF64();
  return frame.getPrecision() == Precision::Unfused && !isDouble ? evaluateCrossEntropy<float>(op, frame)
                                                                 : evaluateCrossEntropy<double>(op, frame);
}
