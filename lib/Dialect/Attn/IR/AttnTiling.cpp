//===- AttnTiling.cpp - TilingInterface and PartialReductionOpInterface ---===//
//
// One implementation for all ops: a tile of the domain maps to a slice of every
// mapped operand, and the op's position (`at`) moves by the tile's offset.
//
// Which tilings are functions of the op: any tiling of the parallel dimensions;
// of the key dimension only for the ops that carry a state (online_attention,
// online_softmax, merge), sequentially by feeding the state through, or in
// parallel with partial states that `attn.merge` combines (split-KV).
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

namespace {
struct Slice {
  SmallVector<OpFoldResult> offsets, sizes;
};
} // namespace

/// The part of an operand with `map` that a tile of the domain touches.
static Slice sliceOf(OpBuilder &builder, Location loc, AffineMap map, ArrayRef<OpFoldResult> offsets,
                     ArrayRef<OpFoldResult> sizes) {
  Slice slice;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      slice.offsets.push_back(offsets[dim.getPosition()]);
      slice.sizes.push_back(sizes[dim.getPosition()]);
    } else if (isa<AffineConstantExpr>(expr)) {
      slice.offsets.push_back(builder.getIndexAttr(0));
      slice.sizes.push_back(builder.getIndexAttr(1));
    } else {
      // A grouped head: the tile starts at a multiple of the group or lies
      // within one (checked in `checkTile`).
      auto division = cast<AffineBinaryOpExpr>(expr);
      unsigned position = cast<AffineDimExpr>(division.getLHS()).getPosition();
      int64_t group = cast<AffineConstantExpr>(division.getRHS()).getValue();
      AffineExpr d0 = getAffineDimExpr(0, builder.getContext());
      slice.offsets.push_back(affine::makeComposedFoldedAffineApply(
          builder, loc, AffineMap::get(1, 0, d0.floorDiv(group)), {offsets[position]}));
      slice.sizes.push_back(affine::makeComposedFoldedAffineApply(builder, loc, AffineMap::get(1, 0, d0.ceilDiv(group)),
                                                                  {sizes[position]}));
    }
  }
  return slice;
}

/// A tensor without elements has no valid offset to slice it at, and is nothing
/// but its shape.
static bool hasNoElements(Value value) {
  return llvm::is_contained(cast<RankedTensorType>(value.getType()).getShape(), 0);
}

