//===- TileBuilder.h - scalars and register tiles of a kernel ---*- C++ -*-===//
//
// What stage 8 computes with: index arithmetic on scalars, and register tiles (tensors without a layout yet) of rank 2
// (rows x keys, rows x value dims) or 1 (one element per row).
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_TILEBUILDER_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_TILEBUILDER_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace fovea {

/// Builds at its insertion point; scalars are folded where they are constant.
class TileBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Value = mlir::Value;

  Value index(int64_t value);
  Value i32(int64_t value);
  /// The value of an attribute or a value.
  Value toIndex(mlir::OpFoldResult value);
  /// A position or count in 32 bits.
  Value toI32(Value value);

  Value addIndex(Value a, Value b) { return createOrFold<mlir::arith::AddIOp>(a, b); }
  Value subIndex(Value a, Value b) { return createOrFold<mlir::arith::SubIOp>(a, b); }
  Value mulIndex(Value a, Value b) { return createOrFold<mlir::arith::MulIOp>(a, b); }

  mlir::RankedTensorType tile(llvm::ArrayRef<int64_t> shape, mlir::Type element) {
    return mlir::RankedTensorType::get(shape, element);
  }
  /// A tile of one floating-point value.
  Value constant(mlir::Type tileType, double value);
  /// A tile of one value: a constant where `value` is one.
  Value splat(Value value, mlir::RankedTensorType type);
  /// One element per row, repeated along the columns.
  Value alongColumns(Value rows, int64_t columns);
  /// `value` rounded or extended to `element`.
  Value convertFloat(Value value, mlir::Type element);

  Value add(Value a, Value b) { return mlir::arith::AddFOp::create(*this, a, b); }
  Value sub(Value a, Value b) { return mlir::arith::SubFOp::create(*this, a, b); }
  Value mul(Value a, Value b) { return mlir::arith::MulFOp::create(*this, a, b); }
  Value fma(Value a, Value b, Value c) { return mlir::math::FmaOp::create(*this, a, b, c); }
  /// NaN where either is.
  Value max(Value a, Value b) { return mlir::arith::MaximumFOp::create(*this, a, b); }
  Value exp2(Value a) { return mlir::math::Exp2Op::create(*this, a); }
  Value select(Value condition, Value a, Value b) { return mlir::arith::SelectOp::create(*this, condition, a, b); }
};

/// The terms of a position: their sum, mapped into a place where they may be used.
using ScalarMapping = llvm::function_ref<mlir::Value(mlir::Value)>;

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_TILEBUILDER_H
