//===- AttnRewriteSoftmax.cpp - softmax as loops over rows in memory ------===//
//
//   %y = attn.softmax dimension(1) ins(%x) outs(%y0)
// becomes, with algorithm=online,
//   %y = scf.forall (%i) in (%rows) shared_outs(%out = %y0) {
//     %m, %l = scf.for %j = 0 to %length iter_args(-inf, 0) {      // x is read
//       m' = max(m, x[i,j])    l' = l * exp(m - m') + exp(x[i,j] - m')
//     }
//     scf.for %j = 0 to %length { y[i,j] = exp(x[i,j] - m) / l }   // and again
//   }
//
// naive has no maximum, safe finds it in a pass of its own, blocked has a loop over (row, block) whose states are
// merged. Sums and maxima that do not start from the identity start from an element. Differences of two -inf are
// guarded by selections (S7), so that every algorithm but naive keeps S3 and S13.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/DomainLinalg.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNREWRITESOFTMAXPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Maximum and sum of the exponentials of a part of a row; no maximum where none is taken off.
struct RowState {
  Value max, sum;
};

class SoftmaxRows {
public:
  SoftmaxRows(RewriterBase &rewriter, SoftmaxOp op)
      : op(op), scoreOp(cast<ScoreOpInterface>(op.getOperation())),
        structured(cast<StructuredOpInterface>(op.getOperation())), b(op.getLoc(), rewriter),
        compute(scoreOp.getComputeType()), keyDim(scoreOp.getKeyDim()) {
    for (Range range : cast<TilingInterface>(op.getOperation()).getIterationDomain(b))
      extents.push_back(range.size);
    for (unsigned d = 0, e = extents.size(); d != e; ++d)
      if (d != keyDim)
        rowDims.push_back(d);
    position.resize(extents.size());
    length = getValueOrCreateConstantIndexOp(b, b.getLoc(), extents[keyDim]);
  }

  SmallVector<Value> rewrite(SoftmaxAlgorithm algorithm, int64_t block);

private:
  using KeyBody = function_ref<SmallVector<Value>(Value key, ValueRange carried)>;
  using RowBody = function_ref<SmallVector<Value>(ValueRange outputs)>;

  /// Makes the parts of the outputs of one row, or of one block of a row.
  struct Part {
    SmallVector<OpFoldResult> offsets, sizes;
  };

  SmallVector<Value> forEachKey(Value begin, Value end, ValueRange init, KeyBody body);
  enum class Start { First, Last };
  /// A reduction of [0, length) that starts from an element, or is `none` where there is none.
  Value reduceFrom(Start start, double none, function_ref<Value(Value key)> term,
                   function_ref<Value(Value, Value)> combine);
  /// A parallel loop over the rows, and over `numBlocks` more iterations where that is given (the last dimension of the
  /// outputs then). `body` gets the parts of `outputs` that belong to an iteration and returns what becomes of them.
  SmallVector<Value> forEachRow(ValueRange outputs, OpFoldResult numBlocks, function_ref<Part(unsigned)> partOf,
                                RowBody body);

  RowState stateOf(SoftmaxAlgorithm algorithm);
  RowState onlineState(Value begin, Value end);
  RowState merge(RowState a, RowState b);
  RowState mergedState(ValueRange states, Value numBlocks);
  SmallVector<Value> blockStates(OpFoldResult numBlocks, int64_t block);
  SmallVector<Value> writeRow(RowState state, ValueRange outputs);

  Part rowPart(unsigned output);
  SmallVector<Value> rowIndices(Value block);
  SmallVector<Value> indicesOf(AffineMap map, Value key);
  Value score(Value key);
  Value inlineRegion(Region &region, ValueRange leading, Value key);
  Value positionOf(unsigned dim, Value key);

  Value constant(double value) { return floatConstant(b, compute, value); }
  Value exp(Value x) { return math::ExpOp::create(b, x); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value max(Value x, Value y) { return arith::MaximumFOp::create(b, x, y); }
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  /// exp(s - m), or exp(s) where no maximum is taken off.
  Value exponential(Value s, Value m) { return exp(m ? sub(s, finite(m)) : s); }
  /// 0 for -inf, so that no difference of two infinities arises (S7).
  Value finite(Value m) {
    Value none = constant(-std::numeric_limits<double>::infinity());
    Value isLowest = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, m, none);
    return arith::SelectOp::create(b, isLowest, constant(0), m);
  }

