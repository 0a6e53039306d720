//===- SoftmaxEvaluator.cpp - softmax, online_softmax and normalize -------===//
//
// Row by row, from the logits after score and mask. T is float in the unfused
// baseline and double in the reference.
//
//===----------------------------------------------------------------------===//

#include "AttnEvaluators.h"
#include "OutputTensors.h"
#include "ScoreFunction.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

namespace {

template <typename T> constexpr T infinity = std::numeric_limits<T>::infinity();

/// NaN if either is, unlike std::max.
template <typename T> T maximum(T a, T b) { return std::isnan(a) || a >= b ? a : b; }

/// The rows of an op of the softmax family.
template <typename T> struct SoftmaxRows {
  template <typename OpTy> static llvm::Expected<SoftmaxRows> create(OpTy op, const Frame &frame);

  /// Calls `visit` for each row, with `indices` and `scores` set.
  template <typename Fn> llvm::Error forEachRow(Fn visit);

  T getMaximum() const {
    T max = -infinity<T>;
    for (T score : scores)
      max = maximum(max, score);
    return max;
  }

  template <typename Fn> void forEachElement(Fn visit) {
    forEachIndex(keyDim, extents, indices, [&] { visit(scores[indices[keyDim]]); });
  }

  unsigned keyDim;
  SmallVector<int64_t> extents, indices;
  std::vector<T> scores;
  InputTensor input;
  ScoreFunction regions;
  OutputTensors outputs;
};

template <typename T>
template <typename OpTy>
llvm::Expected<SoftmaxRows<T>> SoftmaxRows<T>::create(OpTy op, const Frame &frame) {
  llvm::Expected<SmallVector<int64_t>> extents = getExtents(op, frame);
  if (!extents)
    return extents.takeError();
  llvm::Expected<InputTensor> input = InputTensor::create(op, op.getInputMutable(), frame, *extents);
  if (!input)
    return input.takeError();
  llvm::Expected<ScoreFunction> regions = ScoreFunction::create(op, frame, *extents);
  if (!regions)
    return regions.takeError();
  llvm::Expected<OutputTensors> outputs = OutputTensors::create(op, frame, *extents);
  if (!outputs)
    return outputs.takeError();
  unsigned keyDim = op.getKeyDim();
  return SoftmaxRows{keyDim,
                     *extents,
                     SmallVector<int64_t>(extents->size(), 0),
                     std::vector<T>((*extents)[keyDim]),
                     std::move(*input),
                     std::move(*regions),
                     std::move(*outputs)};
}

template <typename T> template <typename Fn> llvm::Error SoftmaxRows<T>::forEachRow(Fn visit) {
  SmallVector<unsigned> rowDims = getDims(extents.size(), [&](unsigned d) { return d != keyDim; });
  forEachIndex(rowDims, extents, indices, [&] {
    regions.setRow(indices);
    forEachIndex(keyDim, extents, indices, [&] {
      int64_t key = indices[keyDim];
      scores[key] = regions.keep(key) ? T(regions.score(key, input.get(indices))) : -infinity<T>;
    });
    visit();
  });
  return regions.takeError();
}

template <typename T> llvm::Expected<Data> evaluateSoftmax(attn::SoftmaxOp op, const Frame &frame) {
  llvm::Expected<SoftmaxRows<T>> rows = SoftmaxRows<T>::create(op, frame);
  if (!rows)
    return rows.takeError();
  bool logProb = op.getKind() == attn::SoftmaxKind::LogProb;
  llvm::Error error = rows->forEachRow([&] {
    T max = rows->getMaximum(), sum = 0;
    bool empty = max == -infinity<T>;
    for (T s : rows->scores)
      sum += std::exp(s - max);
    if (op.getReturnLse())
      rows->outputs.set(1, rows->indices, empty ? -infinity<T> : max + std::log(sum));
    rows->forEachElement([&](T s) {
      T y = logProb ? (s - max) - std::log(sum) : std::exp(s - max) / sum;
      if (empty && op.getSafe())
        y = 0;
      rows->outputs.set(0, rows->indices, y);
    });
  });
  if (error)
    return error;
  return rows->outputs.take();
}

template <typename T> llvm::Expected<Data> evaluateOnline(attn::OnlineSoftmaxOp op, const Frame &frame) {
  llvm::Expected<SoftmaxRows<T>> rows = SoftmaxRows<T>::create(op, frame);
  if (!rows)
    return rows.takeError();
  bool baseTwo = op.getBase() == attn::ExpBase::Two;
  auto power = [&](T x) { return baseTwo ? std::exp2(x) : std::exp(x); };
  llvm::Error error = rows->forEachRow([&] {
    T oldMax = rows->outputs.get(0, rows->indices);
    T max = maximum(oldMax, rows->getMaximum());
    if (max == -infinity<T>)
      return; // No live element yet: the state stays the identity.
    T sum = oldMax == -infinity<T> ? T(0) : T(rows->outputs.get(1, rows->indices)) * power(oldMax - max);
    T added = 0;
    for (T s : rows->scores)
      added += power(s - max);
    rows->outputs.set(0, rows->indices, max);
    rows->outputs.set(1, rows->indices, sum + added);
  });
  if (error)
    return error;
  return rows->outputs.take();
}

template <typename T> llvm::Expected<Data> evaluateNormalize(attn::NormalizeOp op, const Frame &frame) {
  llvm::Expected<SoftmaxRows<T>> rows = SoftmaxRows<T>::create(op, frame);
  if (!rows)
    return rows.takeError();
  llvm::Expected<InputTensor> maxes = InputTensor::create(op, op.getMaxMutable(), frame, rows->extents);
  if (!maxes)
    return maxes.takeError();
  llvm::Expected<InputTensor> sums = InputTensor::create(op, op.getSumMutable(), frame, rows->extents);
  if (!sums)
    return sums.takeError();
  bool logProb = op.getKind() == attn::SoftmaxKind::LogProb;
  // One unit of the exponent in natural units.
  T unit = op.getBase() == attn::ExpBase::Two ? std::log(T(2)) : T(1);
  llvm::Error error = rows->forEachRow([&] {
    T max = maxes->get(rows->indices), sum = sums->get(rows->indices);
    bool empty = max == -infinity<T>;
    if (op.getReturnLse())
      rows->outputs.set(1, rows->indices, empty ? -infinity<T> : max * unit + std::log(sum));
    rows->forEachElement([&](T s) {
      T exponent = (s - max) * unit;
      T y = logProb ? exponent - std::log(sum) : std::exp(exponent) / sum;
      if (empty && op.getSafe())
        y = 0;
      rows->outputs.set(0, rows->indices, y);
    });
  });
  if (error)
    return error;
  return rows->outputs.take();
}

/// Whether to compute in f32.
template <typename OpTy> bool isSingle(OpTy op, const Frame &frame) {
  return frame.getPrecision() == Precision::Unfused && op.getComputeType().isF32();
}

} // namespace

llvm::Expected<Data> evaluator::evaluateOp(attn::SoftmaxOp op, const Frame &frame) {
  return isSingle(op, frame) ? evaluateSoftmax<float>(op, frame) : evaluateSoftmax<double>(op, frame);
}

llvm::Expected<Data> evaluator::evaluateOp(attn::OnlineSoftmaxOp op, const Frame &frame) {
  return isSingle(op, frame) ? evaluateOnline<float>(op, frame) : evaluateOnline<double>(op, frame);
}

llvm::Expected<Data> evaluator::evaluateOp(attn::NormalizeOp op, const Frame &frame) {
  return isSingle(op, frame) ? evaluateNormalize<float>(op, frame) : evaluateNormalize<double>(op, frame);
}
