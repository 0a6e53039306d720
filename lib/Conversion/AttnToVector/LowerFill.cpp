//===- LowerFill.cpp - linalg.fill of rows, as vector stores --------------===//
//
// The states that tiles start from. Upstream lowers fills element by element and leaves the rest to LLVM, whose loop
// vectorizer costs compile time that no other loop of a tile repays.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "RowLoops.h"
#include "Transpose.h"

using namespace mlir;
using namespace fovea;

void fovea::lowerFill(linalg::FillOp op, VectorUnit unit) {
  OpBuilder builder(op);
  Value buffer = op.getOutputs()[0];
  auto type = dyn_cast<MemRefType>(buffer.getType());
  auto element = dyn_cast<FloatType>(op.value().getType());
  if (!type || !element || element.getWidth() < 16 || type.getRank() == 0 || !type.isLastDimUnitStride())
    return;
  LaneBuilder lanes(builder, op.getLoc(), element, unit.lanes(element));
  if (lanes.lanes < 2 || (!type.isDynamicDim(type.getRank() - 1) && type.getShape().back() < lanes.lanes))
    return;
  SmallVector<Value> extents;
  for (int64_t d = 0; d != type.getRank(); ++d)
    extents.push_back(builder.createOrFold<memref::DimOp>(op.getLoc(), buffer, d));
  SmallVector<unsigned> rows = llvm::to_vector(llvm::seq<unsigned>(type.getRank() - 1));
  DomainPosition position(type.getRank());
  Value vector = lanes.broadcast(op.value()), columns = extents.back();
  Value end = vectorEnd(lanes, columns, arith::ConstantIntOp::create(builder, op.getLoc(), 1, 1));
  forEach(lanes, rows, extents, position, [&] {
    lanes.loop(lanes.index(0), end, lanes.lanes, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
      position.back() = column;
      lanes.store(vector, buffer, position);
      return {};
    });
    lanes.loop(end, columns, 1, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
      position.back() = column;
      memref::StoreOp::create(builder, op.getLoc(), op.value(), buffer, position);
      return {};
    });
  });
  op.erase();
}
