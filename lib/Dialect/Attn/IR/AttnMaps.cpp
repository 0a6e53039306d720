//===- AttnMaps.cpp - iteration domains and indexing maps -----------------===//
//
// The maps that the common shapes imply, and what follows from maps alone: domain sizes, result shapes, effects.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Pieces of maps
//===----------------------------------------------------------------------===//

static SmallVector<AffineExpr> dims(MLIRContext *context, ArrayRef<unsigned> positions) {
  return llvm::map_to_vector(positions, [&](unsigned d) { return getAffineDimExpr(d, context); });
}

static SmallVector<unsigned> upTo(unsigned end) { return llvm::to_vector(llvm::seq<unsigned>(0, end)); }

static ShapedType shapedType(Value value) { return dyn_cast<ShapedType>(value.getType()); }

/// Aligns an operand of `shape` to the trailing dimensions among `positions`; extent 1 broadcasts (S10). An operand of
/// too high a rank gets a map of too few results, which the verifier reports.
static AffineMap broadcastMap(MLIRContext *context, ArrayRef<int64_t> shape, ArrayRef<unsigned> positions,
                              unsigned numDims) {
  SmallVector<AffineExpr> results;
  size_t rank = std::min(shape.size(), positions.size());
  for (auto [extent, position] : llvm::zip_equal(shape.take_back(rank), positions.take_back(rank)))
    results.push_back(extent == 1 ? getAffineConstantExpr(0, context) : getAffineDimExpr(position, context));
  return AffineMap::get(numDims, 0, results, context);
}

/// Maps of the captures: none for scalars and for operands that a region takes whole.
static void appendCaptureMaps(ScoreOpInterface op, ArrayRef<unsigned> positions, unsigned numDims,
                              SmallVectorImpl<AffineMap> &maps) {
  MLIRContext *context = op->getContext();
  for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
    ShapedType type = shapedType(capture);
    Type argument = type;
    if (op.hasScore() && op.getScore().getNumArguments() > i + 1)
      argument = op.getScore().getArgument(i + 1).getType();
    else if (op.hasMask() && op.getMask().getNumArguments() > i)
      argument = op.getMask().getArgument(i).getType();
    bool whole = !type || isa<ShapedType>(argument);
    maps.push_back(whole ? AffineMap::get(numDims, 0, context)
                         : broadcastMap(context, type.getShape(), positions, numDims));
  }
}

static void append(SmallVectorImpl<OpOperand *> &operands, MutableOperandRange range) {
  for (OpOperand &operand : range)
    operands.push_back(&operand);
}

//===----------------------------------------------------------------------===//
// attention, online_attention
//===----------------------------------------------------------------------===//

/// K or V's map: the head is divided by the number of query heads that share it, where that number is known (S6).
static AffineMap keyValueMap(ShapedType query, ShapedType operand, unsigned numBatch, unsigned row, unsigned column,
                             unsigned numDims, MLIRContext *context) {
  SmallVector<AffineExpr> results = dims(context, upTo(numBatch));
  if (numBatch > 0 && unsigned(operand.getRank()) > numBatch) {
    int64_t heads = query.getDimSize(numBatch - 1), kvHeads = operand.getDimSize(numBatch - 1);
    if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(kvHeads) && kvHeads > 0 && heads > kvHeads &&
        heads % kvHeads == 0)
      results.back() = results.back().floorDiv(heads / kvHeads);
  }
  results.push_back(getAffineDimExpr(row, context));
  results.push_back(getAffineDimExpr(column, context));
  return AffineMap::get(numDims, 0, results, context);
}

template <typename OpTy> static SmallVector<AffineMap> attentionInputMaps(OpTy op, unsigned &numBatch) {
  MLIRContext *context = op.getContext();
  auto query = cast<ShapedType>(op.getQuery().getType());
  numBatch = std::max<int64_t>(query.getRank(), 2) - 2;
  unsigned row = numBatch, key = row + 1, qk = key + 1, value = qk + 1, numDims = value + 1;
  SmallVector<unsigned> queryDims = upTo(numBatch);
  queryDims.append({row, qk});
  SmallVector<AffineMap> maps = {
      AffineMap::get(numDims, 0, dims(context, queryDims), context),
      keyValueMap(query, cast<ShapedType>(op.getKey().getType()), numBatch, key, qk, numDims, context),
      keyValueMap(query, cast<ShapedType>(op.getValue().getType()), numBatch, key, value, numDims, context)};
  appendCaptureMaps(op, upTo(numBatch + 2), numDims, maps);
  return maps;
}

