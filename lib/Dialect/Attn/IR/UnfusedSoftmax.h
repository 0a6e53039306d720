//===- UnfusedSoftmax.h - the steps of an unfused softmax -------*- C++ -*-===//
//
// What the decompositions of attention and of the softmax ops share: scores
// through the regions, row maximum, exponentials, row sum. Each is a linalg op.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_ATTN_IR_UNFUSEDSOFTMAX_H
#define FOVEA_LIB_DIALECT_ATTN_IR_UNFUSEDSOFTMAX_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/IR/DomainLinalg.h"
#include <limits>

namespace mlir::attn {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Refuses memrefs: the unfused form is made of new tensors.
LogicalResult checkDecomposable(ScoreOpInterface op);

/// The steps that attention and softmax share.
class UnfusedSoftmax {
public:
  UnfusedSoftmax(OpBuilder &builder, ScoreOpInterface op, ArrayRef<unsigned> scoreDims, ExpBase base = ExpBase::E);

  /// s = score(scale * logits) where the mask keeps, else -inf.
  DomainTensor scores(DomainTensor logits, Value scale = {});
  /// The maximum of each row, starting from `init`.
  DomainTensor maximum(DomainTensor s, DomainTensor init);
  /// base^(s - m), and 0 where s is -inf (S7).
  DomainTensor exponentials(DomainTensor s, DomainTensor m);
  /// The sum along the keys, starting from `init`.
  DomainTensor sum(DomainTensor p, DomainTensor init);
  /// m + log l in the state's base.
  Value logSumExp(ImplicitLocOpBuilder &b, Value m, Value l);

  Value constant(ImplicitLocOpBuilder &b, double value);
  Value exp(ImplicitLocOpBuilder &b, Value x);
  /// 0 for -inf, so that no difference of two infinities arises (S7).
  Value finite(ImplicitLocOpBuilder &b, Value m);
  /// A tensor with one element per row, all `value`.
  DomainTensor rows(double value);

  ScoreOpInterface op;
  DomainLinalg domain;
  FloatType compute;
  SmallVector<unsigned> scoreDims, rowDims;
  ExpBase base;
};

} // namespace mlir::attn

#endif // FOVEA_LIB_DIALECT_ATTN_IR_UNFUSEDSOFTMAX_H
