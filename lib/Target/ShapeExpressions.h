//===- ShapeExpressions.h - Launch expressions, folded ----------*- C++ -*-===//

#ifndef FOVEA_LIB_TARGET_SHAPEEXPRESSIONS_H
#define FOVEA_LIB_TARGET_SHAPEEXPRESSIONS_H

#include "fovea/LaunchExpressions.h"

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/ArrayRef.h"

#include <optional>

namespace fovea {

/// Builds a descriptor's expressions, and computes what is constant: with
/// static sizes little is left to the launch.
class ShapeExpressions {
public:
  using Index = launch::ExpressionIndex;

  explicit ShapeExpressions(launch::LaunchDescriptor &descriptor)
      : builder(descriptor), table(descriptor.expressions) {}

  Index constant(int64_t value) { return builder.constant(value); }
  Index size(uint32_t argument, uint32_t dim) { return builder.size(argument, dim); }
  Index stride(uint32_t argument, uint32_t dim) { return builder.stride(argument, dim); }
  Index address(uint32_t argument) { return builder.address(argument); }
  Index scalar(uint32_t argument) { return builder.scalar(argument); }
  Index smCount() { return builder.smCount(); }

  Index binary(launch::Operation operation, Index lhs, Index rhs);
  Index withConstant(launch::Operation operation, Index lhs, int64_t rhs) {
    return binary(operation, lhs, constant(rhs));
  }
  Index select(Index condition, Index ifTrue, Index ifFalse);
  Index product(llvm::ArrayRef<Index> factors);

  /// Of conditions, 0 or 1. The second is not evaluated where the first decides.
  Index both(Index lhs, Index rhs) { return isTrue(rhs) ? lhs : select(lhs, rhs, constant(0)); }
  Index either(Index lhs, Index rhs) { return select(lhs, constant(1), rhs); }

  /// The value of an affine expression at these dimensions and symbols.
  Index affine(mlir::AffineExpr expression, llvm::ArrayRef<Index> dims, llvm::ArrayRef<Index> symbols);

  std::optional<int64_t> getConstant(Index index) const;
  bool isTrue(Index condition) const { return getConstant(condition).value_or(0) != 0; }

private:
  launch::ExpressionBuilder builder;
  const std::vector<launch::Expression> &table;
};

} // namespace fovea

#endif // FOVEA_LIB_TARGET_SHAPEEXPRESSIONS_H
