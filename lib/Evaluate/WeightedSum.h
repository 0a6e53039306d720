//===- WeightedSum.h - The one inner loop that must be fast -----*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_WEIGHTEDSUM_H
#define FOVEA_LIB_EVALUATE_WEIGHTEDSUM_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace fovea::evaluator {

template <typename T> struct WeightedRow {
  T weight;
  const T *row;
};

/// `sum[c] += weight * row[c]` for each of `rows` in turn, rounding to T after
/// every operation.
template <typename T> void addWeightedRows(llvm::ArrayRef<WeightedRow<T>> rows, int64_t width, T *sum);

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_WEIGHTEDSUM_H
