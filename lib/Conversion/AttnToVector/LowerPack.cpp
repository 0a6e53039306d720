//===- LowerPack.cpp - rows to lanes --------------------------------------===//
//
// dst[k][m .. m + lanes) is gathered from as many rows of the source, one element each; rows beyond the source repeat its
// last one.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

LogicalResult fovea::lowerPack(OpBuilder &builder, PackOp op, VectorUnit unit) {
  Location loc = op.getLoc();
  Value source = op.getSource(), target = op.getOutputs().front();
  auto targetType = cast<MemRefType>(target.getType());
  Type element = targetType.getElementType();
  // The lane count is that of the compute type, whatever is packed.
  FloatType compute = element.isF64() ? cast<FloatType>(element) : Float32Type::get(op.getContext());
  LaneBuilder lanes(builder, loc, compute, unit.lanes(compute));
  int64_t padded = targetType.getShape().back();
  if (ShapedType::isDynamic(padded) || !targetType.isLastDimUnitStride())
    return op.emitOpError() << "needs a static innermost extent and unit stride, got " << targetType;
  lanes.lanes = std::min(lanes.lanes, padded);
  while (padded % lanes.lanes != 0)
    lanes.lanes /= 2;

  // source[m, k] and target[k, m]; where there is no k, its index is left out.
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  unsigned m = cast<AffineDimExpr>(maps[1].getResults().back()).getPosition();
  bool hasColumns = maps[1].getNumResults() == 2;
  unsigned rowAt = cast<AffineDimExpr>(maps[0].getResult(0)).getPosition() == m ? 0 : 1;
  Value rows = memref::DimOp::create(builder, loc, source, rowAt), one = lanes.index(1);
  Value columns = hasColumns ? Value(memref::DimOp::create(builder, loc, source, 1 - rowAt)) : one;
  Value last = lanes.sub(rows, one);

  Value scale = op.getScaleValue();
  if (op.getScale())
    scale = lanes.scalar(op.getScale()->convertToDouble());
  if (scale)
    scale = lanes.broadcast(lanes.toCompute(scale));

  lanes.loop(lanes.index(0), lanes.index(padded), lanes.lanes, {}, [&](Value begin, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> rowOf;
    for (int64_t lane = 0; lane != lanes.lanes; ++lane)
      rowOf.push_back(arith::MinSIOp::create(builder, loc, lanes.add(begin, lane), last));
    lanes.loop(lanes.index(0), columns, 1, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> elements;
      for (Value row : rowOf) {
        SmallVector<Value> indices = {row};
        if (hasColumns)
          indices.insert(rowAt == 0 ? indices.end() : indices.begin(), column);
        elements.push_back(memref::LoadOp::create(builder, loc, source, indices));
      }
      Value vector = vector::FromElementsOp::create(
          builder, loc, lanes.vectorOf(getElementTypeOrSelf(source.getType())), elements);
      if (isa<FloatType>(element) && scale)
        vector = lanes.mul(lanes.toCompute(vector), scale);
      else if (isa<FloatType>(element))
        vector = lanes.fromCompute(vector, element);
      else if (vector.getType() != lanes.vectorOf(element))
        vector = arith::ExtUIOp::create(builder, loc, lanes.vectorOf(element), vector);
      SmallVector<Value> indices = {begin};
      if (hasColumns)
        indices.insert(indices.begin(), column);
      lanes.store(vector, target, indices);
      return {};
    });
    return {};
  });
  return success();
}
