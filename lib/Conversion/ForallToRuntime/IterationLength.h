//===- IterationLength.h - how long iterations take -------------*- C++ -*-===//
//
// Threads take the iterations of a parallel loop one by one in ascending order. If the last ones are the longest, all
// threads but one wait for it at the end; so it matters which way the length goes, not how long an iteration is.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_FORALLTORUNTIME_ITERATIONLENGTH_H
#define FOVEA_LIB_CONVERSION_FORALLTORUNTIME_ITERATIONLENGTH_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace fovea {

/// Whether iterations of `loop` never become shorter, and may become longer, as the induction variable of `dimension`
/// grows. The loop of the body with the deepest nest stands for the body; its trip count is followed through affine
/// and integer arithmetic, and false is returned where that says nothing.
bool growsWith(mlir::scf::ForallOp loop, unsigned dimension);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_FORALLTORUNTIME_ITERATIONLENGTH_H
