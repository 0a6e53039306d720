//===- AttentionDims.h - the roles of an attention's dimensions -*- C++ -*-===//
//
// Which dimension of the iteration domain is what, found from the indexing maps and never from operand positions:
//
//            batch   row   key   qk   value
//   query      x      x           x
//   key        x            x     x
//   value      x            x            x
//   output     x      x                  x
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_IR_ATTENTIONDIMS_H
#define FOVEA_DIALECT_ATTN_IR_ATTENTIONDIMS_H

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::attn {

struct AttentionDims {
  llvm::SmallVector<unsigned> batch; ///< B: in all operands (a grouped head counts as one, S6).
  llvm::SmallVector<unsigned> rows;  ///< G and M: in query and output only; the last one is the query's position.
  unsigned key = 0;                  ///< K2: normalised over.
  unsigned qk = 0;                   ///< K1: contracted by the score.
  unsigned value = 0;                ///< N: the value's head dim.

  unsigned query() const { return rows.back(); }

  /// The roles, or nothing where the maps are not those of an attention.
  static llvm::FailureOr<AttentionDims> infer(AffineMap query, AffineMap key, AffineMap value);
};

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_IR_ATTENTIONDIMS_H
