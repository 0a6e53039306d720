//===- RowLoops.cpp - loops over the dimensions of a structured op --------===//

#include "RowLoops.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

SmallVector<Value> fovea::domainExtents(LaneBuilder &lanes, StructuredOpInterface op) {
  SmallVector<Value> extents(op.getNumLoops());
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), op.getMappedOperandMaps()))
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && !extents[dim.getPosition()])
        extents[dim.getPosition()] = lanes.builder.createOrFold<memref::DimOp>(lanes.loc, operand->get(), i);
  return extents;
}

void fovea::forEach(LaneBuilder &lanes, ArrayRef<unsigned> dims, ArrayRef<Value> extents, DomainPosition &position,
                    function_ref<void()> body) {
  if (dims.empty())
    return body();
  lanes.loop(lanes.index(0), extents[dims.front()], 1, {}, [&](Value iv, ValueRange) -> SmallVector<Value> {
    position[dims.front()] = iv;
    forEach(lanes, dims.drop_front(), extents, position, body);
    return {};
  });
}

SmallVector<Value> fovea::operandIndices(LaneBuilder &lanes, AffineMap map, const DomainPosition &position) {
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      indices.push_back(position[dim.getPosition()]);
    } else if (isa<AffineConstantExpr>(expr)) {
      indices.push_back(lanes.index(0));
    } else {
      auto division = cast<AffineBinaryOpExpr>(expr);
      Value dividend = position[cast<AffineDimExpr>(division.getLHS()).getPosition()];
      int64_t divisor = cast<AffineConstantExpr>(division.getRHS()).getValue();
      indices.push_back(arith::DivUIOp::create(lanes.builder, lanes.loc, dividend, lanes.index(divisor)));
    }
  }
  return indices;
}

Value fovea::loadAlong(LaneBuilder &lanes, Value buffer, AffineMap map, DomainPosition position, unsigned dim,
                       Value begin, Value last) {
  auto type = cast<MemRefType>(buffer.getType());
  position[dim] = begin;
  if (!map.isFunctionOfDim(dim))
    return memref::LoadOp::create(lanes.builder, lanes.loc, buffer, operandIndices(lanes, map, position));
  bool isLast = map.getResults().back() == lanes.builder.getAffineDimExpr(dim);
  if (!last && isLast && type.isLastDimUnitStride() && !type.getElementType().isInteger(1))
    return lanes.load(buffer, operandIndices(lanes, map, position));
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
    Value index = lanes.add(begin, lane);
    position[dim] = last ? Value(arith::MinSIOp::create(lanes.builder, lanes.loc, index, last)) : index;
    elements.push_back(memref::LoadOp::create(lanes.builder, lanes.loc, buffer, operandIndices(lanes, map, position)));
  }
  return vector::FromElementsOp::create(lanes.builder, lanes.loc, lanes.vectorOf(type.getElementType()), elements);
}

SmallVector<unsigned> fovea::dimsOf(AffineMap map) {
  SmallVector<unsigned> dims;
  for (AffineExpr expr : map.getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      dims.push_back(dim.getPosition());
  return dims;
}