SmallVector<OpOperand *> AttentionOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getQueryMutable(), &getKeyMutable(), &getValueMutable()};
  append(operands, getCapturesMutable());
  append(operands, getSinkMutable());
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> AttentionOp::getDefaultMaps() {
  unsigned numBatch;
  SmallVector<AffineMap> maps = attentionInputMaps(*this, numBatch);
  MLIRContext *context = getContext();
  unsigned numDims = numBatch + 4;
  if (getSink()) {
    SmallVector<unsigned> head;
    if (numBatch > 0)
      head.push_back(numBatch - 1);
    maps.push_back(AffineMap::get(numDims, 0, dims(context, head), context));
  }
  SmallVector<unsigned> rows = upTo(numBatch + 1), output = rows;
  output.push_back(numBatch + 3);
  for (size_t i = 0, e = getOutputs().size(); i != e; ++i)
    maps.push_back(AffineMap::get(numDims, 0, dims(context, i == 0 ? output : rows), context));
  return maps;
}

SmallVector<OpOperand *> OnlineAttentionOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getQueryMutable(), &getKeyMutable(), &getValueMutable()};
  append(operands, getCapturesMutable());
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> OnlineAttentionOp::getDefaultMaps() {
  unsigned numBatch;
  SmallVector<AffineMap> maps = attentionInputMaps(*this, numBatch);
  unsigned numDims = numBatch + 4;
  SmallVector<unsigned> rows = upTo(numBatch + 1), output = rows;
  output.push_back(numBatch + 3);
  for (size_t i = 0, e = getOutputs().size(); i != e; ++i)
    maps.push_back(AffineMap::get(numDims, 0, dims(getContext(), i == 0 ? output : rows), getContext()));
  return maps;
}

//===----------------------------------------------------------------------===//
// finalize, merge, pack
//===----------------------------------------------------------------------===//

SmallVector<OpOperand *> FinalizeOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getAccMutable(), &getMaxMutable(), &getSumMutable()};
  append(operands, getSinkMutable());
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> FinalizeOp::getDefaultMaps() {
  MLIRContext *context = getContext();
  unsigned rank = std::max<int64_t>(cast<ShapedType>(getAcc().getType()).getRank(), 2);
  AffineMap full = AffineMap::getMultiDimIdentityMap(rank, context);
  AffineMap rows = AffineMap::get(rank, 0, dims(context, upTo(rank - 1)), context);
  SmallVector<AffineMap> maps = {full, rows, rows};
  if (getSink()) {
    SmallVector<unsigned> head;
    if (rank > 2)
      head.push_back(rank - 3);
    maps.push_back(AffineMap::get(rank, 0, dims(context, head), context));
  }
  for (size_t i = 0, e = getOutputs().size(); i != e; ++i)
    maps.push_back(i == 0 ? full : rows);
  return maps;
}

SmallVector<OpOperand *> MergeOp::getMappedOperands() {
  SmallVector<OpOperand *> operands;
  append(operands, getStatesMutable());
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> MergeOp::getDefaultMaps() {
  MLIRContext *context = getContext();
  unsigned rank = 1;
  for (Value state : getStates())
    rank = std::max<int64_t>(rank, cast<ShapedType>(state.getType()).getRank());
  bool hasAcc = getStates().size() == 3;
  SmallVector<AffineMap> maps;
  for (bool output : {false, true}) {
    size_t count = output ? getOutputs().size() : getStates().size();
    for (size_t i = 0; i != count; ++i) {
      unsigned end = hasAcc && i > 0 ? rank - 1 : rank;
      SmallVector<unsigned> positions = llvm::to_vector(llvm::seq<unsigned>(output ? 1 : 0, std::max(end, 1u)));
      maps.push_back(AffineMap::get(rank, 0, dims(context, positions), context));
    }
  }
  return maps;
}

SmallVector<OpOperand *> PackOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getSourceMutable()};
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> PackOp::getDefaultMaps() {
  MLIRContext *context = getContext();
  return {AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, context),
          AffineMap::getMultiDimIdentityMap(2, context)};
}