static Value extract(OpBuilder &builder, Location loc, Value value, const Slice &slice) {
  if (hasNoElements(value))
    return tensor::EmptyOp::create(builder, loc, slice.sizes, getElementTypeOrSelf(value.getType()));
  SmallVector<OpFoldResult> strides(slice.offsets.size(), builder.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(builder, loc, value, slice.offsets, slice.sizes, strides);
}

/// Whether the tile is one that the op can be restricted to; diagnoses what is
/// not.
static LogicalResult checkTile(StructuredOpInterface op, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes) {
  if (!cast<DestinationStyleOpInterface>(op.getOperation()).hasPureTensorSemantics())
    return op.emitOpError("can be tiled on tensors only");
  auto refuseReduction = [&](unsigned d) -> LogicalResult {
    return op.emitOpError() << "cannot be tiled along dimension " << d
                            << ", which it reduces: rewrite it to its online "
                               "form first (attn-rewrite-online-softmax)";
  };
  if (!isa<OnlineAttentionOp, OnlineSoftmaxOp, MergeOp>(op))
    for (unsigned d : op.getReductionDims())
      if (!isZeroInteger(offsets[d]))
        return refuseReduction(d);
  if (auto softmax = dyn_cast<SoftmaxOp>(op.getOperation())) // its output has the dimension, so that no merge
                                                             // is asked for
    if (!isZeroInteger(offsets[softmax.getDimension()]))
      return refuseReduction(softmax.getDimension());
  if (auto online = dyn_cast<OnlineAttentionOp>(op.getOperation())) {
    // The score contracts the QK head dim; a part of it is no score.
    AffineMap query = online.getMappedOperandMaps()[0], key = online.getMappedOperandMaps()[1];
    for (unsigned d = 0, e = query.getNumDims(); d != e; ++d)
      if (query.isFunctionOfDim(d) && key.isFunctionOfDim(d) && llvm::is_contained(op.getReductionDims(), d) &&
          !isZeroInteger(offsets[d]))
        return op.emitOpError() << "cannot be tiled along dimension " << d << ", the contraction of the score";
  }
  for (AffineMap map : op.getMappedOperandMaps())
    for (AffineExpr expr : map.getResults())
      if (auto division = dyn_cast<AffineBinaryOpExpr>(expr)) {
        unsigned position = cast<AffineDimExpr>(division.getLHS()).getPosition();
        int64_t group = cast<AffineConstantExpr>(division.getRHS()).getValue();
        std::optional<int64_t> size = getConstantIntValue(sizes[position]);
        if (!isZeroInteger(offsets[position]) && !(size && (*size == 1 || *size % group == 0)))
          return op.emitOpError() << "a tile of the head dimension " << position
                                  << " must be one head or whole groups of " << group << " heads (S6)";
      }
  return success();
}

/// A copy with other types and operands. (Upstream's `clone` cannot copy an
/// empty region under a listener.)
static Operation *cloneWith(OpBuilder &builder, Operation *op, TypeRange resultTypes, ValueRange operands) {
  OperationState state(op->getLoc(), op->getName(), operands, resultTypes, op->getAttrs());
  for (Region &region : op->getRegions()) {
    IRMapping mapping;
    region.cloneInto(state.addRegion(), mapping);
  }
  return builder.create(state);
}

/// The op on one tile, writing into `outputs` (slices of its own outputs where
/// none are given).
static FailureOr<TilingResult> tileOp(OpBuilder &builder, StructuredOpInterface op, ArrayRef<OpFoldResult> offsets,
                                      ArrayRef<OpFoldResult> sizes, ValueRange outputs = {}) {
  if (failed(checkTile(op, offsets, sizes)))
    return failure();
  Location loc = op.getLoc();
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  SmallVector<Value> operands = llvm::to_vector(op->getOperands());
  SmallVector<Operation *> slices;
  SmallVector<Type> resultTypes;
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  size_t output = 0;
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), maps)) {
    Value &value = operands[operand->getOperandNumber()];
    bool isOutput = destination.isDpsInit(operand);
    if (isOutput && !outputs.empty()) {
      value = outputs[output++];
    } else if (map.getNumResults() > 0 && isa<RankedTensorType>(value.getType())) {
      value = extract(builder, loc, value, sliceOf(builder, loc, map, offsets, sizes));
      if (auto extracted = value.getDefiningOp<tensor::ExtractSliceOp>())
        slices.push_back(extracted);
    }
    if (isOutput)
      resultTypes.push_back(value.getType());
  }
  Operation *tiled = cloneWith(builder, op, resultTypes, operands);
  // The maps that shapes imply must not change with the shapes (a tile of one
  // head has no group).
  tiled->setAttr("maps", builder.getAffineMapArrayAttr(maps));
  if (auto score = dyn_cast<ScoreOpInterface>(tiled)) {
    SmallVector<OpFoldResult> position = score.getMixedOffsets();
    if (position.empty())
      position.assign(offsets.size(), builder.getIndexAttr(0));
    AffineExpr d0 = getAffineDimExpr(0, builder.getContext()), d1 = getAffineDimExpr(1, builder.getContext());
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(tiled);
    for (auto [at, offset] : llvm::zip_equal(position, offsets))
      at = affine::makeComposedFoldedAffineApply(builder, loc, AffineMap::get(2, 0, d0 + d1), {at, offset});
    score.setMixedOffsets(position);
  }
  return TilingResult{{tiled}, SmallVector<Value>(tiled->getResults()), slices};
}

/// Sugar speaks of the whole problem's lengths, so it becomes regions before
/// the op is cut.
static FailureOr<TilingResult> tileAttention(OpBuilder &builder, AttentionOp op, ArrayRef<OpFoldResult> offsets,
                                             ArrayRef<OpFoldResult> sizes) {
  if (op.hasSugar())
    return op.emitOpError("has clauses that speak of the whole op; run "
                          "attn-canonicalize before tiling it");
  return tileOp(builder, cast<StructuredOpInterface>(op.getOperation()), offsets, sizes);
}

