//===- Passes.h - passes on the cta dialect ---------------------*- C++ -*-===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_PASSES_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_PASSES_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace mlir::cta {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_PASSES_H
