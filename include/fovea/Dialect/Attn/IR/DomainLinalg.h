//===- DomainLinalg.h - linalg ops over an attn op's domain -----*- C++ -*-===//
//
// What an op of `attn` computes, said in linalg: tensors are read and written
// at affine maps of the op's own iteration domain, and each step is a
// linalg.generic over those dimensions of the domain that its operands have.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_IR_DOMAINLINALG_H
#define FOVEA_DIALECT_ATTN_IR_DOMAINLINALG_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir::attn {

/// A tensor and the position of the domain at which it is read or written.
struct DomainTensor {
  Value tensor;
  AffineMap map;
};

/// Builds linalg ops over the domain of `op`.
class DomainLinalg {
public:
  /// Computes one element from those of the inputs and the output's.
  using Body = llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

  DomainLinalg(OpBuilder &builder, TilingInterface op);

  /// One linalg.generic; dimensions that the output does not have are reduced.
  DomainTensor generic(ArrayRef<DomainTensor> inputs, DomainTensor output, Body body);

  /// A new tensor over `dims`, in that order.
  DomainTensor empty(ArrayRef<unsigned> dims, Type elementType);
  DomainTensor filled(ArrayRef<unsigned> dims, Value element);

  OpFoldResult size(unsigned dim) const { return domain[dim].size; }
  unsigned numDims() const { return domain.size(); }
  ImplicitLocOpBuilder &getBuilder() { return builder; }

private:
  ImplicitLocOpBuilder builder;
  SmallVector<Range> domain;
};

/// A constant of a floating-point type; infinities are allowed.
Value floatConstant(ImplicitLocOpBuilder &builder, Type type, double value);

/// `value` extended or truncated to the floating-point type `type`.
Value convertFloat(ImplicitLocOpBuilder &builder, Value value, Type type);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_IR_DOMAINLINALG_H
