//===- MemoryView.cpp - the memref behind a tensor ------------------------===//

#include "MemoryView.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace fovea;

bool MemoryView::isWhole() const {
  return dims.size() == offsets.size() && llvm::all_of(offsets, [](const auto &terms) { return terms.empty(); });
}

Value MemoryView::offset(TileBuilder &builder, unsigned dim, ScalarMapping map) const {
  Value sum = builder.index(0);
  for (OpFoldResult term : offsets[dim]) {
    Value value = builder.toIndex(term);
    sum = builder.addIndex(sum, isa<Value>(term) ? map(value) : value);
  }
  return sum;
}

SmallVector<Value> MemoryView::allOffsets(TileBuilder &builder, ScalarMapping map) const {
  SmallVector<Value> all;
  for (unsigned dim = 0, rank = offsets.size(); dim != rank; ++dim)
    all.push_back(offset(builder, dim, map));
  return all;
}

/// Restricts a view to a slice of it.
template <typename SliceOp>
static std::optional<MemoryView> restrict(SliceOp slice, std::optional<MemoryView> view, std::string &whyNot) {
  if (!view)
    return view;
  if (!llvm::all_of(slice.getMixedStrides(), [](OpFoldResult stride) { return isOneInteger(stride); })) {
    whyNot = "it has strides other than 1";
    return std::nullopt;
  }
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  SmallVector<unsigned> dims;
  for (auto [i, offset] : llvm::enumerate(slice.getMixedOffsets())) {
    if (!isZeroInteger(offset))
      view->offsets[view->dims[i]].push_back(offset);
    if (!dropped.test(i))
      dims.push_back(view->dims[i]);
  }
  view->dims = std::move(dims);
  return view;
}

std::optional<MemoryView> MemoryView::of(Value value, std::string &whyNot) {
  if (auto toTensor = value.getDefiningOp<bufferization::ToTensorOp>())
    return of(toTensor.getBuffer(), whyNot);
  if (auto cast = value.getDefiningOp<tensor::CastOp>())
    return of(cast.getSource(), whyNot);
  if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
    return restrict(slice, of(slice.getSource(), whyNot), whyNot);
  if (auto part = value.getDefiningOp<memref::SubViewOp>())
    return restrict(part, of(part.getSource(), whyNot), whyNot);
  auto argument = dyn_cast<BlockArgument>(value);
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!argument || !type) {
    whyNot = argument ? "it is carried by a loop"
                      : "it comes from '" + value.getDefiningOp()->getName().getStringRef().str() + "'";
    return std::nullopt;
  }
  MemoryView view;
  view.memref = value;
  view.offsets.resize(type.getRank());
  view.dims = llvm::to_vector(llvm::seq<unsigned>(0, type.getRank()));
  return view;
}

OpFoldResult fovea::extentOf(TileBuilder &builder, Value tensor, unsigned dim) {
  auto type = cast<ShapedType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return builder.getIndexAttr(type.getDimSize(dim));
  if (auto cast = tensor.getDefiningOp<tensor::CastOp>())
    return extentOf(builder, cast.getSource(), dim);
  if (auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>()) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
      if (!dropped.test(i) && dim-- == 0)
        return size;
  }
  if (auto toTensor = tensor.getDefiningOp<bufferization::ToTensorOp>())
    tensor = toTensor.getBuffer();
  return builder.createOrFold<memref::DimOp>(tensor, builder.index(dim));
}
