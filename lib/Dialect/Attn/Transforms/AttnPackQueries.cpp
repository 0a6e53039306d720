//===- AttnPackQueries.cpp - queries along the lanes ----------------------===//
//
// Brings the body of a tile into the form that the vector lowering takes: rank 2, queries innermost and padded to whole
// vectors, so that maximum, sum and rescale are vertical and nothing is ever reduced across lanes.
//
//   %s:3 = scf.for ... iter_args(%acc, %m, %l) { attn.online_attention ins(%q[1,1,r,k], %k, %v) outs(...) }
//   %o = attn.finalize ins(%s#0, %s#1, %s#2) outs(%o0[1,1,r,d])
// becomes
//   %qt = attn.pack scale(...) ins(%q[r,k]) outs(tensor<k x M>)
//   %s:3 = scf.for ... iter_args(%acct[d x M], %m[M], %l[M]) { attn.online_attention ins(%qt, %k, %v) outs(...) }
//   %o = attn.finalize ins(slices of %s) outs(%o0[r,d])
//
// Dimensions of extent 1 (batch, head, group) disappear; their `attn.index` becomes a captured scalar. Captures that vary
// with the query are packed like the query.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNPACKQUERIESPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Dimensions of the packed op.
enum PackedDim : unsigned { M, N, K, D, NumPackedDims };

class QueryPacker {
public:
  QueryPacker(RewriterBase &rewriter, OnlineAttentionOp op, int64_t vectorBytes)
      : rewriter(rewriter), op(op), context(op.getContext()), loc(op.getLoc()),
        lanes(vectorBytes / (op.getComputeType().getWidth() / 8)) {}

  LogicalResult run();

private:
  LogicalResult analyze();
  SmallVector<Value> identityState();
  Value packQuery();
  OnlineAttentionOp packedOp(Value query, ValueRange state);
  Value packCapture(Value capture, AffineMap map, SmallVectorImpl<AffineExpr> &packed);
  void replaceIndices(Region &region, unsigned firstCapture, unsigned numOldCaptures);
  void replaceReaders(OpBuilder &builder, ValueRange oldState, ValueRange state);
  void replaceFinalize(FinalizeOp finalize, ValueRange state);
  SmallVector<Value> unpackState(ValueRange state, ValueRange shapes);

  /// The tile without the dimensions whose map result is not in `kept`; those have extent 1.
  Value dropUnitDims(Value tensor, AffineMap map, ArrayRef<unsigned> kept);
  AffineMap packedMap(ArrayRef<unsigned> dims) {
    return AffineMap::get(NumPackedDims, 0,
                          llvm::map_to_vector(dims, [&](unsigned d) { return getAffineDimExpr(d, context); }), context);
  }
  AffineMap mapOf(OpOperand &operand) { return cast<StructuredOpInterface>(op.getOperation()).getMapOf(operand); }

  RewriterBase &rewriter;
  OnlineAttentionOp op;
  MLIRContext *context;
  Location loc;
  int64_t lanes;

  scf::ForOp loop;       ///< The KV loop around the op, or null where one block covers the keys.
  AttentionDims dims;
  OpFoldResult rows;     ///< Query rows of the tile.
  OpFoldResult valueDim; ///< V head dim.
  int64_t paddedRows = 0;
  SmallVector<OpFoldResult> positions;
};

} // namespace

static OpFoldResult sizeOf(OpBuilder &builder, Location loc, Value tensor, AffineMap map, unsigned dim) {
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (expr == getAffineDimExpr(dim, map.getContext()))
      return tensor::getMixedSize(builder, loc, tensor, i);
  llvm_unreachable("the dimension is one of the operand's");
}

