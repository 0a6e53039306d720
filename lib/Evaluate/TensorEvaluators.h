//===- TensorEvaluators.h - Ops on tensors, evaluated -----------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_TENSOREVALUATORS_H
#define FOVEA_LIB_EVALUATE_TENSOREVALUATORS_H

#include "Frame.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fovea::evaluator {

/// An op of the tensor dialect; nothing if it is not one that is known.
llvm::Expected<std::optional<Data>> evaluateTensorOp(mlir::Operation *op, const Frame &frame);

/// Any linalg op with indexing maps and a body.
llvm::Expected<Data> evaluateLinalgOp(mlir::linalg::LinalgOp op, const Frame &frame);

/// A scalar op of arith, math or affine, on numbers or element by element.
llvm::Expected<Data> evaluateScalarOp(mlir::Operation *op, const Frame &frame);

llvm::Expected<Data> evaluateConstant(mlir::Operation *op, mlir::Attribute value);

/// A rectangular part of a tensor.
struct SliceBounds {
  llvm::SmallVector<int64_t> offsets, sizes, strides;

  /// Calls `visit(position in the tensor, position in the slice)`.
  void forEachElement(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(int64_t, int64_t)> visit) const;
  llvm::Error check(mlir::Operation *op, llvm::ArrayRef<int64_t> shape) const;
};

/// Writes `source` into the part of `destination`.
llvm::Error insertSlice(mlir::Operation *op, const DenseTensor &source, const SliceBounds &bounds,
                        DenseTensor &destination);

template <typename OpTy> SliceBounds getSliceBounds(OpTy op, const Frame &frame) {
  return {frame.getIndices(op.getMixedOffsets()), frame.getIndices(op.getMixedSizes()),
          frame.getIndices(op.getMixedStrides())};
}

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_TENSOREVALUATORS_H
