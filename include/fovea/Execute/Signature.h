//===- Signature.h - What a function takes and returns ----------*- C++ -*-===//
//
// The types of a function on tensors, kept while the function itself is lowered
// to code that no longer shows them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_SIGNATURE_H
#define FOVEA_EXECUTE_SIGNATURE_H

#include "fovea/Execute/TensorView.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

/// A ranked tensor, or a scalar, which is handled as a tensor of rank 0.
struct ValueType {
  bool isScalar = false;
  ElementType elementType = ElementType::F32;
  /// `mlir::ShapedType::kDynamic` where a call decides.
  llvm::SmallVector<int64_t> shape;

  /// `?x64xf32`, `f32`.
  std::string str() const;
  bool accepts(const TensorView &tensor) const;

  /// Fails on a type that has no form in memory here.
  static llvm::Expected<ValueType> of(mlir::Type type);
};

struct Signature {
  std::string name;
  llvm::SmallVector<ValueType> arguments;
  llvm::SmallVector<ValueType> results;

  /// Fails, naming the argument or result, on types other than ranked tensors
  /// and numbers.
  static llvm::Expected<Signature> of(mlir::func::FuncOp function);
};

} // namespace fovea

#endif // FOVEA_EXECUTE_SIGNATURE_H
