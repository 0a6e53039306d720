//===- ScfRebuild.h - scf ops with other values carried ---------*- C++ -*-===//
//
// Private to the passes on roles.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_CTA_TRANSFORMS_SCFREBUILD_H
#define FOVEA_LIB_DIALECT_CTA_TRANSFORMS_SCFREBUILD_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"

namespace mlir::cta {

/// An op like `op` in its place, with other operands and results, that takes over its regions. Results and block
/// arguments are the caller's to adapt, and `op`, left without regions' contents, is to be erased.
inline Operation *rebuildWithRegions(Operation *op, ValueRange operands, TypeRange resultTypes) {
  OpBuilder builder(op);
  OperationState state(op->getLoc(), op->getName(), operands, resultTypes, op->getAttrs());
  for (unsigned i = 0, e = op->getNumRegions(); i != e; ++i)
    state.addRegion();
  Operation *rebuilt = builder.create(state);
  for (auto [from, to] : llvm::zip_equal(op->getRegions(), rebuilt->getRegions()))
    to.takeBody(from);
  return rebuilt;
}

} // namespace mlir::cta

#endif // FOVEA_LIB_DIALECT_CTA_TRANSFORMS_SCFREBUILD_H