static LogicalResult resultTile(OpBuilder &builder, StructuredOpInterface op, unsigned number,
                                ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes, Slice &slice) {
  OpOperand *init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInitOperand(number);
  slice = sliceOf(builder, op.getLoc(), op.getMapOf(*init), offsets, sizes);
  return success();
}

/// The whole domain but for the dimensions that the result tile fixes.
static LogicalResult domainTile(OpBuilder &builder, StructuredOpInterface op, unsigned number,
                                ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
                                SmallVectorImpl<OpFoldResult> &domainOffsets,
                                SmallVectorImpl<OpFoldResult> &domainSizes) {
  for (Range range : cast<TilingInterface>(op.getOperation()).getIterationDomain(builder)) {
    domainOffsets.push_back(range.offset);
    domainSizes.push_back(range.size);
  }
  OpOperand *init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInitOperand(number);
  for (auto [i, expr] : llvm::enumerate(op.getMapOf(*init).getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return failure();
    domainOffsets[dim.getPosition()] = offsets[i];
    domainSizes[dim.getPosition()] = sizes[i];
  }
  return success();
}

static FailureOr<TilingResult> tileForResult(OpBuilder &builder, TilingInterface op, unsigned number,
                                             ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> domainOffsets, domainSizes;
  if (failed(op.getIterationDomainTileFromResultTile(builder, number, offsets, sizes, domainOffsets, domainSizes)))
    return failure();
  FailureOr<TilingResult> tile = op.getTiledImplementation(builder, domainOffsets, domainSizes);
  if (failed(tile))
    return failure();
  return TilingResult{tile->tiledOps, {tile->tiledValues[number]}, tile->generatedSlices};
}

#define FOVEA_TILING(OP, TILE)                                                                                         \
  FailureOr<TilingResult> OP::getTiledImplementation(OpBuilder &builder, ArrayRef<OpFoldResult> offsets,               \
                                                     ArrayRef<OpFoldResult> sizes) {                                   \
    return TILE(builder, *this, offsets, sizes);                                                                       \
  }                                                                                                                    \
  LogicalResult OP::getResultTilePosition(OpBuilder &builder, unsigned number, ArrayRef<OpFoldResult> offsets,         \
                                          ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,      \
                                          SmallVector<OpFoldResult> &resultSizes) {                                    \
    Slice slice;                                                                                                       \
    if (failed(resultTile(builder, *this, number, offsets, sizes, slice)))                                             \
      return failure();                                                                                                \
    resultOffsets = slice.offsets;                                                                                     \
    resultSizes = slice.sizes;                                                                                         \
    return success();                                                                                                  \
  }                                                                                                                    \
  FailureOr<TilingResult> OP::generateResultTileValue(OpBuilder &builder, unsigned number,                             \
                                                      ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes) {  \
    return tileForResult(builder, *this, number, offsets, sizes);                                                      \
  }                                                                                                                    \
  LogicalResult OP::getIterationDomainTileFromResultTile(                                                              \
      OpBuilder &builder, unsigned number, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,               \
      SmallVectorImpl<OpFoldResult> &domainOffsets, SmallVectorImpl<OpFoldResult> &domainSizes) {                      \
    return domainTile(builder, *this, number, offsets, sizes, domainOffsets, domainSizes);                             \
  }

FOVEA_TILING(AttentionOp, tileAttention)
FOVEA_TILING(OnlineAttentionOp, tileOp)
FOVEA_TILING(FinalizeOp, tileOp)
FOVEA_TILING(MergeOp, tileOp)
FOVEA_TILING(PackOp, tileOp)
FOVEA_TILING(SoftmaxOp, tileOp)
FOVEA_TILING(OnlineSoftmaxOp, tileOp)
FOVEA_TILING(NormalizeOp, tileOp)
FOVEA_TILING(CrossEntropyOp, tileOp)

//===----------------------------------------------------------------------===//
// Split-KV
//===----------------------------------------------------------------------===//

/// The only reduction that may be split is the one over keys.
static LogicalResult checkSplit(ScoreOpInterface op, const SetVector<unsigned> &reductionDims) {
  if (auto attention = dyn_cast<OnlineAttentionOp>(op.getOperation()); attention && attention.getFixedMax())
    return op.emitOpError("has a fixed maximum, which a part of the keys would not start from; split the keys first");
  if (reductionDims.size() == 1 && reductionDims.contains(op.getKeyDim()))
    return success();
  return op.emitOpError() << "can be split along its key dimension " << op.getKeyDim() << " only";
}

/// The identity of the state for each output (S15), with the number of splits
/// as leading dimension.
static FailureOr<SmallVector<Value>> initialPartials(OpBuilder &builder, Location loc, ScoreOpInterface op,
                                                     ArrayRef<OpFoldResult> sizes,
                                                     const SetVector<unsigned> &reductionDims) {
  if (failed(checkSplit(op, reductionDims)))
    return failure();
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  FloatType type = op.getComputeType();
  Value zero = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, 0.0));
  Value negInf = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics(), /*Negative=*/true)));
  SmallVector<Value> partials;
  size_t numOutputs = destination.getNumDpsInits(), maxIndex = numOutputs - 2;
  for (auto [i, output] : llvm::enumerate(destination.getDpsInits())) {
    SmallVector<OpFoldResult> shape = {sizes[op.getKeyDim()]};
    llvm::append_range(shape, tensor::getMixedSizes(builder, loc, output));
    Value empty = tensor::EmptyOp::create(builder, loc, shape, getElementTypeOrSelf(output.getType()));
    partials.push_back(linalg::FillOp::create(builder, loc, i == maxIndex ? negInf : zero, empty).getResult(0));
  }
  return partials;
}