Value QueryPacker::dropUnitDims(Value tensor, AffineMap map, ArrayRef<unsigned> kept) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, loc, tensor);
  SmallVector<OpFoldResult> offsets(sizes.size(), rewriter.getIndexAttr(0)), strides(sizes.size(), rewriter.getIndexAttr(1));
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (dim && llvm::is_contained(kept, dim.getPosition()))
      shape.push_back(type.getDimSize(i));
    else
      sizes[i] = rewriter.getIndexAttr(1);
  }
  if (int64_t(shape.size()) == type.getRank())
    return tensor;
  return tensor::ExtractSliceOp::create(rewriter, loc, RankedTensorType::get(shape, type.getElementType()), tensor,
                                        offsets, sizes, strides);
}

LogicalResult QueryPacker::analyze() {
  AffineMap queryMap = mapOf(op.getQueryMutable());
  FailureOr<AttentionDims> found = AttentionDims::infer(queryMap, mapOf(op.getKeyMutable()), mapOf(op.getValueMutable()));
  if (failed(found))
    return failure();
  dims = *found;
  if (queryMap.getNumDims() == NumPackedDims && queryMap.getResult(0) == getAffineDimExpr(dims.qk, context))
    return rewriter.notifyMatchFailure(op, "already packed");
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned d = 0, e = queryMap.getNumDims(); d != e; ++d)
    if (d != dims.query() && d != dims.key && d != dims.qk && d != dims.value && extents[d] != 1)
      return op.emitOpError() << "dimension " << d << " must have extent 1 in a tile, got "
                              << (ShapedType::isDynamic(extents[d]) ? std::string("?") : std::to_string(extents[d]))
                              << "; run attn-tile-parallel first";

  loop = dyn_cast<scf::ForOp>(op->getParentOp());
  if (loop && !(llvm::equal(op.getOutputs(), loop.getRegionIterArgs()) &&
                llvm::equal(op.getResults(), loop.getYieldedValues())))
    loop = nullptr;
  if (loop)
    for (OpOperand &use : op->getUses())
      if (use.getOwner() != loop.getBody()->getTerminator())
        return rewriter.notifyMatchFailure(op, "the state is used inside the loop");

  // The number of rows must be known from above, so that the state has a static size.
  for (auto [i, expr] : llvm::enumerate(queryMap.getResults()))
    if (expr == getAffineDimExpr(dims.query(), context)) {
      auto type = cast<RankedTensorType>(op.getQuery().getType());
      int64_t bound = type.getDimSize(i);
      if (ShapedType::isDynamic(bound)) {
        FailureOr<int64_t> computed = ValueBoundsConstraintSet::computeConstantBound(
            presburger::BoundType::UB, {op.getQuery(), int64_t(i)}, /*stopCondition=*/nullptr, /*closedUB=*/true);
        if (failed(computed))
          return op.emitOpError("the number of query rows of a tile has no constant bound; run attn-tile-parallel first");
        bound = *computed;
      }
      paddedRows = llvm::alignTo(std::max<int64_t>(bound, 1), lanes);
    }
  return success();
}

/// (0, -inf, 0) in the packed shapes.
SmallVector<Value> QueryPacker::identityState() {
  FloatType type = op.getComputeType();
  auto fill = [&](ArrayRef<OpFoldResult> sizes, APFloat value) -> Value {
    Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, type);
    Value scalar = arith::ConstantOp::create(rewriter, loc, rewriter.getFloatAttr(type, value));
    return linalg::FillOp::create(rewriter, loc, scalar, empty).getResult(0);
  };
  OpFoldResult padded = rewriter.getIndexAttr(paddedRows);
  APFloat zero = APFloat::getZero(type.getFloatSemantics());
  return {fill({valueDim, padded}, zero), fill({padded}, APFloat::getInf(type.getFloatSemantics(), true)),
          fill({padded}, zero)};
}

