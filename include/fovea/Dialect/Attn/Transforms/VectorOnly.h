//===- VectorOnly.h - ops that stay away from a matrix unit -----*- C++ -*-===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_VECTORONLY_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_VECTORONLY_H

#include "llvm/ADT/StringRef.h"

namespace mlir::attn {

/// A unit attribute of `attn.online_attention` that `attn-pack-queries` heeds: the op is lowered to vector code
/// although a matrix unit would take it. Set by `fovea-version-matrix-unit`.
constexpr llvm::StringLiteral vectorOnlyAttrName = "fovea.vector_only";

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_VECTORONLY_H