  SoftmaxOp op;
  ScoreOpInterface scoreOp;
  StructuredOpInterface structured;
  ImplicitLocOpBuilder b;
  FloatType compute;
  unsigned keyDim;
  SmallVector<OpFoldResult> extents;
  SmallVector<unsigned> rowDims;
  SmallVector<Value> position; ///< Of the current row.
  Value length;
};

} // namespace

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Value SoftmaxRows::positionOf(unsigned dim, Value key) {
  Value at = dim == keyDim ? key : position[dim];
  SmallVector<OpFoldResult> offsets = scoreOp.getMixedOffsets();
  if (offsets.empty() || isZeroInteger(offsets[dim]))
    return at;
  return arith::AddIOp::create(b, at, getValueOrCreateConstantIndexOp(b, b.getLoc(), offsets[dim]));
}

Value SoftmaxRows::inlineRegion(Region &region, ValueRange leading, Value key) {
  Block &block = region.front();
  IRMapping mapping;
  mapping.map(block.getArguments().take_front(leading.size()), leading);
  for (auto [i, argument] : llvm::enumerate(block.getArguments().drop_front(leading.size()))) {
    OpOperand &operand = op.getCapturesMutable()[i];
    Value capture = operand.get();
    if (capture.getType() != argument.getType())
      capture = tensor::ExtractOp::create(b, capture, indicesOf(structured.getMapOf(operand), key));
    mapping.map(argument, capture);
  }
  for (Operation &nested : block.without_terminator()) {
    Operation *clone = b.clone(nested, mapping);
    clone->walk([&](IndexOp at) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(clone);
      Value index = positionOf(at.getDim(), key);
      if (clone == at)
        mapping.map(nested.getResult(0), index);
      at.replaceAllUsesWith(index);
      at.erase();
    });
  }
  return mapping.lookupOrDefault(cast<YieldOp>(block.getTerminator()).getValue());
}

SmallVector<Value> SoftmaxRows::indicesOf(AffineMap map, Value key) {
  SmallVector<OpFoldResult> operands;
  for (unsigned d = 0, e = position.size(); d != e; ++d)
    operands.push_back(d == keyDim ? key : position[d]);
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults())
    indices.push_back(getValueOrCreateConstantIndexOp(
        b, b.getLoc(),
        affine::makeComposedFoldedAffineApply(b, b.getLoc(), AffineMap::get(map.getNumDims(), 0, expr), operands)));
  return indices;
}

