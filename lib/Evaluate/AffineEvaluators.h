//===- AffineEvaluators.h - Index arithmetic, evaluated ---------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_AFFINEEVALUATORS_H
#define FOVEA_LIB_EVALUATE_AFFINEEVALUATORS_H

#include "Frame.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"

namespace fovea::evaluator {

/// The index of one loop taken apart into those of several, and back.
llvm::Expected<Data> evaluateIndexOp(mlir::affine::AffineDelinearizeIndexOp op, const Frame &frame);
llvm::Expected<Data> evaluateIndexOp(mlir::affine::AffineLinearizeIndexOp op, const Frame &frame);

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_AFFINEEVALUATORS_H