//===----------------------------------------------------------------------===//
// softmax, online_softmax, normalize, cross_entropy
//===----------------------------------------------------------------------===//

/// x's identity map and the map without the softmax dimension.
static std::pair<AffineMap, AffineMap> softmaxMaps(MLIRContext *context, unsigned rank, int64_t dimension) {
  SmallVector<unsigned> rows;
  for (unsigned d = 0; d != rank; ++d)
    if (int64_t(d) != dimension)
      rows.push_back(d);
  return {AffineMap::getMultiDimIdentityMap(rank, context), AffineMap::get(rank, 0, dims(context, rows), context)};
}

template <typename OpTy> static unsigned inputRank(OpTy op) {
  return cast<ShapedType>(op.getInput().getType()).getRank();
}

SmallVector<OpOperand *> SoftmaxOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getInputMutable()};
  append(operands, getCapturesMutable());
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> SoftmaxOp::getDefaultMaps() {
  unsigned rank = inputRank(*this);
  auto [full, rows] = softmaxMaps(getContext(), rank, getDimension());
  SmallVector<AffineMap> maps = {full};
  appendCaptureMaps(*this, upTo(rank), rank, maps);
  for (size_t i = 0, e = getOutputs().size(); i != e; ++i)
    maps.push_back(i == 0 ? full : rows);
  return maps;
}

SmallVector<OpOperand *> OnlineSoftmaxOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getInputMutable()};
  append(operands, getCapturesMutable());
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> OnlineSoftmaxOp::getDefaultMaps() {
  unsigned rank = inputRank(*this);
  auto [full, rows] = softmaxMaps(getContext(), rank, getDimension());
  SmallVector<AffineMap> maps = {full};
  appendCaptureMaps(*this, upTo(rank), rank, maps);
  maps.append(getOutputs().size(), rows);
  return maps;
}

SmallVector<OpOperand *> NormalizeOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getInputMutable(), &getMaxMutable(), &getSumMutable()};
  append(operands, getCapturesMutable());
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> NormalizeOp::getDefaultMaps() {
  unsigned rank = inputRank(*this);
  auto [full, rows] = softmaxMaps(getContext(), rank, getDimension());
  SmallVector<AffineMap> maps = {full, rows, rows};
  appendCaptureMaps(*this, upTo(rank), rank, maps);
  for (size_t i = 0, e = getOutputs().size(); i != e; ++i)
    maps.push_back(i == 0 ? full : rows);
  return maps;
}

SmallVector<OpOperand *> CrossEntropyOp::getMappedOperands() {
  SmallVector<OpOperand *> operands = {&getLogitsMutable(), &getTargetMutable()};
  append(operands, getOutputsMutable());
  return operands;
}

SmallVector<AffineMap> CrossEntropyOp::getDefaultMaps() {
  MLIRContext *context = getContext();
  unsigned rank = std::max<int64_t>(cast<ShapedType>(getLogits().getType()).getRank(), 1);
  auto [full, rows] = softmaxMaps(context, rank, rank - 1);
  SmallVector<AffineMap> maps = {full, rows};
  for (size_t i = 0, e = getOutputs().size(); i != e; ++i)
    maps.push_back(i == 0 && getReduction() != LossReduction::None ? AffineMap::get(rank, 0, context) : rows);
  return maps;
}

//===----------------------------------------------------------------------===//
// Score ops: positions, compute type, key dimension
//===----------------------------------------------------------------------===//

template <typename OpTy> static SmallVector<OpFoldResult> mixedOffsets(OpTy op) {
  std::optional<ArrayRef<int64_t>> statics = op.getStaticOffsets();
  if (!statics || statics->empty())
    return {};
  return getMixedValues(*statics, op.getOffsets(), op.getContext());
}

