//===- MaskBounds.h - masks as bounds of each row ----------------*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_MASKBOUNDS_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_MASKBOUNDS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace fovea {

/// Compares columns with bounds of their rows, one bound for all that are and-ed.
void simplifyMaskBounds(mlir::gpu::GPUFuncOp kernel);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_MASKBOUNDS_H
