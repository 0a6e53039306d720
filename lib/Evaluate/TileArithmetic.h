//===- TileArithmetic.h - Arithmetic on register tiles ----------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_TILEARITHMETIC_H
#define FOVEA_LIB_EVALUATE_TILEARITHMETIC_H

#include "TileValues.h"

namespace fovea::tiles {

/// A scalar op of arith or math on numbers, rounded or wrapped to its type.
llvm::Expected<Number> evaluateScalar(mlir::Operation *op, llvm::ArrayRef<Number> operands);

/// An operand of an elementwise op: a tile, or the same number for every element.
struct TileOperand {
  const RegisterTile *tile = nullptr;
  Number scalar = Number::of(int64_t(0));
};

/// The same op element by element.
llvm::Expected<RegisterTileRef> evaluateElementwise(mlir::Operation *op, llvm::ArrayRef<TileOperand> operands);

/// Along dimension `dim`; `partial` as in cta.reduce.
RegisterTileRef reduce(const RegisterTile &tile, mlir::cta::ReduceKind kind, int64_t dim, bool partial);

/// Repeats a vector along a new dimension of this extent.
RegisterTileRef broadcast(const RegisterTile &vector, int64_t dim, int64_t extent);

/// c (m x n) += a (m x k) times b (k x n), all row-major, rounding to f32 after every operation.
void addProduct(int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *c);

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_TILEARITHMETIC_H