Value QueryPacker::packQuery() {
  AffineMap queryMap = mapOf(op.getQueryMutable());
  Value query = dropUnitDims(op.getQuery(), queryMap, {dims.query(), dims.qk});
  OpFoldResult headDim = sizeOf(rewriter, loc, op.getQuery(), queryMap, dims.qk);
  // Row-major [r, k] unless the map lists the head dim first.
  bool headDimFirst = false;
  for (AffineExpr expr : queryMap.getResults()) {
    if (expr == getAffineDimExpr(dims.query(), context))
      break;
    headDimFirst |= expr == getAffineDimExpr(dims.qk, context);
  }
  Value empty = tensor::EmptyOp::create(
      rewriter, loc, {headDim, rewriter.getIndexAttr(paddedRows)}, op.getComputeType());
  ArrayAttr maps = rewriter.getAffineMapArrayAttr(
      {AffineMap::getPermutationMap(headDimFirst ? ArrayRef<unsigned>{1, 0} : ArrayRef<unsigned>{0, 1}, context),
       AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, context)});
  std::optional<double> scale = getStaticScale(op);
  bool exact = scale && op.getComputeType().isF32();
  Value scaleValue = exact ? Value() : materializeScale(rewriter, op);
  return PackOp::create(rewriter, loc, empty.getType(), query, scaleValue, empty, maps,
                        exact ? rewriter.getF32FloatAttr(float(*scale)) : FloatAttr())
      .getResult(0);
}

/// Packs a capture that varies with the query; `packed` receives its map in the packed domain.
Value QueryPacker::packCapture(Value capture, AffineMap map, SmallVectorImpl<AffineExpr> &packed) {
  SmallVector<unsigned> order; // packed dims in the capture's order
  for (AffineExpr expr : map.getResults()) {
    if (expr == getAffineDimExpr(dims.query(), context))
      order.push_back(M);
    else if (expr == getAffineDimExpr(dims.key, context))
      order.push_back(N);
  }
  Value tile = dropUnitDims(capture, map, {dims.query(), dims.key});
  if (!llvm::is_contained(order, M)) {
    for (unsigned d : order)
      packed.push_back(getAffineDimExpr(d, context));
    return tile;
  }
  Type element = getElementTypeOrSelf(capture.getType());
  if (element.isInteger(1))
    element = rewriter.getI8Type();
  SmallVector<OpFoldResult> sizes;
  SmallVector<unsigned> source;
  if (order.size() == 2) {
    sizes.push_back(sizeOf(rewriter, loc, capture, map, dims.key));
    packed.push_back(getAffineDimExpr(N, context));
    source = order[0] == M ? SmallVector<unsigned>{0, 1} : SmallVector<unsigned>{1, 0};
  } else {
    source = {0};
  }
  sizes.push_back(rewriter.getIndexAttr(paddedRows));
  packed.push_back(getAffineDimExpr(M, context));
  Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  SmallVector<unsigned> target = order.size() == 2 ? SmallVector<unsigned>{1, 0} : SmallVector<unsigned>{0};
  ArrayAttr maps = rewriter.getAffineMapArrayAttr(
      {AffineMap::getPermutationMap(ArrayRef<unsigned>(source), context),
       AffineMap::getPermutationMap(ArrayRef<unsigned>(target), context)});
  return PackOp::create(rewriter, loc, empty.getType(), tile, Value(), empty, maps, FloatAttr()).getResult(0);
}

