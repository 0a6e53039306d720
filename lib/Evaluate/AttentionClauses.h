//===- AttentionClauses.h - causal, window, softcap, ... --------*- C++ -*-===//
//
// The clauses of `attn.attention`, each from its definition; the regions that
// `attn-canonicalize` makes of them are not consulted.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_ATTENTIONCLAUSES_H
#define FOVEA_LIB_EVALUATE_ATTENTIONCLAUSES_H

#include "Frame.h"
#include "IndexedAccess.h"

namespace fovea::evaluator {

class AttentionClauses {
public:
  static llvm::Expected<AttentionClauses> create(mlir::attn::AttentionOp op, const Frame &frame,
                                                 llvm::ArrayRef<int64_t> extents);

  /// Fixes all dimensions but the key's.
  void setRow(llvm::ArrayRef<int64_t> indices);

  /// softcap, then ALiBi, then bias (S2).
  double score(int64_t key, double logit) const;
  /// causal and window and keep.
  bool keep(int64_t key) const;

private:
  /// A broadcast operand, and where the current row reads it.
  struct Operand {
    IndexedAccess access;
    DenseTensor tensor;
    int64_t rowPosition = 0;
  };

  AttentionClauses() = default;
  double round(double value) const { return roundTo(value, rounding); }

  unsigned queryDim = 0, keyDim = 0;
  Rounding rounding = Rounding::None;
  int64_t offset = 0; ///< The diagonal: key = query + offset (S1).
  bool causal = false;
  std::optional<int64_t> left, right;
  std::optional<double> softcap;
  std::optional<Operand> slopes, bias, keepMask;
  int64_t diagonal = 0; ///< The current row's key on the diagonal.
};

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_ATTENTIONCLAUSES_H