/// One read of x.
Value SoftmaxRows::score(Value key) {
  Value x = tensor::ExtractOp::create(b, op.getInput(), indicesOf(structured.getMapOf(op.getInputMutable()), key));
  Value s = convertFloat(b, x, compute);
  if (scoreOp.hasScore())
    s = inlineRegion(op.getScore(), s, key);
  if (!scoreOp.hasMask())
    return s;
  Value keep = inlineRegion(op.getMask(), {}, key);
  return arith::SelectOp::create(b, keep, s, constant(-std::numeric_limits<double>::infinity()));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<Value> SoftmaxRows::forEachKey(Value begin, Value end, ValueRange init, KeyBody body) {
  auto loop = scf::ForOp::create(b, begin, end, index(1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

Value SoftmaxRows::reduceFrom(Start start, double none, function_ref<Value(Value)> term,
                              function_ref<Value(Value, Value)> combine) {
  Value zero = index(0), one = index(1), count = one;
  if (!getConstantIntValue(extents[keyDim]))
    count = arith::MinSIOp::create(b, length, one);
  Value rest = arith::SubIOp::create(b, length, count);
  bool isFirst = start == Start::First;
  auto begun = forEachKey(isFirst ? zero : rest, isFirst ? count : length, constant(none),
                          [&](Value key, ValueRange) { return SmallVector{term(key)}; });
  return forEachKey(isFirst ? count : zero, isFirst ? length : rest, begun,
                    [&](Value key, ValueRange carried) { return SmallVector{combine(carried[0], term(key))}; })[0];
}

SmallVector<Value> SoftmaxRows::forEachRow(ValueRange outputs, OpFoldResult numBlocks,
                                           function_ref<Part(unsigned)> partOf, RowBody body) {
  SmallVector<OpFoldResult> bounds;
  for (unsigned d : rowDims)
    bounds.push_back(extents[d]);
  if (numBlocks)
    bounds.push_back(numBlocks);
  if (bounds.empty())
    return body(outputs);
  auto loop = scf::ForallOp::create(b, bounds, outputs, /*mapping=*/std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  for (auto [d, iv] : llvm::zip(rowDims, loop.getInductionVars()))
    position[d] = iv;
  if (numBlocks)
    position[keyDim] = loop.getInductionVars().back();
  SmallVector<Part> parts;
  SmallVector<Value> slices;
  for (auto [i, output] : llvm::enumerate(loop.getRegionIterArgs())) {
    const Part &part = parts.emplace_back(partOf(i));
    SmallVector<OpFoldResult> strides(part.offsets.size(), b.getIndexAttr(1));
    slices.push_back(tensor::ExtractSliceOp::create(b, output, part.offsets, part.sizes, strides));
  }
  SmallVector<Value> results = body(slices);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  for (auto [result, output, part] : llvm::zip_equal(results, loop.getRegionIterArgs(), parts)) {
    SmallVector<OpFoldResult> strides(part.offsets.size(), b.getIndexAttr(1));
    tensor::ParallelInsertSliceOp::create(b, result, output, part.offsets, part.sizes, strides);
  }
  return llvm::to_vector_of<Value>(loop.getResults());
}

SoftmaxRows::Part SoftmaxRows::rowPart(unsigned output) {
  Part part;
  for (AffineExpr expr : structured.getMapOf(op.getOutputsMutable()[output]).getResults()) {
    unsigned d = cast<AffineDimExpr>(expr).getPosition();
    part.offsets.push_back(d == keyDim ? OpFoldResult(b.getIndexAttr(0)) : OpFoldResult(position[d]));
    part.sizes.push_back(d == keyDim ? extents[d] : OpFoldResult(b.getIndexAttr(1)));
  }
  return part;
}

//===----------------------------------------------------------------------===//
// Algorithms
//===----------------------------------------------------------------------===//

RowState SoftmaxRows::onlineState(Value begin, Value end) {
  SmallVector<Value> identity = {constant(-std::numeric_limits<double>::infinity()), constant(0)};
  SmallVector<Value> state = forEachKey(begin, end, identity, [&](Value key, ValueRange carried) {
    Value s = score(key), next = max(carried[0], s);
    Value kept = mul(carried[1], exponential(carried[0], next));
    return SmallVector{next, add(kept, exponential(s, next))};
  });
  return {state[0], state[1]};
}

RowState SoftmaxRows::merge(RowState a, RowState other) {
  Value next = max(a.max, other.max);
  return {next, add(mul(a.sum, exponential(a.max, next)), mul(other.sum, exponential(other.max, next)))};
}

RowState SoftmaxRows::stateOf(SoftmaxAlgorithm algorithm) {
  if (algorithm == SoftmaxAlgorithm::Online)
    return onlineState(index(0), length);
  auto plus = [&](Value x, Value y) { return add(x, y); };
  RowState state;
  if (algorithm == SoftmaxAlgorithm::Safe)
    state.max = reduceFrom(
        Start::First, -std::numeric_limits<double>::infinity(), [&](Value key) { return score(key); },
        [&](Value x, Value y) { return max(x, y); });
  // From the other end, so that every pass reads every element: none is at hand from the pass before.
  state.sum = reduceFrom(Start::Last, 0, [&](Value key) { return exponential(score(key), state.max); }, plus);
  return state;
}

/// Indices of a state among those of all rows and blocks.
SmallVector<Value> SoftmaxRows::rowIndices(Value block) {
  SmallVector<Value> indices;
  for (unsigned d : rowDims)
    indices.push_back(position[d]);
  indices.push_back(block);
  return indices;
}

/// The maximum and the sum of every block of every row, as two tensors.
SmallVector<Value> SoftmaxRows::blockStates(OpFoldResult numBlocks, int64_t block) {
  SmallVector<OpFoldResult> sizes;
  for (unsigned d : rowDims)
    sizes.push_back(extents[d]);
  sizes.push_back(numBlocks);
  SmallVector<Value> outputs;
  for (unsigned i = 0; i != 2; ++i)
    outputs.push_back(tensor::EmptyOp::create(b, sizes, compute));
  auto partOf = [&](unsigned) {
    Part part;
    for (Value at : rowIndices(position[keyDim])) {
      part.offsets.push_back(at);
      part.sizes.push_back(b.getIndexAttr(1));
    }
    return part;
  };
  return forEachRow(outputs, numBlocks, partOf, [&](ValueRange slices) {
    Value size = index(block), begin = arith::MulIOp::create(b, position[keyDim], size);
    Value end = arith::MinSIOp::create(b, arith::AddIOp::create(b, begin, size), length);
    RowState state = onlineState(begin, end);
    SmallVector<Value> results, zeros(rowDims.size() + 1, index(0));
    for (auto [value, slice] : llvm::zip_equal(std::array{state.max, state.sum}, slices))
      results.push_back(tensor::InsertOp::create(b, value, slice, zeros));
    return results;
  });
}

/// The states of a row's blocks as one, from the first on.
RowState SoftmaxRows::mergedState(ValueRange states, Value numBlocks) {
  auto load = [&](Value block) {
    SmallVector<Value> state;
    for (Value part : states)
      state.push_back(tensor::ExtractOp::create(b, part, rowIndices(block)));
    return state;
  };
  Value first = arith::MinSIOp::create(b, numBlocks, index(1));
  SmallVector<Value> identity = {constant(-std::numeric_limits<double>::infinity()), constant(0)};
  SmallVector<Value> start =
      forEachKey(index(0), first, identity, [&](Value block, ValueRange) { return load(block); });
  SmallVector<Value> merged = forEachKey(first, numBlocks, start, [&](Value block, ValueRange carried) {
    SmallVector<Value> next = load(block);
    RowState state = merge({carried[0], carried[1]}, {next[0], next[1]});
    return SmallVector{state.max, state.sum};
  });
  return {merged[0], merged[1]};
}

/// Reads x once more and writes y, and the LSE where it is asked for.
SmallVector<Value> SoftmaxRows::writeRow(RowState state, ValueRange outputs) {
  bool isLog = op.getKind() == SoftmaxKind::LogProb;
  Value logSum = isLog || op.getReturnLse() ? Value(math::LogOp::create(b, state.sum)) : Value();
  Value isEmpty = op.getSafe() && !isLog
                      ? Value(arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, state.sum, constant(0)))
                      : Value();
  AffineMap map = structured.getMapOf(op.getOutputsMutable()[0]);
  Type type = cast<ShapedType>(outputs[0].getType()).getElementType();
  SmallVector<Value> results = forEachKey(index(0), length, outputs[0], [&](Value key, ValueRange carried) {
    Value s = score(key), y;
    if (isLog)
      y = sub(state.max ? sub(s, finite(state.max)) : s, logSum);
    else
      y = arith::DivFOp::create(b, exponential(s, state.max), state.sum);
    if (isEmpty)
      y = arith::SelectOp::create(b, isEmpty, constant(0), y);
    SmallVector<Value> indices(map.getNumResults(), index(0));
    indices[*map.getResultPosition(b.getAffineDimExpr(keyDim))] = key;
    return SmallVector<Value>{tensor::InsertOp::create(b, convertFloat(b, y, type), carried[0], indices)};
  });
  if (op.getReturnLse()) {
    Value lse = state.max ? add(state.max, logSum) : logSum;
    SmallVector<Value> zeros(rowDims.size(), index(0));
    results.push_back(tensor::InsertOp::create(b, lse, outputs[1], zeros));
  }
  return results;
}

SmallVector<Value> SoftmaxRows::rewrite(SoftmaxAlgorithm algorithm, int64_t block) {
  auto partOf = [&](unsigned output) { return rowPart(output); };
  if (algorithm != SoftmaxAlgorithm::Blocked)
    return forEachRow(op.getOutputs(), OpFoldResult(), partOf,
                      [&](ValueRange outputs) { return writeRow(stateOf(algorithm), outputs); });
  OpFoldResult numBlocks = affine::makeComposedFoldedAffineApply(
      b, b.getLoc(), AffineMap::get(1, 0, b.getAffineDimExpr(0).ceilDiv(block)), {extents[keyDim]});
  SmallVector<Value> states = blockStates(numBlocks, block);
  Value count = getValueOrCreateConstantIndexOp(b, b.getLoc(), numBlocks);
  return forEachRow(op.getOutputs(), OpFoldResult(), partOf,
                    [&](ValueRange outputs) { return writeRow(mergedState(states, count), outputs); });
}

LogicalResult attn::rewriteSoftmax(RewriterBase &rewriter, SoftmaxOp op, SoftmaxAlgorithm algorithm, int64_t block) {
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("can be rewritten on tensors only");
  if (block < 1)
    return op.emitOpError() << "needs blocks of at least 1 element, got " << block;
  // A tensor without elements has no row to slice.
  if (algorithm == SoftmaxAlgorithm::Fused ||
      llvm::is_contained(cast<ShapedType>(op.getInput().getType()).getShape(), 0))
    return success();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  rewriter.replaceOp(op, SoftmaxRows(rewriter, op).rewrite(algorithm, block));
  return success();
}

/// As the option spells it.
static StringRef stringify(SoftmaxAlgorithm algorithm) {
  switch (algorithm) {
  case SoftmaxAlgorithm::Fused:
    return "fused";
  case SoftmaxAlgorithm::Naive:
    return "naive";
  case SoftmaxAlgorithm::Safe:
    return "safe";
  case SoftmaxAlgorithm::Online:
    return "online";
  case SoftmaxAlgorithm::Blocked:
    return "blocked";
  }
  llvm_unreachable("covered switch");
}

namespace {
struct AttnRewriteSoftmaxPass final : attn::impl::AttnRewriteSoftmaxPassBase<AttnRewriteSoftmaxPass> {
  using Base::Base;
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation()->walk([&](SoftmaxOp op) {
      if (algorithm != SoftmaxAlgorithm::Fused)
        remark::passed(op.getLoc(), remark::RemarkOpts::name("SoftmaxAlgorithm").category("attn-rewrite-softmax"))
            << remark::metric("algorithm", stringify(algorithm));
      return WalkResult(rewriteSoftmax(rewriter, op, algorithm, block));
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