/// Renumbers `attn.index`: the four packed dimensions keep theirs, the others are captured scalars appended after the
/// old captures, in the order batch dims, other row dims, last row of the tile.
void QueryPacker::replaceIndices(Region &region, unsigned firstCapture, unsigned numOldCaptures) {
  if (region.empty())
    return;
  Block &block = region.front();
  DenseMap<unsigned, Value> scalarOf;
  SmallVector<unsigned> unitDims(dims.batch);
  llvm::append_range(unitDims, ArrayRef(dims.rows).drop_back());
  for (unsigned d : unitDims)
    scalarOf[d] = block.addArgument(rewriter.getIndexType(), loc);
  Value lastRow = block.addArgument(rewriter.getIndexType(), loc);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(&block);
  for (unsigned i = 0; i != numOldCaptures; ++i) {
    BlockArgument argument = block.getArgument(firstCapture + i);
    Type type = op.getCaptures()[i].getType();
    AffineMap map = mapOf(op.getCapturesMutable()[i]);
    if (!argument.getType().isInteger(1) || !isa<ShapedType>(type) || !map.isFunctionOfDim(dims.query()))
      continue;
    argument.setType(rewriter.getI8Type()); // packed as bytes
    Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getI8IntegerAttr(0));
    Value bit = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::ne, argument, zero);
    rewriter.replaceAllUsesExcept(argument, bit, bit.getDefiningOp());
  }
  for (IndexOp index : llvm::make_early_inc_range(block.getOps<IndexOp>())) {
    unsigned d = index.getDim();
    if (Value scalar = scalarOf.lookup(d)) {
      rewriter.replaceOp(index, scalar);
      continue;
    }
    index.setDim(d == dims.query() ? M : d == dims.key ? N : d == dims.qk ? K : D);
    if (d != dims.query())
      continue;
    // Lanes beyond the tile repeat its last row, in position as in data.
    rewriter.setInsertionPointAfter(index);
    auto clamped = arith::MinSIOp::create(rewriter, loc, index, lastRow);
    rewriter.replaceAllUsesExcept(index, clamped, clamped);
  }
}

OnlineAttentionOp QueryPacker::packedOp(Value query, ValueRange state) {
  positions = op.getMixedOffsets();
  if (positions.empty())
    positions.assign(cast<StructuredOpInterface>(op.getOperation()).getNumLoops(), rewriter.getIndexAttr(0));
  Value key = dropUnitDims(op.getKey(), mapOf(op.getKeyMutable()), {dims.key, dims.qk});
  Value value = dropUnitDims(op.getValue(), mapOf(op.getValueMutable()), {dims.key, dims.value});
  auto order = [&](AffineMap map) {
    SmallVector<unsigned> packed;
    for (AffineExpr expr : map.getResults())
      for (auto [dim, target] : {std::pair(dims.key, N), std::pair(dims.qk, K), std::pair(dims.value, D)})
        if (expr == getAffineDimExpr(dim, context))
          packed.push_back(target);
    return packedMap(packed);
  };
  SmallVector<AffineMap> maps = {packedMap({K, M}), order(mapOf(op.getKeyMutable())), order(mapOf(op.getValueMutable()))};
  SmallVector<Value> captures;
  for (OpOperand &operand : op.getCapturesMutable()) {
    Value capture = operand.get();
    AffineMap map = mapOf(operand);
    SmallVector<AffineExpr> packed;
    if (isa<RankedTensorType>(capture.getType()) && map.getNumResults() > 0)
      capture = packCapture(capture, map, packed);
    captures.push_back(capture);
    maps.push_back(AffineMap::get(NumPackedDims, 0, packed, context));
  }
  if (op.getScore().empty() && op.getMask().empty()) {
    captures.clear();
  } else {
    SmallVector<unsigned> unitDims(dims.batch);
    llvm::append_range(unitDims, ArrayRef(dims.rows).drop_back());
    for (unsigned d : unitDims)
      captures.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, positions[d]));
    AffineExpr d0 = getAffineDimExpr(0, context), d1 = getAffineDimExpr(1, context);
    OpFoldResult last = affine::makeComposedFoldedAffineApply(rewriter, loc, AffineMap::get(2, 0, d0 + d1 - 1, context),
                                                              {positions[dims.query()], rows});
    captures.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, last));
    maps.append(unitDims.size() + 1, AffineMap::get(NumPackedDims, 0, context));
  }
  maps.append({packedMap({D, M}), packedMap({M}), packedMap({M})});
  auto packed = OnlineAttentionOp::create(
      rewriter, loc, state.getTypes(), query, key, value, captures, /*scale_value=*/Value(), op.getPartial(),
      ValueRange(), state, rewriter.getAffineMapArrayAttr(maps), rewriter.getF32FloatAttr(1.0), op.getBaseAttr(),
      DenseI64ArrayAttr());
  unsigned numOldCaptures = op.getCaptures().size();
  rewriter.inlineRegionBefore(op.getScore(), packed.getScore(), packed.getScore().end());
  rewriter.inlineRegionBefore(op.getMask(), packed.getMask(), packed.getMask().end());
  replaceIndices(packed.getScore(), 1, numOldCaptures);
  replaceIndices(packed.getMask(), 0, numOldCaptures);
  packed.setMixedOffsets({positions[dims.query()], positions[dims.key], positions[dims.qk], positions[dims.value]});
  return packed;
}

