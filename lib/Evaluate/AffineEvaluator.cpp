//===- AffineEvaluator.cpp - Index arithmetic, evaluated ------------------===//

#include "AffineEvaluators.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

llvm::Expected<Data> evaluator::evaluateIndexOp(affine::AffineDelinearizeIndexOp op, const Frame &frame) {
  int64_t rest = frame.getIndex(op.getLinearIndex());
  // Without an outer bound the first result takes whatever is left.
  SmallVector<int64_t> basis = frame.getIndices(op.getEffectiveBasis());
  Data results(op->getNumResults(), Number::of(int64_t(0)));
  size_t number = results.size();
  for (int64_t size : llvm::reverse(basis)) {
    if (size <= 0)
      return makeError(op, "has the basis " + formatIndices(basis) + ", which is not positive");
    int64_t digit = (rest % size + size) % size;
    results[--number] = Number::of(digit);
    rest = (rest - digit) / size;
  }
  if (number > 0)
    results[0] = Number::of(rest);
  return results;
}

llvm::Expected<Data> evaluator::evaluateIndexOp(affine::AffineLinearizeIndexOp op, const Frame &frame) {
  SmallVector<int64_t> basis = frame.getIndices(op.getEffectiveBasis());
  // The outer bound, if there is none, is of no account.
  basis.insert(basis.begin(), op.getMultiIndex().size() - basis.size(), 1);
  int64_t linear = 0;
  for (auto [index, size] : llvm::zip_equal(op.getMultiIndex(), basis))
    linear = linear * size + frame.getIndex(index);
  return Data{Number::of(linear)};
}
