//===- LaneBuilder.h - scalars and vectors of one lane count ----*- C++ -*-===//
//
// A value is uniform (a scalar, the same for all lanes) or varying (a vector with one element per lane). These helpers
// make varying values where they are needed and keep uniform ones scalar as long as possible.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_LANEBUILDER_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_LANEBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVector.h"

namespace fovea {

/// Builds code on vectors of `lanes` elements at the insertion point of `builder`.
class LaneBuilder {
public:
  LaneBuilder(mlir::OpBuilder &builder, mlir::Location loc, mlir::FloatType type, int64_t lanes)
      : builder(builder), loc(loc), type(type), lanes(lanes) {}

  mlir::VectorType vectorOf(mlir::Type element) const { return mlir::VectorType::get({lanes}, element); }
  mlir::VectorType vectorType() const { return vectorOf(type); }

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b) { return b == 0 ? a : add(a, index(b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b);

  /// The float constant in the compute type, or a vector of it.
  mlir::Value scalar(double value);
  mlir::Value splat(double value);
  mlir::Value negInf();
  /// `value` as a varying value.
  mlir::Value broadcast(mlir::Value value);
  /// The two bf16 at `indices` side by side in every 32 bits of a vector.
  mlir::Value broadcastPair(mlir::Value buffer, mlir::ValueRange indices);
  /// `base + (0, 1, 2, ...)` as vector of index.
  mlir::Value lanePositions(mlir::Value base);

  mlir::Value load(mlir::Value buffer, mlir::ValueRange indices);
  void store(mlir::Value vector, mlir::Value buffer, mlir::ValueRange indices);
  /// A scalar of `buffer` in the compute type.
  mlir::Value loadScalar(mlir::Value buffer, mlir::ValueRange indices);
  /// `value` (scalar or vector, any supported float) in the compute type, and back.
  mlir::Value toCompute(mlir::Value value);
  mlir::Value fromCompute(mlir::Value value, mlir::Type element);

  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  /// The larger of the two, as one instruction: a NaN may be lost, but its exponential keeps it in the sum. With
  /// `maxKeepsNaN` NaN if one of them is.
  mlir::Value max(mlir::Value a, mlir::Value b);
  /// `reference` where it is a number, 0 where it is -inf (no key yet): the difference of two -inf must not be NaN
  /// (S7).
  mlir::Value guarded(mlir::Value reference);
  /// base^x; `approximate` for results that are rounded to 16 bits.
  mlir::Value exponential(mlir::Value x, bool baseTwo, bool approximate = false);
  /// base^x for x <= 0, and 0 where that is subnormal: beside the weight 1 of the maximum it is nothing, but a product
  /// with a subnormal number takes a CPU a hundred cycles. Keeps NaN.
  mlir::Value weight(mlir::Value x, bool baseTwo);

  /// The largest lane, as a scalar.
  mlir::Value maxAcross(mlir::Value vector);

  /// A loop [begin, end) by `step` with carried values; `body` returns the next ones.
  llvm::SmallVector<mlir::Value>
  loop(mlir::Value begin, mlir::Value end, int64_t step, mlir::ValueRange init,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);

  /// Emits `yes` where `condition` holds and `no` elsewhere, and only one of them where it is constant.
  void either(mlir::Value condition, llvm::function_ref<void()> yes, llvm::function_ref<void()> no);

  /// The same for code that has results, of `types`.
  llvm::SmallVector<mlir::Value> either(mlir::Value condition, mlir::TypeRange types,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> yes,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> no);
  /// Emits `body` where `condition`, which is not constant, holds.
  void when(mlir::Value condition, llvm::function_ref<void()> body);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::FloatType type; ///< compute type
  int64_t lanes;
  bool maxKeepsNaN = false;
};

/// A stack buffer that lives as long as the parallel body or function around the insertion point.
mlir::Value makeScratch(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<int64_t> shape,
                        mlir::Type element);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_LANEBUILDER_H