static SmallVector<OpFoldResult> leading(OpBuilder &builder, OpFoldResult first, ArrayRef<OpFoldResult> rest) {
  SmallVector<OpFoldResult> all = {first};
  llvm::append_range(all, rest);
  return all;
}

/// The op on one part of the keys, whose state lives in slice `split` of the
/// partials.
static FailureOr<TilingResult> tileToPartial(OpBuilder &builder, Location loc, ScoreOpInterface op,
                                             ReductionTilingStrategy strategy, ValueRange init,
                                             ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
                                             const SetVector<unsigned> &reductionDims,
                                             ArrayRef<OpFoldResult> splitReductionIvs) {
  if (failed(checkSplit(op, reductionDims)))
    return failure();
  if (strategy != ReductionTilingStrategy::PartialReductionOuterParallel)
    return op.emitOpError("supports the outer-parallel partial reduction only: an outer "
                          "reduction would interleave keys, "
                          "and a softmax state holds one contiguous part of them");
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  OpFoldResult one = builder.getIndexAttr(1);
  SmallVector<Value> states;
  SmallVector<Operation *> slices;
  for (auto [i, partial] : llvm::enumerate(init)) {
    Slice slice = sliceOf(builder, loc, structured.getMapOf(*destination.getDpsInitOperand(i)), offsets, sizes);
    SmallVector<OpFoldResult> strides(slice.offsets.size() + 1, one);
    SmallVector<int64_t> shape;
    SmallVector<Value> dynamic;
    dispatchIndexOpFoldResults(slice.sizes, dynamic, shape);
    auto type = RankedTensorType::get(shape, getElementTypeOrSelf(partial.getType()));
    states.push_back(tensor::ExtractSliceOp::create(builder, loc, type, partial,
                                                    leading(builder, splitReductionIvs.front(), slice.offsets),
                                                    leading(builder, one, slice.sizes), strides));
    slices.push_back(states.back().getDefiningOp());
  }
  FailureOr<TilingResult> tile = tileOp(builder, structured, offsets, sizes, states);
  if (failed(tile))
    return failure();
  tile->generatedSlices.append(slices);
  return tile;
}

