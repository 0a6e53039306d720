//===- AttentionEvaluator.cpp - attention and online_attention ------------===//
//
// Row by row: all scores of a query, then their softmax, then the weighted sum
// of the values. T is float in the unfused baseline and double in the
// reference. A key whose score is -inf, whatever made it so, is not part of any
// sum: its value may be anything (S8).
//
//===----------------------------------------------------------------------===//

#include "AttentionClauses.h"
#include "AttnEvaluators.h"
#include "OutputTensors.h"
#include "ScoreFunction.h"
#include "WeightedSum.h"

#include "fovea/Dialect/Attn/IR/AttentionDims.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

namespace {

/// NaN if either is, unlike std::max.
template <typename T> T maximum(T a, T b) { return std::isnan(a) || a >= b ? a : b; }

/// Scores, maximum and weighted sums of the rows of one op.
template <typename T> class AttentionRows {
public:
  static constexpr T infinity = std::numeric_limits<T>::infinity();

  template <typename OpTy> llvm::Error prepare(OpTy op, const Frame &frame, ArrayRef<int64_t> extents);

  /// Calls `visit` for each query, with `indices`, `scores` and `max` set.
  template <typename ScoreFn, typename Fn> void forEachRow(ScoreFn &scoreOf, Fn visit);

  /// `result[n] = initial[n] + sum_j weights[j] * v[j, n]` over live keys.
  void addValues(ArrayRef<T> weights, MutableArrayRef<T> result);

  attn::AttentionDims dims;
  SmallVector<int64_t> extents;
  SmallVector<int64_t> indices;
  std::vector<T> scores;
  T max = 0;

private:
  /// K transposed and V, contiguous, for the current batch.
  void gatherKeysAndValues();

  std::optional<InputTensor> query, key, value;
  T scale = 1;
  std::vector<T> transposedKeys, values;
  std::vector<WeightedRow<T>> rows;
};

template <typename T>
template <typename OpTy>
llvm::Error AttentionRows<T>::prepare(OpTy op, const Frame &frame, ArrayRef<int64_t> domain) {
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  FailureOr<attn::AttentionDims> roles = attn::AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (failed(roles))
    return makeError(op, "has maps that are not those of an attention");
  dims = *roles;
  extents.assign(domain.begin(), domain.end());
  indices.assign(extents.size(), 0);
  scores.resize(extents[dims.key]);

  for (auto [input, operand] : {std::pair(&query, &op.getQueryMutable()), std::pair(&key, &op.getKeyMutable()),
                                std::pair(&value, &op.getValueMutable())}) {
    llvm::Expected<InputTensor> tensor =
        InputTensor::create(cast<attn::StructuredOpInterface>(op.getOperation()), *operand, frame, extents);
    if (!tensor)
      return tensor.takeError();
    *input = std::move(*tensor);
  }
  if (op.getScale())
    scale = op.getScale()->convertToDouble();
  else if (op.getScaleValue())
    scale = frame.getNumber(op.getScaleValue()).floating;
  else
    scale = 1 / std::sqrt(std::max(double(extents[dims.qk]), 1.0));
  return llvm::Error::success();
}

template <typename T> void AttentionRows<T>::gatherKeysAndValues() {
  int64_t numKeys = extents[dims.key], width = extents[dims.value];
  transposedKeys.resize(extents[dims.qk] * numKeys);
  // Positions are added up before they index: a tensor without elements has no address to add them to.
  const Number *data = key->tensor.getData();
  int64_t base = key->access.at(indices);
  for (int64_t j = 0; j != numKeys; ++j)
    for (int64_t k = 0; k != extents[dims.qk]; ++k)
      transposedKeys[k * numKeys + j] =
          data[base + key->access.along(dims.key, j) + key->access.along(dims.qk, k)].floating;
  values.resize(numKeys * width);
  data = value->tensor.getData();
  base = value->access.at(indices);
  for (int64_t j = 0; j != numKeys; ++j)
    for (int64_t n = 0; n != width; ++n)
      values[j * width + n] =
          data[base + value->access.along(dims.key, j) + value->access.along(dims.value, n)].floating;
}

template <typename T>
template <typename ScoreFn, typename Fn>
void AttentionRows<T>::forEachRow(ScoreFn &scoreOf, Fn visit) {
  forEachIndex(dims.batch, extents, indices, [&] {
    gatherKeysAndValues();
    forEachIndex(dims.rows, extents, indices, [&] {
      rows.clear();
      const Number *data = query->tensor.getData();
      int64_t base = query->access.at(indices);
      for (int64_t k = 0; k != extents[dims.qk]; ++k)
        rows.push_back(
            {T(data[base + query->access.along(dims.qk, k)].floating), transposedKeys.data() + k * extents[dims.key]});
      std::fill(scores.begin(), scores.end(), T(0));
      addWeightedRows<T>(rows, scores.size(), scores.data());
      scoreOf.setRow(indices);
      max = -infinity;
      for (auto [j, score] : llvm::enumerate(scores)) {
        score = scoreOf(j, T(scale * score));
        max = maximum(max, score);
      }
      visit();
    });
  });
}

template <typename T> void AttentionRows<T>::addValues(ArrayRef<T> weights, MutableArrayRef<T> result) {
  rows.clear();
  for (auto [j, weight] : llvm::enumerate(weights))
    if (scores[j] != -infinity)
      rows.push_back({weight, values.data() + j * result.size()});
  addWeightedRows<T>(rows, result.size(), result.data());
}

/// Clauses and regions together; -inf where the mask removes the key (S7).
struct AttentionScore {
  ScoreFunction regions;
  AttentionClauses *clauses = nullptr;
  bool evaluateMask = true;

