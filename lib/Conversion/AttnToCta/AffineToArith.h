//===- AffineToArith.h - index arithmetic of a kernel -----------*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_AFFINETOARITH_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_AFFINETOARITH_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace fovea {

/// Replaces affine.apply, affine.min and affine.max in a kernel by ops of `arith`, which range analysis reads and which
/// may depend on anything.
void expandAffine(mlir::gpu::GPUFuncOp kernel);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_AFFINETOARITH_H
