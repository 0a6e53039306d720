//===- Scale.cpp - the factor between a dot product and its score ---------===//

#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::attn;

/// Where the QK head dim is in the query: the dimension that the query shares with the key but not with the value.
static unsigned headDimPosition(OnlineAttentionOp op) {
  AffineMap query = op.getMapOf(op.getQueryMutable()), key = op.getMapOf(op.getKeyMutable());
  AffineMap value = op.getMapOf(op.getValueMutable());
  for (auto [position, expr] : llvm::enumerate(query.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr);
        dim && key.isFunctionOfDim(dim.getPosition()) && !value.isFunctionOfDim(dim.getPosition()))
      return position;
  llvm_unreachable("the verifier demands a QK head dim");
}

std::optional<double> attn::getStaticScale(OnlineAttentionOp op) {
  if (op.getScaleValue())
    return std::nullopt;
  if (op.getScale())
    return op.getScale()->convertToDouble();
  int64_t headDim = cast<ShapedType>(op.getQuery().getType()).getDimSize(headDimPosition(op));
  if (ShapedType::isDynamic(headDim))
    return std::nullopt;
  return 1.0 / std::sqrt(double(std::max<int64_t>(headDim, 1)));
}

Value attn::materializeScale(OpBuilder &builder, OnlineAttentionOp op) {
  Location loc = op.getLoc();
  FloatType type = op.getComputeType();
  if (std::optional<double> scale = getStaticScale(op))
    return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, *scale));
  if (Value scale = op.getScaleValue()) {
    if (scale.getType() == type)
      return scale;
    if (type.isF64())
      return arith::ExtFOp::create(builder, loc, type, scale);
    return arith::TruncFOp::create(builder, loc, type, scale);
  }
  unsigned position = headDimPosition(op);
  Value headDim;
  if (isa<RankedTensorType>(op.getQuery().getType()))
    headDim = tensor::DimOp::create(builder, loc, op.getQuery(), position);
  else
    headDim = memref::DimOp::create(builder, loc, op.getQuery(), position);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value integer = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                             arith::MaxSIOp::create(builder, loc, headDim, one));
  Value root = math::SqrtOp::create(builder, loc, arith::SIToFPOp::create(builder, loc, type, integer));
  return arith::DivFOp::create(builder, loc, arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, 1.0)),
                               root);
}
