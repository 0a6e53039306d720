//===- AttnRewriteOnlineSoftmax.cpp - attention -> online state -----------===//
//
//   %o, %lse = attn.attention ins(%q, %k, %v) sink(%s) outs(%o0, lse %l0) score {...} mask {...}
// becomes
//   %acc0, %m0, %l0 = linalg.fill 0, -inf, 0                      // the identity of the state (S15)
//   %acc, %m, %l = attn.online_attention ins(%q, %k, %v) outs(%acc0, %m0, %l0) score {...} mask {...}
//   %o, %lse = attn.finalize ins(%acc, %m, %l) sink(%s) outs(%o0, lse %l0)
//
// and likewise softmax -> online_softmax + normalize.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNREWRITEONLINESOFTMAXPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// A tensor over the dimensions that `map` has of `domain`, filled with `value`.
static Value filledState(OpBuilder &builder, Location loc, AffineMap map, ArrayRef<Range> domain, FloatType type,
                         APFloat value) {
  SmallVector<OpFoldResult> sizes;
  for (AffineExpr expr : map.getResults())
    sizes.push_back(domain[cast<AffineDimExpr>(expr).getPosition()].size);
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, type);
  Value scalar = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
  return linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
}

namespace {
struct State {
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
};
} // namespace

/// The identity (0, -inf, 0), or (-inf, 0) where `accMap` is null.
static State identityState(OpBuilder &builder, ScoreOpInterface op, AffineMap accMap, AffineMap rowMap) {
  FloatType type = op.getComputeType();
  SmallVector<Range> domain = cast<TilingInterface>(op.getOperation()).getIterationDomain(builder);
  APFloat zero = APFloat::getZero(type.getFloatSemantics());
  APFloat negInf = APFloat::getInf(type.getFloatSemantics(), /*Negative=*/true);
  State state;
  if (accMap) {
    state.values.push_back(filledState(builder, op.getLoc(), accMap, domain, type, zero));
    state.maps.push_back(accMap);
  }
  state.values.push_back(filledState(builder, op.getLoc(), rowMap, domain, type, negInf));
  state.values.push_back(filledState(builder, op.getLoc(), rowMap, domain, type, zero));
  state.maps.append(2, rowMap);
  return state;
}

/// The map without the dimension `dropped` of the domain among its results.
static AffineMap withoutDim(AffineMap map, unsigned dropped) {
  SmallVector<AffineExpr> results;
  for (AffineExpr expr : map.getResults())
    if (!expr.isFunctionOfDim(dropped))
      results.push_back(expr);
  return AffineMap::get(map.getNumDims(), 0, results, map.getContext());
}

/// `attn.config`, and what a target has put beside it.
static void carryConfig(Operation *from, ArrayRef<Operation *> to) {
  for (NamedAttribute attribute : from->getDiscardableAttrs())
    for (Operation *op : to)
      op->setDiscardableAttr(attribute.getName(), attribute.getValue());
}

/// A value without columns still has an LSE. It is computed on one column of zeros, so that tiling and lowering need
/// not know about tensors without elements; the result is the output as it came.
static void giveValueOneColumn(RewriterBase &rewriter, AttentionOp op, unsigned valueDim) {
  Location loc = op.getLoc();
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  auto widened = [&](OpOperand &operand) -> Value {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, loc, operand.get());
    for (auto [i, expr] : llvm::enumerate(structured.getMapOf(operand).getResults()))
      if (expr == rewriter.getAffineDimExpr(valueDim))
        sizes[i] = rewriter.getIndexAttr(1);
    return tensor::EmptyOp::create(rewriter, loc, sizes, cast<ShapedType>(operand.get().getType()).getElementType());
  };
  Value value = widened(op.getValueMutable()), output = widened(op.getOutputsMutable()[0]);
  auto type = cast<FloatType>(cast<ShapedType>(value.getType()).getElementType());
  Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
  rewriter.modifyOpInPlace(op, [&] {
    op.setMapsAttr(rewriter.getAffineMapArrayAttr(structured.getMappedOperandMaps()));
    op.getResult(0).replaceAllUsesWith(op.getOutputs()[0]);
    op.getValueMutable().assign(linalg::FillOp::create(rewriter, loc, zero, value).getResult(0));
    op.getOutputsMutable()[0].set(output);
    op.getResult(0).setType(cast<RankedTensorType>(output.getType()));
  });
}

