//===- Transforms.h - the steps of the passes as functions ------*- C++ -*-===//
//
// Each pass of Passes.td calls one of these. Where one fails it has said why, and the kernel is of no further use.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_TRANSFORMS_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_TRANSFORMS_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::cta {

/// Stage 9: gives every register tile a layout and every shared tile a swizzle. Products get the accumulator layout of
/// the kernel's warpgroups, the rest follows from them; a value that is needed in two layouts is converted.
LogicalResult inferLayouts(gpu::GPUFuncOp kernel);

/// Stage 9: patterns that drop conversions of layouts which change nothing, and make anew in the wanted layout what is
/// as cheap to make as to convert.
void populateRemoveLayoutConversionsPatterns(RewritePatternSet &patterns);

/// Stage 10: fills in the registers of the kernel's `cta.schedule`, splits every product into its issue and its wait,
/// and gives every op of a loop over keys its `cta.at`.
LogicalResult scheduleKernel(gpu::GPUFuncOp kernel);

/// After each of the stages 10 to 13: refuses what the rules of docs/Pipeline.md forbid. Each diagnostic names its
/// rule.
LogicalResult verifySchedule(gpu::GPUFuncOp kernel);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_TRANSFORMS_H
