//===- StateEvaluator.cpp - finalize, merge and pack ----------------------===//
//
// The ops on softmax states (acc, m, l). In the unfused precision each result
// is rounded to its type when it is stored; the few operations on the way are
// exact by comparison.
//
//===----------------------------------------------------------------------===//

#include "AttnEvaluators.h"
#include "OutputTensors.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// One unit of the exponent in natural units: ln(base).
static double getLogOfBase(attn::ExpBase base) { return base == attn::ExpBase::Two ? std::log(2.0) : 1.0; }

static double maximum(double a, double b) { return std::isnan(a) || a >= b ? a : b; }

/// base^(max - largest); 0 for the identity, whose maximum is -inf.
static double getFactor(double max, double largest, double logOfBase) {
  return max == -infinity ? 0 : std::exp((max - largest) * logOfBase);
}

/// The dimensions that `operand`'s map has.
static SmallVector<unsigned> getDimsOf(attn::StructuredOpInterface op, OpOperand &operand) {
  AffineMap map = op.getMapOf(operand);
  return getDims(map.getNumDims(), [&](unsigned d) { return map.isFunctionOfDim(d); });
}

llvm::Expected<Data> evaluator::evaluateOp(attn::FinalizeOp op, const Frame &frame) {
  llvm::Expected<SmallVector<int64_t>> extents = getExtents(op, frame);
  if (!extents)
    return extents.takeError();
  llvm::Expected<OutputTensors> outputs = OutputTensors::create(op, frame, *extents);
  if (!outputs)
    return outputs.takeError();
  SmallVector<InputTensor> inputs;
  for (OpOperand &operand : op->getOpOperands().take_front(3 + !!op.getSink())) {
    llvm::Expected<InputTensor> input = InputTensor::create(op, operand, frame, *extents);
    if (!input)
      return input.takeError();
    inputs.push_back(std::move(*input));
  }

  double unit = getLogOfBase(op.getBase());
  SmallVector<unsigned> rowDims = getDimsOf(op, op.getMaxMutable());
  SmallVector<unsigned> valueDims =
      getDims(extents->size(), [&](unsigned d) { return !llvm::is_contained(rowDims, d); });
  SmallVector<int64_t> indices(extents->size(), 0);
  forEachIndex(rowDims, *extents, indices, [&] {
    // The state in natural units; the sink is a logit and has always been.
    double max = inputs[1].get(indices) * unit, sum = inputs[2].get(indices);
    double sink = op.getSink() ? inputs[3].get(indices) : -infinity;
    double largest = maximum(max, sink);
    double factor = getFactor(max, largest, 1);
    double total = (max == -infinity ? 0 : sum * factor) + getFactor(sink, largest, 1);
    bool empty = total == 0; // S3
    if (op.lseIndex() >= 0)
      outputs->set(op.lseIndex(), indices, empty ? -infinity : largest + std::log(total));
    if (op.maxIndex() >= 0)
      outputs->set(op.maxIndex(), indices, max);
    forEachIndex(valueDims, *extents, indices, [&] {
      double acc = max == -infinity ? 0 : inputs[0].get(indices) * factor;
      outputs->set(0, indices, empty ? 0 : acc / total);
    });
  });
  return outputs->take();
}

llvm::Expected<Data> evaluator::evaluateOp(attn::MergeOp op, const Frame &frame) {
  llvm::Expected<SmallVector<int64_t>> extents = getExtents(op, frame);
  if (!extents)
    return extents.takeError();
  llvm::Expected<OutputTensors> outputs = OutputTensors::create(op, frame, *extents);
  if (!outputs)
    return outputs.takeError();
  SmallVector<InputTensor> states;
  for (OpOperand &operand : op.getStatesMutable()) {
    llvm::Expected<InputTensor> input = InputTensor::create(op, operand, frame, *extents);
    if (!input)
      return input.takeError();
    states.push_back(std::move(*input));
  }

  double unit = getLogOfBase(op.getBase());
  unsigned maxAt = states.size() - 2, sumAt = maxAt + 1;
  const InputTensor &maxes = states[maxAt];
  SmallVector<unsigned> merged = op.getReductionDims();
  SmallVector<unsigned> rowDims = getDimsOf(op, op.getOutputsMutable()[maxAt]);
  SmallVector<int64_t> indices(extents->size(), 0);
  forEachIndex(rowDims, *extents, indices, [&] {
    double oldMax = outputs->get(maxAt, indices), max = oldMax;
    forEachIndex(merged, *extents, indices, [&] { max = maximum(max, maxes.get(indices)); });
    // One component: the output's own part, then that of each state.
    auto merge = [&](unsigned component) {
      double total = oldMax == -infinity ? 0 : outputs->get(component, indices) * getFactor(oldMax, max, unit);
      forEachIndex(merged, *extents, indices, [&] {
        double stateMax = maxes.get(indices);
        if (stateMax != -infinity)
          total += states[component].get(indices) * getFactor(stateMax, max, unit);
      });
      outputs->set(component, indices, total);
    };
    merge(sumAt);
    if (states.size() == 3) {
      SmallVector<unsigned> valueDims = getDims(extents->size(), [&](unsigned d) {
        return !llvm::is_contained(rowDims, d) && !llvm::is_contained(merged, d);
      });
      forEachIndex(valueDims, *extents, indices, [&] { merge(0); });
    }
    outputs->set(maxAt, indices, max);
  });
  return outputs->take();
}

llvm::Expected<Data> evaluator::evaluateOp(attn::PackOp op, const Frame &frame) {
  const DenseTensor &source = frame.getTensor(op.getSource());
  DenseTensor packed = frame.getTensor(op.getOutputs().front());
  double scale = op.getScale()        ? op.getScale()->convertToDouble()
                 : op.getScaleValue() ? frame.getNumber(op.getScaleValue()).floating
                                      : 1.0;
  Rounding rounding = getRounding(packed.getElementType(), frame.getPrecision());
  AffineMap sourceMap = op.getMappedOperandMaps()[0];
  AffineMap packedMap = op.getMappedOperandMaps()[1];
  if (!packedMap.isPermutation() || packedMap.getNumDims() != 2)
    return makeError(op, "needs a permutation as the map of its output");

  SmallVector<int64_t> extents(2), indices(2, 0);
  for (unsigned i = 0; i != 2; ++i)
    extents[packedMap.getDimPosition(i)] = packed.getShape()[i];
  SmallVector<int64_t> sourceStrides = getContiguousStrides(source.getShape());
  Number *data = packed.getMutableData();
  forEachIndex({0, 1}, extents, indices, [&] {
    // Rows beyond the source's are 0.
    double value = 0;
    bool inside = true;
    int64_t position = 0;
    for (auto [i, expr] : llvm::enumerate(sourceMap.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      int64_t index = dim ? indices[dim.getPosition()] : 0;
      inside &= index < source.getShape()[i];
      position += index * sourceStrides[i];
    }
    if (inside)
      value = roundTo(scale * source.getData()[position].floating, rounding);
    data[indices[packedMap.getDimPosition(0)] * packed.getShape()[1] + indices[packedMap.getDimPosition(1)]] =
        Number::of(value);
  });
  return Data{packed};
}
