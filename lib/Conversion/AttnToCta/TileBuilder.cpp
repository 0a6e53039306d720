//===- TileBuilder.cpp - scalars and register tiles of a kernel -----------===//

#include "TileBuilder.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace fovea;

Value TileBuilder::index(int64_t value) { return arith::ConstantIndexOp::create(*this, value); }
Value TileBuilder::i32(int64_t value) { return arith::ConstantIntOp::create(*this, value, 32); }

Value TileBuilder::toIndex(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return index(*constant);
  return cast<Value>(value);
}

Value TileBuilder::toI32(Value value) { return createOrFold<arith::IndexCastOp>(getI32Type(), value); }

Value TileBuilder::constant(Type tileType, double value) {
  auto shaped = cast<ShapedType>(tileType);
  Attribute element = getFloatAttr(shaped.getElementType(), value);
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(shaped, element));
}

Value TileBuilder::splat(Value value, RankedTensorType type) {
  Attribute element;
  if (matchPattern(value, m_Constant(&element)))
    return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, element));
  return cta::SplatOp::create(*this, type, value);
}

Value TileBuilder::alongColumns(Value rows, int64_t columns) {
  auto type = cast<RankedTensorType>(rows.getType());
  return cta::BroadcastOp::create(*this, tile({type.getDimSize(0), columns}, type.getElementType()), rows, /*dim=*/1);
}

Value TileBuilder::convertFloat(Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  Type type = element;
  if (auto shaped = dyn_cast<RankedTensorType>(value.getType()))
    type = shaped.clone(element);
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(*this, type, value);
  return arith::TruncFOp::create(*this, type, value);
}
