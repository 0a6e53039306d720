//===- Rematerialize.h - register tiles made anew in a layout ---*- C++ -*-===//
//
// Constants, splats and iotas cost nothing to make, so each use can have one in its own layout.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_REMATERIALIZE_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_REMATERIALIZE_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/IR/Builders.h"

namespace mlir::cta {

/// Whether `op` makes a register tile that is as cheap to make again.
bool isRematerializable(Operation *op);

/// The tile that `op` makes, in the layout `layout`: beside `op`, where one may be already.
Value rematerialize(OpBuilder &builder, Operation *op, Attribute layout);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_REMATERIALIZE_H