template <typename OpTy> static void setOffsets(OpTy op, ArrayRef<OpFoldResult> offsets) {
  if (offsets.empty() || llvm::all_of(offsets, isZeroInteger)) {
    op.getOffsetsMutable().clear();
    op.removeStaticOffsetsAttr();
    return;
  }
  SmallVector<int64_t> statics;
  SmallVector<Value> dynamic;
  dispatchIndexOpFoldResults(offsets, dynamic, statics);
  op.getOffsetsMutable().assign(dynamic);
  op.setStaticOffsets(statics);
}

static FloatType computeType(Value operand) {
  Type element = getElementTypeOrSelf(operand.getType());
  return element.isF64() ? cast<FloatType>(element) : Float32Type::get(operand.getContext());
}

/// The key dimension: in K but not in Q. A malformed map gives 0; the verifier speaks first.
static unsigned attentionKeyDim(AffineMap query, AffineMap key, AffineMap value) {
  for (unsigned d = 0, e = query.getNumDims(); d != e; ++d)
    if (!query.isFunctionOfDim(d) && key.isFunctionOfDim(d) && value.isFunctionOfDim(d))
      return d;
  return 0;
}

#define FOVEA_SCORE_OP(OP, OPERAND, KEY_DIM)                                                                           \
  SmallVector<OpFoldResult> OP::getMixedOffsets() { return mixedOffsets(*this); }                                      \
  void OP::setMixedOffsets(ArrayRef<OpFoldResult> offsets) { setOffsets(*this, offsets); }                             \
  FloatType OP::getComputeType() { return computeType(OPERAND); }                                                      \
  unsigned OP::getKeyDim() { return KEY_DIM; }

#define FOVEA_ATTENTION_KEY                                                                                            \
  attentionKeyDim(getMappedOperandMaps()[0], getMappedOperandMaps()[1], getMappedOperandMaps()[2])
FOVEA_SCORE_OP(AttentionOp, getQuery(), FOVEA_ATTENTION_KEY)
FOVEA_SCORE_OP(OnlineAttentionOp, getQuery(), FOVEA_ATTENTION_KEY)
FOVEA_SCORE_OP(SoftmaxOp, getInput(), getDimension())
FOVEA_SCORE_OP(OnlineSoftmaxOp, getInput(), getDimension())
FOVEA_SCORE_OP(NormalizeOp, getInput(), getDimension())

//===----------------------------------------------------------------------===//
// All structured ops
//===----------------------------------------------------------------------===//

static SmallVector<unsigned> reductionDims(StructuredOpInterface op) {
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  SmallVector<OpOperand *> operands = op.getMappedOperands();
  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  SmallVector<unsigned> result;
  for (unsigned d = 0, e = maps.front().getNumDims(); d != e; ++d) {
    bool reduced = false;
    for (auto [operand, map] : llvm::zip_equal(operands, maps))
      if (destination.isDpsInit(operand)) {
        // The first output has every parallel dimension, but for a reduced loss.
        reduced = !map.isFunctionOfDim(d);
        break;
      }
    if (reduced)
      result.push_back(d);
  }
  return result;
}

static ArrayAttr allOperandMaps(StructuredOpInterface op) {
  unsigned numDims = op.getNumLoops();
  SmallVector<AffineMap> maps(op->getNumOperands(), AffineMap::get(numDims, 0, op->getContext()));
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), op.getMappedOperandMaps()))
    maps[operand->getOperandNumber()] = map;
  return Builder(op->getContext()).getAffineMapArrayAttr(maps);
}

static OpFoldResult mixedSize(OpBuilder &builder, Location loc, Value value, int64_t dim) {
  if (isa<MemRefType>(value.getType()))
    return memref::getMixedSize(builder, loc, value, dim);
  return tensor::getMixedSize(builder, loc, value, dim);
}

