//===- Passes.h - passes on the attn dialect --------------------*- C++ -*-===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES_H

#include "fovea/Dialect/Attn/Transforms/Algorithms.h"
#include "mlir/Pass/Pass.h"

namespace mlir::attn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES_H