static FailureOr<MergeResult> mergePartials(OpBuilder &builder, Location loc, ScoreOpInterface op, ValueRange partials,
                                            const SetVector<unsigned> &reductionDims, ExpBase base) {
  if (failed(checkSplit(op, reductionDims)))
    return failure();
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  // The merge's domain: the splits, then the dimensions of the outputs in the
  // op's order.
  SmallVector<unsigned> positions(structured.getNumLoops(), 0);
  unsigned next = 1;
  AffineMap first = structured.getMapOf(*destination.getDpsInitOperand(0));
  for (unsigned d = 0, e = first.getNumDims(); d != e; ++d)
    if (first.isFunctionOfDim(d))
      positions[d] = next++;
  MLIRContext *context = builder.getContext();
  SmallVector<AffineMap> inputMaps, outputMaps;
  for (OpOperand &init : destination.getDpsInitsMutable()) {
    SmallVector<AffineExpr> output;
    for (AffineExpr expr : structured.getMapOf(init).getResults())
      output.push_back(getAffineDimExpr(positions[cast<AffineDimExpr>(expr).getPosition()], context));
    outputMaps.push_back(AffineMap::get(next, 0, output, context));
    output.insert(output.begin(), getAffineDimExpr(0, context));
    inputMaps.push_back(AffineMap::get(next, 0, output, context));
  }
  inputMaps.append(outputMaps);
  SmallVector<Value> inits = destination.getDpsInits();
  auto merge = MergeOp::create(builder, loc, ValueRange(inits).getTypes(), partials, inits,
                               builder.getAffineMapArrayAttr(inputMaps), ExpBaseAttr::get(context, base));
  return MergeResult{{merge}, SmallVector<Value>(merge.getResults())};
}

static LogicalResult partialTilePosition(OpBuilder &builder, ScoreOpInterface op, unsigned number,
                                         ReductionTilingStrategy strategy, ArrayRef<OpFoldResult> offsets,
                                         ArrayRef<OpFoldResult> sizes, ArrayRef<OpFoldResult> splitReductionIvs,
                                         SmallVector<OpFoldResult> &resultOffsets,
                                         SmallVector<OpFoldResult> &resultSizes) {
  if (strategy != ReductionTilingStrategy::PartialReductionOuterParallel)
    return failure();
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  OpOperand *init = cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInitOperand(number);
  Slice slice = sliceOf(builder, op.getLoc(), structured.getMapOf(*init), offsets, sizes);
  resultOffsets = leading(builder, splitReductionIvs.front(), slice.offsets);
  resultSizes = leading(builder, builder.getIndexAttr(1), slice.sizes);
  return success();
}

#define FOVEA_PARTIAL_REDUCTION(OP)                                                                                    \
  FailureOr<SmallVector<Value>> OP::generateInitialTensorForPartialReduction(                                          \
      OpBuilder &builder, Location loc, ArrayRef<OpFoldResult> sizes, const SetVector<unsigned> &reductionDims) {      \
    return initialPartials(builder, loc, *this, sizes, reductionDims);                                                 \
  }                                                                                                                    \
  FailureOr<TilingResult> OP::tileToPartialReduction(                                                                  \
      OpBuilder &builder, Location loc, ReductionTilingStrategy strategy, ValueRange init,                             \
      ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes, const SetVector<unsigned> &reductionDims,          \
      ArrayRef<OpFoldResult> splitReductionIvs) {                                                                      \
    return tileToPartial(builder, loc, *this, strategy, init, offsets, sizes, reductionDims, splitReductionIvs);       \
  }                                                                                                                    \
  FailureOr<MergeResult> OP::mergeReductions(OpBuilder &builder, Location loc, ValueRange partials,                    \
                                             const SetVector<unsigned> &reductionDims) {                               \
    return mergePartials(builder, loc, *this, partials, reductionDims, getBase());                                     \
  }                                                                                                                    \
  LogicalResult OP::getPartialResultTilePosition(                                                                      \
      OpBuilder &builder, unsigned number, ReductionTilingStrategy strategy, ArrayRef<OpFoldResult> offsets,           \
      ArrayRef<OpFoldResult> sizes, const SetVector<unsigned> &reductionDims,                                          \
      ArrayRef<OpFoldResult> splitReductionIvs, SmallVector<OpFoldResult> &resultOffsets,                              \
      SmallVector<OpFoldResult> &resultSizes) {                                                                        \
    return partialTilePosition(builder, *this, number, strategy, offsets, sizes, splitReductionIvs, resultOffsets,     \
                               resultSizes);                                                                           \
  }

FOVEA_PARTIAL_REDUCTION(OnlineAttentionOp)
FOVEA_PARTIAL_REDUCTION(OnlineSoftmaxOp)