  void setRow(ArrayRef<int64_t> indices) {
    regions.setRow(indices);
    if (clauses)
      clauses->setRow(indices);
  }
  double operator()(int64_t key, double logit) {
    if ((clauses && !clauses->keep(key)) || (evaluateMask && !regions.keep(key)))
      return -std::numeric_limits<double>::infinity();
    logit = regions.score(key, logit);
    return clauses ? clauses->score(key, logit) : logit;
  }
};

template <typename OpTy>
llvm::Expected<AttentionScore> makeScore(OpTy op, const Frame &frame, ArrayRef<int64_t> extents,
                                         const attn::AttentionDims &dims) {
  llvm::Expected<ScoreFunction> regions =
      ScoreFunction::create(cast<attn::ScoreOpInterface>(op.getOperation()), frame, extents, {dims.qk, dims.value});
  if (!regions)
    return regions.takeError();
  return AttentionScore{std::move(*regions)};
}

/// How P is rounded for the product with V (S12).
Rounding getProbabilityRounding(Value value, const Frame &frame) {
  return getRounding(frame.getTensor(value).getElementType(), frame.getPrecision());
}

template <typename T> llvm::Expected<Data> evaluateAttention(attn::AttentionOp op, const Frame &frame) {
  auto structured = cast<attn::StructuredOpInterface>(op.getOperation());
  llvm::Expected<SmallVector<int64_t>> extents = getExtents(structured, frame);
  if (!extents)
    return extents.takeError();
  AttentionRows<T> rows;
  if (llvm::Error error = rows.prepare(op, frame, *extents))
    return error;
  llvm::Expected<OutputTensors> outputs = OutputTensors::create(structured, frame, *extents);
  if (!outputs)
    return outputs.takeError();
  llvm::Expected<AttentionScore> score = makeScore(op, frame, *extents, rows.dims);
  if (!score)
    return score.takeError();
  llvm::Expected<AttentionClauses> clauses = AttentionClauses::create(op, frame, *extents);
  if (!clauses)
    return clauses.takeError();
  if (op.hasSugar())
    score->clauses = &*clauses;
  std::optional<InputTensor> sink;
  if (op.getSink()) {
    llvm::Expected<InputTensor> tensor = InputTensor::create(structured, *op.getSinkMutable().begin(), frame, *extents);
    if (!tensor)
      return tensor.takeError();
    sink = std::move(*tensor);
  }

  Rounding rounding = getProbabilityRounding(op.getValue(), frame);
  const T infinity = std::numeric_limits<T>::infinity();
  std::vector<T> weights(rows.scores.size());
  std::vector<T> result((*extents)[rows.dims.value]);
  rows.forEachRow(*score, [&] {
    T sinkLogit = sink ? T(sink->get(rows.indices)) : -infinity;
    T largest = maximum(rows.max, sinkLogit), sum = 0;
    bool empty = largest == -infinity; // S3: exp(-inf - -inf) is not asked for.
    for (auto [j, s] : llvm::enumerate(rows.scores)) {
      weights[j] = s == -infinity ? T(0) : std::exp(s - largest);
      sum += weights[j];
    }
    if (sink && !empty)
      sum += std::exp(sinkLogit - largest);
    for (T &weight : weights)
      weight = T(roundTo(empty ? T(0) : weight / sum, rounding));
    std::fill(result.begin(), result.end(), std::isnan(sum) ? std::numeric_limits<T>::quiet_NaN() : T(0));
    if (!empty)
      rows.addValues(weights, result);

    if (op.lseIndex() >= 0)
      outputs->set(op.lseIndex(), rows.indices, empty ? -infinity : largest + std::log(sum));
    if (op.maxIndex() >= 0)
      outputs->set(op.maxIndex(), rows.indices, rows.max);
    unsigned valueDim = rows.dims.value;
    forEachIndex(valueDim, *extents, rows.indices,
                 [&] { outputs->set(0, rows.indices, result[rows.indices[valueDim]]); });
  });
  if (llvm::Error error = score->regions.takeError())
    return error;
  return outputs->take();
}

template <typename T> llvm::Expected<Data> evaluateOnline(attn::OnlineAttentionOp op, const Frame &frame) {
  auto structured = cast<attn::StructuredOpInterface>(op.getOperation());
  llvm::Expected<SmallVector<int64_t>> extents = getExtents(structured, frame);
  if (!extents)
    return extents.takeError();
  AttentionRows<T> rows;
  if (llvm::Error error = rows.prepare(op, frame, *extents))
    return error;
  llvm::Expected<OutputTensors> outputs = OutputTensors::create(structured, frame, *extents);
  if (!outputs)
    return outputs.takeError();
  llvm::Expected<AttentionScore> score = makeScore(op, frame, *extents, rows.dims);
  if (!score)
    return score.takeError();
  score->evaluateMask = !op.getPartial() || frame.getIndex(op.getPartial());

  Rounding rounding = getProbabilityRounding(op.getValue(), frame);
  const T infinity = std::numeric_limits<T>::infinity();
  bool baseTwo = op.getBase() == attn::ExpBase::Two;
  auto power = [&](T x) { return baseTwo ? std::exp2(x) : std::exp(x); };
  std::vector<T> weights(rows.scores.size());
  std::vector<T> result((*extents)[rows.dims.value]);
  unsigned valueDim = rows.dims.value;
  rows.forEachRow(*score, [&] {
    T oldMax = outputs->get(1, rows.indices), max = op.getFixedMax() ? oldMax : maximum(oldMax, rows.max);
    if (max == -infinity)
      return; // No live key yet: the state stays the identity.
    T factor = oldMax == -infinity ? T(0) : power(oldMax - max);
    T sum = 0;
    for (auto [j, s] : llvm::enumerate(rows.scores)) {
      T weight = s == -infinity ? T(0) : power(s - max);
      sum += weight;
      weights[j] = T(roundTo(weight, rounding));
    }
    outputs->set(1, rows.indices, max);
    // From the identity, whatever acc holds is not part of the sum.
    outputs->set(2, rows.indices, oldMax == -infinity ? sum : T(outputs->get(2, rows.indices)) * factor + sum);
    forEachIndex(valueDim, *extents, rows.indices, [&] {
      result[rows.indices[valueDim]] = oldMax == -infinity ? T(0) : T(outputs->get(0, rows.indices)) * factor;
    });
    rows.addValues(weights, result);
    forEachIndex(valueDim, *extents, rows.indices,
                 [&] { outputs->set(0, rows.indices, result[rows.indices[valueDim]]); });
  });
  if (llvm::Error error = score->regions.takeError())
    return error;
  return outputs->take();
}

/// Whether to compute in f32.
template <typename OpTy> bool isSingle(OpTy op, const Frame &frame) {
  return frame.getPrecision() == Precision::Unfused && op.getComputeType().isF32();
}

} // namespace

llvm::Expected<Data> evaluator::evaluateOp(attn::AttentionOp op, const Frame &frame) {
  return isSingle(op, frame) ? evaluateAttention<float>(op, frame) : evaluateAttention<double>(op, frame);
}

llvm::Expected<Data> evaluator::evaluateOp(attn::OnlineAttentionOp op, const Frame &frame) {
  return isSingle(op, frame) ? evaluateOnline<float>(op, frame) : evaluateOnline<double>(op, frame);
}
