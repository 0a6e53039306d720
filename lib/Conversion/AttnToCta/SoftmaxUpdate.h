//===- SoftmaxUpdate.h - the state of a tile of rows ------------*- C++ -*-===//
//
// The state of online softmax (fovea/Support/OnlineSoftmax.h) in register tiles:
//
//   acc   rows x value dims   sum of weights times values
//   m     rows                maximum, in units in which weight(s) = 2^(factor * (s - m))
//   l     rows x 4            sum of weights, one part for each of the four lanes that share a row
//
// Where the scale is known to be positive and there is no score region, m is the maximum of the plain dot products and
// the scale is part of `factor`: scale and subtraction are one fma per score. Elsewhere scores are scaled first. In
// base e with a score region the difference is taken before it is multiplied by log2(e), which keeps the bits that
// large scores have in common.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_SOFTMAXUPDATE_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_SOFTMAXUPDATE_H

#include "KernelBody.h"

namespace fovea {

/// What a dot product becomes on its way to a weight.
struct ScoreUnits {
  enum class Weight {
    FusedScale, ///< 2^(factor * s - factor * m)
    BaseTwo,    ///< 2^(s - m)
    BaseE       ///< 2^((s - m) * log2(e))
  };
  Weight weight = Weight::BaseTwo;
  double factor = 1.0;   ///< m times this is a logarithm in base 2.
  mlir::Value scale;     ///< What scores are multiplied by before anything else; null for 1 and where it is fused.
  double toOpBase = 1.0; ///< m times this is in the base of the op.

  /// What a maximum begins with, about -2^126 / factor. Rows in which no score is above it count as rows without keys.
  double lowest() const;

  /// Decides, and makes the scale in front of the loop.
  static ScoreUnits choose(const KernelBody &body, TileBuilder &builder);
};

/// The carried values, in order.
struct SoftmaxState {
  mlir::Value acc, max, sum;
  mlir::Value trueMax; ///< Only where `max` may lag behind it and it is asked for.

  llvm::SmallVector<mlir::Value> values() const;
  static SoftmaxState of(mlir::ValueRange values);
  /// The state that no key has entered.
  static SoftmaxState identity(const KernelBody &body, TileBuilder &builder, const ScoreUnits &units);
};

/// How far `max` may lag behind, in powers of two (S12); 0 where it is always exact.
int64_t maximumLag(const KernelBody &body);

/// The state after a block of scores (masked, in `units`) and what of the old one its accumulator keeps; `weights` are
/// the new scores' weights. The product with the values is the caller's.
SoftmaxState updateState(const KernelBody &body, TileBuilder &builder, const ScoreUnits &units, SoftmaxState state,
                         mlir::Value scores, mlir::Value &weights);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_SOFTMAXUPDATE_H
