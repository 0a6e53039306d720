//===- SinkScalars.h - scalars while products run ----------------*- C++ -*-===//

#ifndef FOVEA_LIB_DIALECT_CTA_TRANSFORMS_SINKSCALARS_H
#define FOVEA_LIB_DIALECT_CTA_TRANSFORMS_SINKSCALARS_H

#include "mlir/IR/Region.h"

namespace mlir::cta {

/// Moves scalar arithmetic that nothing needs before a `cta.dot_wait` to where that begins to wait.
void sinkScalars(Region &program);

} // namespace mlir::cta

#endif // FOVEA_LIB_DIALECT_CTA_TRANSFORMS_SINKSCALARS_H
