//===- WeightedSum.cpp - The one inner loop that must be fast -------------===//
//
// Scores are a sum over the QK head dim of rows of K^T, outputs one over the
// keys of rows of V, so both stream through contiguous memory. Four rows at a
// time spare three of four loads and stores of the sum; the order of additions
// stays that of the definition. Compiled with optimization in every build.
//
//===----------------------------------------------------------------------===//

#include "WeightedSum.h"

using namespace fovea::evaluator;

template <typename T>
void fovea::evaluator::addWeightedRows(llvm::ArrayRef<WeightedRow<T>> rows, int64_t width, T *__restrict sum) {
  size_t r = 0;
  for (; r + 4 <= rows.size(); r += 4) {
    const T *__restrict r0 = rows[r].row, *__restrict r1 = rows[r + 1].row;
    const T *__restrict r2 = rows[r + 2].row, *__restrict r3 = rows[r + 3].row;
    T w0 = rows[r].weight, w1 = rows[r + 1].weight;
    T w2 = rows[r + 2].weight, w3 = rows[r + 3].weight;
    for (int64_t c = 0; c < width; ++c) {
      T value = sum[c] + w0 * r0[c];
      value = value + w1 * r1[c];
      value = value + w2 * r2[c];
      sum[c] = value + w3 * r3[c];
    }
  }
  for (; r < rows.size(); ++r) {
    const T *__restrict row = rows[r].row;
    T weight = rows[r].weight;
    for (int64_t c = 0; c < width; ++c)
      sum[c] += weight * row[c];
  }
}

template void fovea::evaluator::addWeightedRows<float>(llvm::ArrayRef<WeightedRow<float>>, int64_t, float *);
template void fovea::evaluator::addWeightedRows<double>(llvm::ArrayRef<WeightedRow<double>>, int64_t, double *);
