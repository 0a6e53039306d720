//===- FlattenForall.h - a perfect nest of loops as one ---------*- C++ -*-===//

#ifndef FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_FLATTENFORALL_H
#define FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_FLATTENFORALL_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::attn {

/// Merges `inner` with the scf.forall around it into one loop over the
/// dimensions of both, if it is the only work in there: beside it the body
/// holds nothing but slices and index arithmetic, its bounds do not depend on
/// the outer position, and its results go into the slices that it was given.
/// Returns the merged loop, or `inner` unchanged.
scf::ForallOp flattenIntoParent(RewriterBase &rewriter, scf::ForallOp inner);

} // namespace mlir::attn

#endif // FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_FLATTENFORALL_H