/// The finalize on the packed state, written into the 2-D part of its outputs.
void QueryPacker::replaceFinalize(FinalizeOp finalize, ValueRange state) {
  auto structured = cast<StructuredOpInterface>(finalize.getOperation());
  AffineMap oldAcc = structured.getMapOf(finalize.getAccMutable()), oldMax = structured.getMapOf(finalize.getMaxMutable());
  // Finalize's own names of the dimensions: the row is last in max's query position, the value is not in max.
  AffineMap accMap = mapOf(op.getOutputsMutable()[0]);
  unsigned row = 0, value = 0;
  for (auto [mine, theirs] : llvm::zip_equal(accMap.getResults(), oldAcc.getResults())) {
    unsigned position = cast<AffineDimExpr>(theirs).getPosition();
    if (mine == getAffineDimExpr(dims.query(), context))
      row = position;
    else if (mine == getAffineDimExpr(dims.value, context))
      value = position;
  }
  (void)oldMax;
  auto map2 = [&](ArrayRef<unsigned> order) {
    return AffineMap::get(2, 0, llvm::map_to_vector(order, [&](unsigned d) { return getAffineDimExpr(d, context); }),
                          context);
  };
  OpFoldResult zero = rewriter.getIndexAttr(0), one = rewriter.getIndexAttr(1);
  SmallVector<Value> inputs = {
      tensor::ExtractSliceOp::create(rewriter, loc, state[0], {zero, zero}, {valueDim, rows}, {one, one}),
      tensor::ExtractSliceOp::create(rewriter, loc, state[1], {zero}, {rows}, {one}),
      tensor::ExtractSliceOp::create(rewriter, loc, state[2], {zero}, {rows}, {one})};
  SmallVector<AffineMap> maps = {map2({1, 0}), map2({0}), map2({0})};
  Value sink = finalize.getSink();
  if (sink) {
    sink = dropUnitDims(sink, structured.getMapOf(*finalize.getSinkMutable().begin()), {row, value});
    maps.push_back(map2({}));
  }
  SmallVector<Value> outputs;
  for (OpOperand &output : finalize.getOutputsMutable()) {
    AffineMap map = structured.getMapOf(output);
    outputs.push_back(dropUnitDims(output.get(), map, {row, value}));
    SmallVector<unsigned> order;
    for (AffineExpr expr : map.getResults())
      for (auto [dim, target] : {std::pair(row, 0u), std::pair(value, 1u)})
        if (expr == getAffineDimExpr(dim, context))
          order.push_back(target);
    maps.push_back(map2(order));
  }
  auto packed = FinalizeOp::create(rewriter, loc, ValueRange(outputs).getTypes(), inputs[0], inputs[1], inputs[2], sink,
                                   outputs, rewriter.getAffineMapArrayAttr(maps), finalize.getBaseAttr(),
                                   finalize.getReturnLseAttr(), finalize.getReturnMaxAttr());
  SmallVector<Value> results;
  for (auto [result, output] : llvm::zip_equal(packed.getResults(), finalize.getOutputs())) {
    if (result.getType() == output.getType()) {
      results.push_back(result);
      continue;
    }
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, loc, output);
    results.push_back(tensor::InsertSliceOp::create(rewriter, loc, result, output,
                                                    SmallVector<OpFoldResult>(sizes.size(), zero), sizes,
                                                    SmallVector<OpFoldResult>(sizes.size(), one)));
  }
  rewriter.replaceOp(finalize, results);
}

