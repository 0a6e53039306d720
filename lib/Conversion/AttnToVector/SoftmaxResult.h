//===- SoftmaxResult.h - results of a row of a softmax ----------*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SOFTMAXRESULT_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SOFTMAXRESULT_H

#include "LaneBuilder.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

namespace fovea {

/// The running maximum and sum of a row, scalars.
struct RowState {
  mlir::Value maximum, sum;
};

/// Exponentials or scores of a row, from `begin` of `elements` on, and the maxima that those of each chunk are relative
/// to, from `number` of `maxima` on. The latter is null where elements are used chunk after chunk. All is null where
/// nothing is kept.
struct KeptRow {
  mlir::Value elements, begin, maxima, number;
};

/// Whether results are made of scores, not of exponentials.
bool needsScores(mlir::attn::NormalizeOp op);
/// base^(score - reference), of scalars or vectors.
mlir::Value exponentialOf(LaneBuilder &lanes, mlir::Value score, mlir::Value reference, bool baseTwo);
/// The natural log-sum-exp of a row, a scalar.
mlir::Value logSumExp(LaneBuilder &lanes, RowState state, bool baseTwo);

/// Turns vectors of a row, whose state is final, into results of `op`.
class SoftmaxResult {
public:
  SoftmaxResult(LaneBuilder &lanes, mlir::attn::NormalizeOp op, RowState state);

  /// What the exponentials of chunk `number` are multiplied by; null where scores are kept.
  mlir::Value factorOf(const KeptRow &kept, mlir::Value number) const;
  /// The results of kept exponentials with the factor of their chunk, or of scores without.
  mlir::Value of(mlir::Value vector, mlir::Value factor) const;

private:
  LaneBuilder &lanes;
  bool isLog, baseTwo;
  mlir::Value reference; ///< the maximum
  mlir::Value inverse;   ///< 1 / sum, null for log_prob
  mlir::Value logSum;    ///< log(sum), null for others
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SOFTMAXRESULT_H