LogicalResult attn::rewriteOnlineSoftmax(RewriterBase &rewriter, AttentionOp op) {
  if (op.hasSugar())
    return op.emitOpError("has clauses; attn-canonicalize turns them into regions first");
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("can be rewritten on tensors only");
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  MLIRContext *context = op.getContext();
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  // The state is ours to lay out: batch, rows (the query's position last), value, whatever the order of the operands.
  FailureOr<AttentionDims> dims =
      AttentionDims::infer(structured.getMapOf(op.getQueryMutable()), structured.getMapOf(op.getKeyMutable()),
                           structured.getMapOf(op.getValueMutable()));
  if (failed(dims))
    return failure();
  if (op.getStaticLoopRanges()[dims->value] == 0)
    giveValueOneColumn(rewriter, op, dims->value);
  SmallVector<AffineExpr> rows;
  for (unsigned d : llvm::concat<const unsigned>(dims->batch, dims->rows))
    rows.push_back(getAffineDimExpr(d, context));
  AffineMap rowMap = AffineMap::get(structured.getNumLoops(), 0, rows, context);
  rows.push_back(getAffineDimExpr(dims->value, context));
  AffineMap accMap = AffineMap::get(structured.getNumLoops(), 0, rows, context);

  State state = identityState(rewriter, cast<ScoreOpInterface>(op.getOperation()), accMap, rowMap);
  SmallVector<AffineMap> maps;
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), structured.getMappedOperandMaps()))
    if (!op.isDpsInit(operand) && (op.getSinkMutable().empty() || operand != &*op.getSinkMutable().begin()))
      maps.push_back(map);
  maps.append(state.maps);

  SmallVector<Type> stateTypes = llvm::to_vector(ValueRange(state.values).getTypes());
  auto online = OnlineAttentionOp::create(rewriter, op.getLoc(), stateTypes, op.getQuery(), op.getKey(), op.getValue(),
                                          op.getCaptures(), op.getScaleValue(), /*partial=*/Value(), op.getOffsets(),
                                          state.values, rewriter.getAffineMapArrayAttr(maps), op.getScaleAttr(),
                                          ExpBaseAttr::get(context, ExpBase::E), op.getStaticOffsetsAttr(),
                                          /*fixed_max=*/UnitAttr());
  rewriter.inlineRegionBefore(op.getScore(), online.getScore(), online.getScore().end());
  rewriter.inlineRegionBefore(op.getMask(), online.getMask(), online.getMask().end());

  // Maps of finalize: acc, m, l, sink?, outputs, over the dimensions that they use.
  SmallVector<AffineMap> finalMaps = state.maps;
  if (op.getSink())
    finalMaps.push_back(structured.getMapOf(*op.getSinkMutable().begin()));
  for (OpOperand &output : op.getOutputsMutable())
    finalMaps.push_back(structured.getMapOf(output));
  auto finalize = FinalizeOp::create(
      rewriter, op.getLoc(), op.getResultTypes(), online.getResult(0), online.getResult(1), online.getResult(2),
      op.getSink(), op.getOutputs(), rewriter.getAffineMapArrayAttr(compressUnusedDims(finalMaps)),
      ExpBaseAttr::get(context, ExpBase::E), op.getReturnLseAttr(), op.getReturnMaxAttr());
  carryConfig(op, {online, finalize});
  rewriter.replaceOp(op, finalize.getResults());
  return success();
}

LogicalResult attn::rewriteOnlineSoftmax(RewriterBase &rewriter, SoftmaxOp op) {
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("can be rewritten on tensors only");
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  MLIRContext *context = op.getContext();
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  AffineMap inputMap = structured.getMapOf(op.getInputMutable());
  State state = identityState(rewriter, cast<ScoreOpInterface>(op.getOperation()), AffineMap(),
                              withoutDim(inputMap, op.getDimension()));
  SmallVector<AffineMap> captureMaps, onlineMaps = {inputMap}, normalizeMaps = {inputMap};
  for (OpOperand &capture : op.getCapturesMutable())
    captureMaps.push_back(structured.getMapOf(capture));
  onlineMaps.append(captureMaps);
  onlineMaps.append(state.maps);
  SmallVector<Type> stateTypes = llvm::to_vector(ValueRange(state.values).getTypes());
  auto online =
      OnlineSoftmaxOp::create(rewriter, op.getLoc(), stateTypes, op.getInput(), op.getCaptures(), op.getOffsets(),
                              state.values, rewriter.getAffineMapArrayAttr(onlineMaps), op.getDimensionAttr(),
                              ExpBaseAttr::get(context, ExpBase::E), op.getStaticOffsetsAttr());
  rewriter.cloneRegionBefore(op.getScore(), online.getScore(), online.getScore().end());
  rewriter.cloneRegionBefore(op.getMask(), online.getMask(), online.getMask().end());

  normalizeMaps.append(state.maps);
  normalizeMaps.append(captureMaps);
  for (OpOperand &output : op.getOutputsMutable())
    normalizeMaps.push_back(structured.getMapOf(output));
  auto normalize = NormalizeOp::create(rewriter, op.getLoc(), op.getResultTypes(), op.getInput(), online.getResult(0),
                                       online.getResult(1), op.getCaptures(), op.getOffsets(), op.getOutputs(),
                                       rewriter.getAffineMapArrayAttr(normalizeMaps), op.getDimensionAttr(),
                                       op.getKindAttr(), ExpBaseAttr::get(context, ExpBase::E), op.getSafeAttr(),
                                       op.getReturnLseAttr(), op.getStaticOffsetsAttr());
  rewriter.inlineRegionBefore(op.getScore(), normalize.getScore(), normalize.getScore().end());
  rewriter.inlineRegionBefore(op.getMask(), normalize.getMask(), normalize.getMask().end());
  carryConfig(op, {online, normalize});
  rewriter.replaceOp(op, normalize.getResults());
  return success();
}

namespace {
struct AttnRewriteOnlineSoftmaxPass final : attn::impl::AttnRewriteOnlineSoftmaxPassBase<AttnRewriteOnlineSoftmaxPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation()->walk([&](Operation *op) {
      if (isa<AttentionOp, SoftmaxOp, CrossEntropyOp>(op))
        remark::passed(op->getLoc(), remark::RemarkOpts::name("OnlineSoftmax").category("attn-rewrite-online-softmax"))
            << remark::metric("op", op->getName().getStringRef());
      if (auto attention = dyn_cast<AttentionOp>(op))
        return WalkResult(rewriteOnlineSoftmax(rewriter, attention));
      if (auto softmax = dyn_cast<SoftmaxOp>(op))
        return WalkResult(rewriteOnlineSoftmax(rewriter, softmax));
      if (auto loss = dyn_cast<CrossEntropyOp>(op))
        return WalkResult(rewriteOnlineSoftmax(rewriter, loss));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