/// The packed state in the shapes of `shapes` (the state's original initial values).
SmallVector<Value> QueryPacker::unpackState(ValueRange state, ValueRange shapes) {
  OpFoldResult zero = rewriter.getIndexAttr(0), one = rewriter.getIndexAttr(1);
  SmallVector<Value> results;
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    AffineMap map = mapOf(op.getOutputsMutable()[i]);
    SmallVector<int64_t> order; // packed position of each kept dimension
    for (AffineExpr expr : map.getResults()) {
      if (expr == getAffineDimExpr(dims.value, context))
        order.push_back(0);
      else if (expr == getAffineDimExpr(dims.query(), context))
        order.push_back(i == 0 ? 1 : 0);
    }
    Value valid = i == 0 ? tensor::ExtractSliceOp::create(rewriter, loc, state[0], {zero, zero}, {valueDim, rows}, {one, one})
                         : tensor::ExtractSliceOp::create(rewriter, loc, state[i], {zero}, {rows}, {one});
    if (order == SmallVector<int64_t>{1, 0}) {
      Value empty = tensor::EmptyOp::create(rewriter, loc, {rows, valueDim}, op.getComputeType());
      valid = linalg::TransposeOp::create(rewriter, loc, valid, empty, order)->getResult(0);
    }
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, loc, shape);
    Value target = tensor::EmptyOp::create(rewriter, loc, sizes, op.getComputeType());
    results.push_back(tensor::InsertSliceOp::create(rewriter, loc, valid, target,
                                                    SmallVector<OpFoldResult>(sizes.size(), zero), sizes,
                                                    SmallVector<OpFoldResult>(sizes.size(), one)));
  }
  return results;
}

