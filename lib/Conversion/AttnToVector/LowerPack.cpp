//===- LowerPack.cpp - rows to lanes --------------------------------------===//
//
// dst[k][m .. m + lanes) is gathered from as many rows of the source, one element each; rows beyond the source repeat
// its last one.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RowLoops.h"
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

  // source[m, k] and target[k, m], where there may be no k.
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  AffineMap sourceMap = structured.getMapOf(op.getSourceMutable());
  AffineMap targetMap = structured.getMapOf(op.getOutputsMutable()[0]);
  unsigned m = cast<AffineDimExpr>(targetMap.getResults().back()).getPosition();
  bool hasColumns = targetMap.getNumResults() == 2;
  DomainPosition extents(2), position(2);
  for (auto [i, expr] : llvm::enumerate(sourceMap.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      extents[dim.getPosition()] = memref::DimOp::create(builder, loc, source, i);
  Value one = lanes.index(1), rows = extents[m], columns = hasColumns ? extents[1 - m] : one;
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
        position[m] = row;
        position[1 - m] = column;
        elements.push_back(memref::LoadOp::create(builder, loc, source, operandIndices(lanes, sourceMap, position)));
      }
      Value vector = vector::FromElementsOp::create(builder, loc,
                                                    lanes.vectorOf(getElementTypeOrSelf(source.getType())), elements);
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
