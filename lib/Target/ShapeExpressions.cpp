//===- ShapeExpressions.cpp - Launch expressions, folded ------------------===//

#include "ShapeExpressions.h"

#include "llvm/Support/MathExtras.h"

using namespace fovea;
using launch::Operation;

std::optional<int64_t> ShapeExpressions::getConstant(Index index) const {
  const launch::Expression &expression = table[index];
  if (expression.operation != Operation::Constant)
    return std::nullopt;
  return expression.value;
}

/// Nothing where there is no value: an overflow, a division by zero.
static std::optional<int64_t> compute(Operation operation, int64_t lhs, int64_t rhs) {
  int64_t value;
  switch (operation) {
  case Operation::Add:
    return llvm::AddOverflow(lhs, rhs, value) ? std::nullopt : std::optional(value);
  case Operation::Sub:
    return llvm::SubOverflow(lhs, rhs, value) ? std::nullopt : std::optional(value);
  case Operation::Mul:
    return llvm::MulOverflow(lhs, rhs, value) ? std::nullopt : std::optional(value);
  case Operation::FloorDiv:
  case Operation::CeilDiv:
  case Operation::FloorMod:
    // Divisors of shapes are positive; the launch deals with others.
    if (rhs <= 0)
      return std::nullopt;
    return operation == Operation::FloorDiv  ? llvm::divideFloorSigned(lhs, rhs)
           : operation == Operation::CeilDiv ? llvm::divideCeilSigned(lhs, rhs)
                                             : llvm::mod(lhs, rhs);
  case Operation::Min:
    return std::min(lhs, rhs);
  case Operation::Max:
    return std::max(lhs, rhs);
  case Operation::Equal:
    return lhs == rhs;
  case Operation::NotEqual:
    return lhs != rhs;
  case Operation::Less:
    return lhs < rhs;
  case Operation::LessEqual:
    return lhs <= rhs;
  default:
    return std::nullopt;
  }
}

ShapeExpressions::Index ShapeExpressions::binary(Operation operation, Index lhs, Index rhs) {
  std::optional<int64_t> left = getConstant(lhs), right = getConstant(rhs);
  if (left && right)
    if (std::optional<int64_t> value = compute(operation, *left, *right))
      return constant(*value);
  bool isSum = operation == Operation::Add || operation == Operation::Sub;
  bool isQuotient = operation == Operation::FloorDiv || operation == Operation::CeilDiv;
  if ((isSum && right == 0) || ((operation == Operation::Mul || isQuotient) && right == 1))
    return lhs;
  if ((operation == Operation::Add && left == 0) || (operation == Operation::Mul && left == 1))
    return rhs;
  // What is the same is equal, and whoever uses it learns whether it has a value.
  if (lhs == rhs && (operation == Operation::Min || operation == Operation::Max))
    return lhs;
  if (lhs == rhs && operation == Operation::Equal)
    return constant(1);
  return builder.binary(operation, lhs, rhs);
}

ShapeExpressions::Index ShapeExpressions::select(Index condition, Index ifTrue, Index ifFalse) {
  if (std::optional<int64_t> value = getConstant(condition))
    return *value != 0 ? ifTrue : ifFalse;
  return builder.select(condition, ifTrue, ifFalse);
}

ShapeExpressions::Index ShapeExpressions::product(llvm::ArrayRef<Index> factors) {
  Index result = constant(1);
  for (Index factor : factors)
    result = binary(Operation::Mul, result, factor);
  return result;
}

ShapeExpressions::Index ShapeExpressions::affine(mlir::AffineExpr expression, llvm::ArrayRef<Index> dims,
                                                 llvm::ArrayRef<Index> symbols) {
  auto combine = [&](Operation operation) {
    auto both = llvm::cast<mlir::AffineBinaryOpExpr>(expression);
    Index lhs = affine(both.getLHS(), dims, symbols);
    return binary(operation, lhs, affine(both.getRHS(), dims, symbols));
  };
  switch (expression.getKind()) {
  case mlir::AffineExprKind::Constant:
    return constant(llvm::cast<mlir::AffineConstantExpr>(expression).getValue());
  case mlir::AffineExprKind::DimId:
    return dims[llvm::cast<mlir::AffineDimExpr>(expression).getPosition()];
  case mlir::AffineExprKind::SymbolId:
    return symbols[llvm::cast<mlir::AffineSymbolExpr>(expression).getPosition()];
  case mlir::AffineExprKind::Add:
    return combine(Operation::Add);
  case mlir::AffineExprKind::Mul:
    return combine(Operation::Mul);
  case mlir::AffineExprKind::Mod:
    return combine(Operation::FloorMod);
  case mlir::AffineExprKind::FloorDiv:
    return combine(Operation::FloorDiv);
  case mlir::AffineExprKind::CeilDiv:
    break;
  }
  return combine(Operation::CeilDiv);
}
