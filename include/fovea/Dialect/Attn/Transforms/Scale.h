//===- Scale.h - the factor between a dot product and its score -*- C++ -*-===//
//
// Attribute, operand or default: 1 / sqrt(QK head dim), and 1 where that dim is 0.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_SCALE_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_SCALE_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/IR/Builders.h"

namespace mlir::attn {

/// The scale of `op` where it is known at compile time.
std::optional<double> getStaticScale(OnlineAttentionOp op);

/// The scale of `op` as a value of its compute type, made at the insertion point.
Value materializeScale(OpBuilder &builder, OnlineAttentionOp op);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_SCALE_H
