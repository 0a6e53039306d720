//===- DeviceMath.h - scalar mathematics as a GPU has it ------------*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_CTATONVVM_DEVICEMATH_H
#define FOVEA_LIB_CONVERSION_CTATONVVM_DEVICEMATH_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/IR/PatternMatch.h"

namespace fovea {

/// A diagnostic for every op of math under `root` that has no device form here.
mlir::LogicalResult checkDeviceMath(mlir::Operation *root);

/// math on scalars without calls; DeviceMath.cpp states the errors. Better than upstream's patterns where both match.
void populateDeviceMathPatterns(const mlir::LLVMTypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_CTATONVVM_DEVICEMATH_H
