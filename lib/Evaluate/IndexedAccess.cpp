//===- IndexedAccess.cpp - Where a map reads in a tensor ------------------===//

#include "IndexedAccess.h"
#include "Frame.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

llvm::Expected<IndexedAccess> IndexedAccess::create(AffineMap map, ArrayRef<int64_t> shape, ArrayRef<int64_t> extents) {
  IndexedAccess access;
  SmallVector<int64_t> strides = getContiguousStrides(shape);
  for (auto [i, result] : llvm::enumerate(map.getResults())) {
    if (isa<AffineConstantExpr>(result))
      continue;
    AffineExpr expr = result;
    int64_t divisor = 1;
    if (auto division = dyn_cast<AffineBinaryOpExpr>(expr)) {
      divisor = cast<AffineConstantExpr>(division.getRHS()).getValue();
      expr = division.getLHS();
    }
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    if (extents[dim] > 0 && (extents[dim] - 1) / divisor >= shape[i])
      return llvm::createStringError("reads up to index " + Twine((extents[dim] - 1) / divisor) +
                                     " of an operand of shape " + formatIndices(shape) + " along its dimension " +
                                     Twine(i));
    access.terms.push_back({dim, divisor, strides[i]});
  }
  return access;
}

llvm::Expected<IndexedAccess> IndexedAccess::createBroadcast(ArrayRef<int64_t> shape, unsigned numDims,
                                                             ArrayRef<int64_t> extents) {
  IndexedAccess access;
  SmallVector<int64_t> strides = getContiguousStrides(shape);
  for (auto [i, extent] : llvm::enumerate(shape)) {
    unsigned dim = numDims - shape.size() + i;
    if (extent == 1)
      continue;
    if (extent != extents[dim])
      return llvm::createStringError("an operand of shape " + formatIndices(shape) +
                                     " does not broadcast: its dimension " + Twine(i) + " must be 1 or " +
                                     Twine(extents[dim]));
    access.terms.push_back({dim, 1, strides[i]});
  }
  return access;
}

llvm::Expected<SmallVector<int64_t>> evaluator::getExtents(attn::StructuredOpInterface op, const Frame &frame) {
  SmallVector<int64_t> extents(op.getNumLoops(), -1);
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), op.getMappedOperandMaps())) {
    if (!isa<RankedTensorType>(operand->get().getType()))
      continue;
    ArrayRef<int64_t> shape = frame.getTensor(operand->get()).getShape();
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim)
        continue;
      int64_t &extent = extents[dim.getPosition()];
      if (extent >= 0 && extent != shape[i])
        return makeError(op, "operand " + Twine(operand->getOperandNumber()) + " has extent " + Twine(shape[i]) +
                                 " along dimension " + Twine(i) + ", expected " + Twine(extent) + " (S14)");
      extent = shape[i];
    }
  }
  return extents;
}
