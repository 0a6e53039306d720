//===- UnfusedSoftmax.cpp - the steps of an unfused softmax ---------------===//

#include "UnfusedSoftmax.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Score and mask regions
//===----------------------------------------------------------------------===//

LogicalResult mlir::attn::checkDecomposable(ScoreOpInterface op) {
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  if (!destination.hasPureTensorSemantics())
    return op.emitOpError("can be decomposed on tensors only");
  return success();
}

namespace {

/// The regions of an op inside the body of a linalg.generic over s.
class RegionInliner {
public:
  RegionInliner(ScoreOpInterface op, ArrayRef<unsigned> scoreDims, ArrayRef<Value> captures)
      : op(op), scoreDims(scoreDims), offsets(op.getMixedOffsets()), captures(captures) {}

  /// What `region` yields for these leading arguments and the captures.
  Value inlineRegion(ImplicitLocOpBuilder &b, Region &region, ValueRange leading);

private:
  Value position(ImplicitLocOpBuilder &b, unsigned dim);

  ScoreOpInterface op;
  ArrayRef<unsigned> scoreDims;
  SmallVector<OpFoldResult> offsets;
  ArrayRef<Value> captures;
};

} // namespace

Value RegionInliner::position(ImplicitLocOpBuilder &b, unsigned dim) {
  unsigned loop = llvm::find(scoreDims, dim) - scoreDims.begin();
  Value index = linalg::IndexOp::create(b, loop);
  if (offsets.empty() || isZeroInteger(offsets[dim]))
    return index;
  Value offset = getValueOrCreateConstantIndexOp(b, b.getLoc(), offsets[dim]);
  return arith::AddIOp::create(b, index, offset);
}

Value RegionInliner::inlineRegion(ImplicitLocOpBuilder &b, Region &region, ValueRange leading) {
  Block &block = region.front();
  IRMapping mapping;
  mapping.map(block.getArguments().take_front(leading.size()), leading);
  mapping.map(block.getArguments().drop_front(leading.size()), captures);
  for (Operation &nested : block.without_terminator()) {
    Operation *clone = b.clone(nested, mapping);
    clone->walk([&](IndexOp index) {
      OpBuilder::InsertionGuard guard(b);
      // linalg.index is legal directly in the body only.
      b.setInsertionPoint(clone);
      Value at = position(b, index.getDim());
      if (clone == index)
        mapping.map(nested.getResult(0), at);
      index.replaceAllUsesWith(at);
      index.erase();
    });
  }
  return mapping.lookupOrDefault(cast<YieldOp>(block.getTerminator()).getValue());
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

UnfusedSoftmax::UnfusedSoftmax(OpBuilder &builder, ScoreOpInterface op, ArrayRef<unsigned> dims, ExpBase base)
    : op(op), domain(builder, cast<TilingInterface>(op.getOperation())), compute(op.getComputeType()), scoreDims(dims),
      base(base) {
  for (unsigned d : dims)
    if (d != op.getKeyDim())
      rowDims.push_back(d);
}

Value UnfusedSoftmax::constant(ImplicitLocOpBuilder &b, double value) { return floatConstant(b, compute, value); }

Value UnfusedSoftmax::exp(ImplicitLocOpBuilder &b, Value x) {
  if (base == ExpBase::Two)
    return math::Exp2Op::create(b, x);
  return math::ExpOp::create(b, x);
}

Value UnfusedSoftmax::finite(ImplicitLocOpBuilder &b, Value m) {
  Value isLowest = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, m, constant(b, -infinity));
  return arith::SelectOp::create(b, isLowest, constant(b, 0), m);
}

DomainTensor UnfusedSoftmax::rows(double value) { return domain.filled(rowDims, constant(domain.getBuilder(), value)); }

DomainTensor UnfusedSoftmax::scores(DomainTensor logits, Value scale) {
  bool isConverted = cast<ShapedType>(logits.tensor.getType()).getElementType() != compute;
  if (!isConverted && !scale && !op.hasScore() && !op.hasMask())
    return logits;
  // Captures that are read by element are inputs, the others are used as they
  // are; a slot is the input that a capture became.
  SmallVector<DomainTensor> inputs = {logits};
  SmallVector<std::optional<unsigned>> slots;
  ValueRange arguments = op.hasScore()  ? op.getScore().getArguments().drop_front()
                         : op.hasMask() ? op.getMask().getArguments()
                                        : ArrayRef<BlockArgument>();
  unsigned first = op.getCaptures().empty() ? 0 : op.getCaptures().getBeginOperandIndex();
  for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
    if (capture.getType() == arguments[i].getType()) {
      slots.push_back(std::nullopt);
      continue;
    }
    slots.push_back(inputs.size());
    inputs.push_back({capture, op.getMapOf(op->getOpOperand(first + i))});
  }
  return domain.generic(inputs, domain.empty(scoreDims, compute), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    SmallVector<Value> captures;
    for (auto [slot, capture] : llvm::zip_equal(slots, op.getCaptures()))
      captures.push_back(slot ? in[*slot] : capture);
    RegionInliner regions(op, scoreDims, captures);
    Value s = convertFloat(b, in[0], compute);
    if (scale)
      s = arith::MulFOp::create(b, s, scale);
    if (op.hasScore())
      s = regions.inlineRegion(b, op.getScore(), s);
    if (!op.hasMask())
      return s;
    Value keep = regions.inlineRegion(b, op.getMask(), {});
    return arith::SelectOp::create(b, keep, s, constant(b, -infinity));
  });
}

DomainTensor UnfusedSoftmax::maximum(DomainTensor s, DomainTensor init) {
  return domain.generic({s}, init, [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    return arith::MaximumFOp::create(b, in[1], in[0]);
  });
}

DomainTensor UnfusedSoftmax::exponentials(DomainTensor s, DomainTensor m) {
  return domain.generic({s, m}, domain.empty(scoreDims, compute), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    Value shift = finite(b, in[1]);
    return exp(b, arith::SubFOp::create(b, in[0], shift));
  });
}

DomainTensor UnfusedSoftmax::sum(DomainTensor p, DomainTensor init) {
  return domain.generic({p}, init, [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    return arith::AddFOp::create(b, in[1], in[0]);
  });
}

Value UnfusedSoftmax::logSumExp(ImplicitLocOpBuilder &b, Value m, Value l) {
  Value log = base == ExpBase::Two ? math::Log2Op::create(b, l).getResult() : math::LogOp::create(b, l).getResult();
  return arith::AddFOp::create(b, m, log);
}
