//===- TileLoops.h - the loops over keys and over tiles ---------*- C++ -*-===//
//
// Stage 11: a kernel whose key loop is scheduled (cta.at) becomes explicit order. What each function does is said in
// the file of the pass of that name; all of them take the kernel and report what they refuse.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_TILELOOPS_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_TILELOOPS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::cta {

/// Orders the body of every scheduled loop as its `cta.at` say, with a straight-line prologue and epilogue where there
/// are stages (cta-expand-pipeline).
LogicalResult expandPipeline(RewriterBase &rewriter, gpu::GPUFuncOp kernel);

/// Cuts loops where the conditions of their scf.if change, at most into three (cta-split-ranges).
LogicalResult splitRanges(RewriterBase &rewriter, gpu::GPUFuncOp kernel);

/// Replaces `cta.tile_index` by the decoding of a tile number, in a loop over tiles unless the scheduler is `grid`
/// (cta-persist-tiles).
LogicalResult persistTiles(RewriterBase &rewriter, gpu::GPUFuncOp kernel);

/// Joins the beginning of the next tile to the end of this one, where the schedule says so (cta-flatten-tiles).
LogicalResult flattenTiles(RewriterBase &rewriter, gpu::GPUFuncOp kernel);

/// Drops ends of exclusive sections without their counterpart in the same block, and `cta.at`, which no later stage
/// reads (cta-balance-sections).
void balanceSections(gpu::GPUFuncOp kernel);

/// The loop over tiles that `persistTiles` makes: the only scf.while at the top of the kernel. Null without one.
scf::WhileOp getTileLoop(gpu::GPUFuncOp kernel);

/// The loops over keys among the ops of `block`: those whose bodies issue products, in order.
SmallVector<scf::ForOp> getKeyLoops(Block *block);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_TILELOOPS_H