LogicalResult QueryPacker::run() {
  if (failed(analyze()))
    return failure();
  OpBuilder::InsertionGuard guard(rewriter);
  Operation *anchor = loop ? loop.getOperation() : op.getOperation();
  SmallVector<Value> initial = loop ? llvm::to_vector(loop.getInitArgs()) : SmallVector<Value>(op.getOutputs());
  SmallVector<Value> oldState(anchor->getResults());

  // What is made once per tile comes before the loop; the query must be visible there.
  if (loop && !loop.isDefinedOutsideOfLoop(op.getQuery())) {
    auto slice = op.getQuery().getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || !llvm::all_of(slice->getOperands(), [&](Value v) { return loop.isDefinedOutsideOfLoop(v); }))
      return rewriter.notifyMatchFailure(op, "the query tile changes in the loop");
    slice->moveBefore(loop);
  }
  rewriter.setInsertionPoint(anchor);
  rows = sizeOf(rewriter, loc, op.getQuery(), mapOf(op.getQueryMutable()), dims.query());
  AffineMap accMap = mapOf(op.getOutputsMutable()[0]);
  valueDim = sizeOf(rewriter, loc, initial[0], accMap, dims.value);
  Value query = packQuery();
  SmallVector<Value> state = identityState();

  SmallVector<Value> result;
  if (loop) {
    auto packedLoop = scf::ForOp::create(rewriter, loop.getLoc(), loop.getLowerBound(), loop.getUpperBound(),
                                         loop.getStep(), state);
    if (Block *body = packedLoop.getBody(); !body->empty())
      rewriter.eraseOp(body->getTerminator());
    IRMapping none;
    SmallVector<Value> arguments = {packedLoop.getInductionVar()};
    // The old body moves; its state arguments are used by the op alone, which is replaced below.
    SmallVector<Value> old(loop.getInitArgs());
    arguments.append(old.begin(), old.end());
    rewriter.mergeBlocks(loop.getBody(), packedLoop.getBody(), arguments);
    auto yield = cast<scf::YieldOp>(packedLoop.getBody()->getTerminator());
    rewriter.setInsertionPoint(op);
    OnlineAttentionOp packed = packedOp(query, packedLoop.getRegionIterArgs());
    rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(packed.getResults()); });
    result.assign(packedLoop.result_begin(), packedLoop.result_end());
    rewriter.setInsertionPointAfter(packedLoop);
  } else {
    rewriter.setInsertionPoint(op);
    result = SmallVector<Value>(packedOp(query, state).getResults());
  }

  // Readers of the state.
  bool identity = llvm::all_of(initial, [](Value v) { return v.getDefiningOp<linalg::FillOp>(); });
  SmallVector<FinalizeOp> finalizes;
  bool onlyFinalize = identity;
  for (Value value : oldState)
    for (Operation *user : value.getUsers()) {
      auto finalize = dyn_cast<FinalizeOp>(user);
      onlyFinalize &= finalize && finalize.getAcc() == oldState[0] && finalize.getMax() == oldState[1] &&
                      finalize.getSum() == oldState[2];
      if (finalize && !llvm::is_contained(finalizes, finalize))
        finalizes.push_back(finalize);
    }
  if (onlyFinalize) {
    for (FinalizeOp finalize : finalizes) {
      rewriter.setInsertionPoint(finalize);
      replaceFinalize(finalize, result);
    }
  } else {
    SmallVector<Value> unpacked = unpackState(result, initial);
    if (!identity) {
      // A state that came in takes part by associativity (S15).
      auto merged = cast<PartialReductionOpInterface>(op.getOperation());
      SmallVector<Value> leading;
      for (Value value : unpacked) {
        auto type = cast<RankedTensorType>(value.getType());
        SmallVector<ReassociationIndices> groups;
        for (int64_t i = 0; i != type.getRank(); ++i)
          groups.push_back(i == 0 ? ReassociationIndices{0, 1} : ReassociationIndices{i + 1});
        SmallVector<int64_t> shape = {1};
        llvm::append_range(shape, type.getShape());
        SmallVector<OpFoldResult> sizes = {rewriter.getIndexAttr(1)};
        llvm::append_range(sizes, tensor::getMixedSizes(rewriter, loc, value));
        leading.push_back(tensor::ExpandShapeOp::create(
            rewriter, loc, RankedTensorType::get(shape, type.getElementType()), value, groups, sizes));
      }
      SetVector<unsigned> keys;
      keys.insert(dims.key);
      rewriter.setInsertionPointAfter(leading.back().getDefiningOp());
      // mergeReductions merges into the op's outputs, which by now are the initial values.
      FailureOr<MergeResult> merge = merged.mergeReductions(rewriter, loc, leading, keys);
      if (failed(merge))
        return failure();
      unpacked = merge->replacements;
    }
    rewriter.replaceAllUsesWith(oldState, unpacked);
  }
  rewriter.eraseOp(op);
  if (loop)
    rewriter.eraseOp(loop);
  return success();
}

LogicalResult attn::packQueries(RewriterBase &rewriter, OnlineAttentionOp op, int64_t vectorBytes) {
  return QueryPacker(rewriter, op, vectorBytes).run();
}

namespace {
struct AttnPackQueriesPass final : attn::impl::AttnPackQueriesPassBase<AttnPackQueriesPass> {
  using Base::Base;
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<OnlineAttentionOp> ops;
    getOperation()->walk([&](OnlineAttentionOp op) { ops.push_back(op); });
    for (OnlineAttentionOp op : ops)
      if (failed(packQueries(rewriter, op, vectorBytes)))
        return signalPassFailure();
  }
};
} // namespace