static SmallVector<Range> iterationDomain(StructuredOpInterface op, OpBuilder &builder) {
  unsigned numLoops = op.getNumLoops();
  SmallVector<OpFoldResult> sizes(numLoops);
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), op.getMappedOperandMaps()))
    for (auto [position, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && !sizes[dim.getPosition()])
        sizes[dim.getPosition()] = mixedSize(builder, op.getLoc(), operand->get(), position);
  return llvm::map_to_vector(sizes, [&](OpFoldResult size) {
    return Range{builder.getIndexAttr(0), size ? size : OpFoldResult(builder.getIndexAttr(1)), builder.getIndexAttr(1)};
  });
}

static SmallVector<utils::IteratorType> iteratorTypes(StructuredOpInterface op) {
  SmallVector<utils::IteratorType> types(op.getNumLoops(), utils::IteratorType::parallel);
  for (unsigned d : op.getReductionDims())
    types[d] = utils::IteratorType::reduction;
  if (auto softmax = dyn_cast<SoftmaxOp>(op.getOperation())) // normalised over, though the output has it
    types[softmax.getDimension()] = utils::IteratorType::reduction;
  return types;
}

static void memoryEffects(Operation *op, SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  auto destination = cast<DestinationStyleOpInterface>(op);
  if (destination.hasPureTensorSemantics())
    return;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (destination.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

static LogicalResult reifyShapes(Operation *op, OpBuilder &builder, ReifiedRankedShapedTypeDims &shapes) {
  for (Value output : cast<DestinationStyleOpInterface>(op).getDpsInits())
    if (isa<RankedTensorType>(output.getType()))
      shapes.push_back(tensor::getMixedSizes(builder, op->getLoc(), output));
  return success();
}

static AffineMap matchingMap(StructuredOpInterface op, OpOperand *operand) {
  for (auto [mapped, map] : llvm::zip_equal(op.getMappedOperands(), op.getMappedOperandMaps()))
    if (mapped == operand)
      return map;
  return AffineMap::get(op.getNumLoops(), 0, op->getContext());
}

static SmallVector<int64_t> operandShape(OpOperand *operand) {
  auto type = dyn_cast<ShapedType>(operand->get().getType());
  return type ? llvm::to_vector(type.getShape()) : SmallVector<int64_t>();
}

#define FOVEA_STRUCTURED_OP(OP)                                                                                        \
  SmallVector<unsigned> OP::getReductionDims() { return reductionDims(*this); }                                        \
  ArrayAttr OP::getIndexingMaps() { return allOperandMaps(*this); }                                                    \
  SmallVector<AffineMap> OP::getIndexingMapsArray() {                                                                  \
    return llvm::to_vector(getIndexingMaps().getAsValueRange<AffineMapAttr>());                                        \
  }                                                                                                                    \
  AffineMap OP::getMatchingIndexingMap(OpOperand *operand) { return matchingMap(*this, operand); }                     \
  SmallVector<int64_t> OP::getShape(OpOperand *operand) { return operandShape(operand); }                              \
  SmallVector<Range> OP::getIterationDomain(OpBuilder &builder) { return iterationDomain(*this, builder); }            \
  SmallVector<utils::IteratorType> OP::getLoopIteratorTypes() { return iteratorTypes(*this); }                         \
  void OP::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {                  \
    memoryEffects(*this, effects);                                                                                     \
  }                                                                                                                    \
  Speculation::Speculatability OP::getSpeculatability() {                                                              \
    return hasPureTensorSemantics() ? Speculation::RecursivelySpeculatable : Speculation::NotSpeculatable;             \
  }                                                                                                                    \
  LogicalResult OP::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &shapes) {                       \
    return reifyShapes(*this, builder, shapes);                                                                        \
  }

FOVEA_STRUCTURED_OP(AttentionOp)
FOVEA_STRUCTURED_OP(OnlineAttentionOp)
FOVEA_STRUCTURED_OP(FinalizeOp)
FOVEA_STRUCTURED_OP(MergeOp)
FOVEA_STRUCTURED_OP(PackOp)
FOVEA_STRUCTURED_OP(SoftmaxOp)
FOVEA_STRUCTURED_OP(OnlineSoftmaxOp)
FOVEA_STRUCTURED_OP(NormalizeOp)
FOVEA_STRUCTURED_OP(CrossEntropyOp)
