//===- PlaceLoop.h - a place for every op of a key loop ---------*- C++ -*-===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_PLACELOOP_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_PLACELOOP_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::cta {

/// Gives every op of the body of `loop`, whose products are already split, its `cta.at`; adds the exclusive sections.
/// Fails, having said why, where the schedule asks for an overlap that the data do not allow.
LogicalResult placeLoop(scf::ForOp loop, ScheduleAttr schedule);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_PLACELOOP_H
