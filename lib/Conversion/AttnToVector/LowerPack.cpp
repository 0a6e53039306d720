//===- LowerPack.cpp - rows to lanes --------------------------------------===//
//
// dst[k][m .. m + lanes) comes from as many rows of the source; rows beyond the source repeat its last one. Where the
// rows lie in unit stride, as many columns as there are lanes are read as vectors and transposed in registers; the
// other columns are gathered, one element of each row.
//
//===----------------------------------------------------------------------===//

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RowLoops.h"
#include "Transpose.h"
#include "mlir/IR/Remarks.h"
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

  /// `vector` of the source, in the element type and scaled, to target[column][begin ..].
  auto put = [&](Value vector, Value begin, Value column) {
    if (isa<FloatType>(element) && scale)
      vector = lanes.mul(lanes.toCompute(vector), scale);
    if (isa<FloatType>(element))
      vector = lanes.fromCompute(vector, element);
    else if (vector.getType() != lanes.vectorOf(element))
      vector = arith::ExtUIOp::create(builder, loc, lanes.vectorOf(element), vector);
    SmallVector<Value> indices = {begin};
    if (hasColumns)
      indices.insert(indices.begin(), column);
    lanes.store(vector, target, indices);
  };
  auto at = [&](Value row, Value column) {
    position[m] = row;
    position[1 - m] = column;
    return operandIndices(lanes, sourceMap, position);
  };
  bool columnsLast = hasColumns && sourceMap.getNumResults() > 0 &&
                     sourceMap.getResults().back() == getAffineDimExpr(1 - m, op.getContext()) &&
                     isa<FloatType>(element) && lanes.lanes > 1;
  auto remarkOptions = remark::RemarkOpts::name("TransposeQueries").category("attn-to-vector");
  if (columnsLast)
    remark::passed(loc, remarkOptions) << remark::add("squares of {0} x {0}", lanes.lanes);
  else if (hasColumns)
    remark::missed(loc, remarkOptions) << remark::reason(
        "rows are gathered number by number: their columns are not the last dimension of the source");
  UnitStrideView rowsView(lanes, source);
  Value gatherBegin = lanes.index(0);
  std::optional<SquareTranspose> square;
  if (columnsLast) {
    gatherBegin = vectorEnd(lanes, columns, rowsView.isUnit);
    square.emplace(lanes, lanes.vectorType());
  }

  // Rows beyond the last repeat it.
  auto rowAt = [&](Value row) -> Value { return arith::MinSIOp::create(builder, loc, row, last); };
  lanes.loop(lanes.index(0), lanes.index(padded), lanes.lanes, {}, [&](Value begin, ValueRange) -> SmallVector<Value> {
    if (columnsLast)
      lanes.loop(lanes.index(0), gatherBegin, lanes.lanes, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
        square->emit(
            [&](Value i, MutableArrayRef<Value>) -> SmallVector<Value> {
              return {lanes.toCompute(lanes.load(rowsView.buffer, at(rowAt(lanes.add(begin, i)), column)))};
            },
            [&](int64_t, Value i, Value vector) { put(vector, begin, lanes.add(column, i)); });
        return {};
      });
    SmallVector<Value> rowsOf;
    for (int64_t lane = 0; lane != lanes.lanes; ++lane)
      rowsOf.push_back(rowAt(lanes.add(begin, lane)));
    lanes.loop(gatherBegin, columns, 1, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> elements;
      for (Value row : rowsOf)
        elements.push_back(memref::LoadOp::create(builder, loc, source, at(row, column)));
      put(vector::FromElementsOp::create(builder, loc, lanes.vectorOf(getElementTypeOrSelf(source.getType())),
                                         elements),
          begin, column);
      return {};
    });
    return {};
  });
  return success();
}
