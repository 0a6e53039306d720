//===- AttnPackQueries.cpp - queries along the lanes ----------------------===//
//
// Brings the body of a tile into the form that the vector lowering takes: four dimensions (query, key, QK head dim, V
// head dim), the state and the query with the queries innermost and padded to whole vectors, so that maximum, sum and
// rescale are vertical and nothing is ever reduced across lanes.
//
//   %s:3 = scf.for ... iter_args(%acc, %m, %l) { attn.online_attention ins(%q[1,1,r,k], %k, %v) outs(...) }
//   %o = attn.finalize ins(%s#0, %s#1, %s#2) outs(%o0[1,1,r,d])
// becomes
//   %qt = attn.pack scale(...) ins(%q[1,1,r,k]) outs(tensor<k x M>)
//   %s:3 = scf.for ... iter_args(%acct[d x M], %m[M], %l[M]) { attn.online_attention ins(%qt, %k, %v) outs(...) }
//   %o = attn.finalize ins(slices of %s) outs(%o0[1,1,r,d])
//
// For a matrix unit that multiplies the operands' type the query stays as it is, scale and all, and only the state is
// transposed: what the unit wants of its operands is the business of attn-to-vector.
//
// Dimensions of extent 1 (batch, head, group) leave the domain: maps have 0 in their place, and their `attn.index`
// becomes a captured scalar. Captures that vary with the query are packed like the query.
//
//===----------------------------------------------------------------------===//

#include "ScheduleConfig.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/Transforms/IdentityState.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Scale.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "fovea/Dialect/Attn/Transforms/VectorOnly.h"
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

/// Queries come in panels of this many on a matrix unit.
constexpr int64_t matrixQueries = 32;

/// Dimensions of the packed op.
enum PackedDim : unsigned { M, N, K, D, NumPackedDims };

class QueryPacker {
public:
  QueryPacker(RewriterBase &rewriter, OnlineAttentionOp op, int64_t vectorBytes, MatrixTypes matrixTypes)
      : rewriter(rewriter), op(op), context(op.getContext()), loc(op.getLoc()),
        lanes(vectorBytes / (op.getComputeType().getWidth() / 8)), matrixTypes(matrixTypes) {}

  LogicalResult run();

private:
  LogicalResult analyze();
  bool fitsMatrixUnit();
  SmallVector<Value> emptyState(Value maximum);
  Value packQuery();
  OnlineAttentionOp packedOp(Value query, ValueRange state);
  Value packCapture(Value capture, AffineMap &map);
  void replaceIndices(Region &region, unsigned firstCapture, ArrayRef<AffineMap> oldMaps);
  void replaceFinalize(FinalizeOp finalize, ValueRange state);
  SmallVector<Value> unpackState(ValueRange state, ValueRange shapes);

  /// `map` over `numDims` dimensions, with its dimensions renumbered by `numbers` and 0 for those of extent 1.
  AffineMap renumbered(AffineMap map, unsigned numDims, ArrayRef<std::pair<unsigned, unsigned>> numbers);
  /// The part of a packed state (acc for 0, m, l) that holds rows of the tile.
  Value validState(ValueRange state, unsigned which);
  /// Dimensions that leave the domain, in the order in which their positions are captured.
  SmallVector<unsigned> getUnitDims() const {
    SmallVector<unsigned> unitDims(dims.batch);
    llvm::append_range(unitDims, ArrayRef(dims.rows).drop_back());
    return unitDims;
  }
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
  MatrixTypes matrixTypes;
  bool onMatrixUnit = false;

  scf::ForOp loop; ///< The KV loop around the op, or null where one block covers the keys.
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

AffineMap QueryPacker::renumbered(AffineMap map, unsigned numDims, ArrayRef<std::pair<unsigned, unsigned>> numbers) {
  SmallVector<AffineExpr> results;
  for (AffineExpr expr : map.getResults()) {
    results.push_back(getAffineConstantExpr(0, context));
    for (auto [from, to] : numbers)
      if (expr == getAffineDimExpr(from, context))
        results.back() = getAffineDimExpr(to, context);
  }
  return AffineMap::get(numDims, 0, results, context);
}

Value QueryPacker::validState(ValueRange state, unsigned which) {
  SmallVector<OpFoldResult> sizes = {rows};
  if (which == 0)
    sizes.insert(sizes.begin(), valueDim);
  // Upstream refuses a slice of static extent 0.
  if (llvm::any_of(sizes, isZeroInteger))
    return tensor::EmptyOp::create(rewriter, loc, sizes, op.getComputeType());
  SmallVector<OpFoldResult> offsets(sizes.size(), rewriter.getIndexAttr(0)),
      strides(sizes.size(), rewriter.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(rewriter, loc, state[which], offsets, sizes, strides);
}

LogicalResult QueryPacker::analyze() {
  AffineMap queryMap = mapOf(op.getQueryMutable());
  FailureOr<AttentionDims> found =
      AttentionDims::infer(queryMap, mapOf(op.getKeyMutable()), mapOf(op.getValueMutable()));
  if (failed(found))
    return failure();
  dims = *found;
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
        return op.emitOpError("has a state that its loop uses elsewhere; its queries cannot be packed");

  // The number of rows must be known from above, so that the state has a static size.
  for (auto [i, expr] : llvm::enumerate(queryMap.getResults()))
    if (expr == getAffineDimExpr(dims.query(), context)) {
      auto type = cast<RankedTensorType>(op.getQuery().getType());
      int64_t bound = type.getDimSize(i);
      if (ShapedType::isDynamic(bound)) {
        FailureOr<int64_t> computed = ValueBoundsConstraintSet::computeConstantBound(
            presburger::BoundType::UB, {op.getQuery(), int64_t(i)}, /*stopCondition=*/nullptr, /*closedUB=*/true);
        if (failed(computed))
          return op.emitOpError(
              "the number of query rows of a tile has no constant bound; run attn-tile-parallel first");
        bound = *computed;
      }
      paddedRows = llvm::alignTo(std::max<int64_t>(bound, 1), lanes);
    }
  onMatrixUnit = fitsMatrixUnit();
  if (onMatrixUnit)
    paddedRows = llvm::alignTo(paddedRows, matrixQueries);
  return success();
}

/// Whether the products can go to a matrix unit: it has the type, head dims are known, and the rows more than fill one
/// of its tiles, since fewer would leave the transposed operands half empty.
bool QueryPacker::fitsMatrixUnit() {
  if (op->hasAttr(vectorOnlyAttrName))
    return false;
  Type type = getElementTypeOrSelf(op.getQuery().getType());
  for (Value operand : {op.getKey(), op.getValue()})
    if (getElementTypeOrSelf(operand.getType()) != type)
      return false;
  if (matrixTypes.partsOf(type) == 0)
    return false;
  auto isKnown = [&](OpOperand &operand, unsigned dim) {
    for (auto [i, expr] : llvm::enumerate(mapOf(operand).getResults()))
      if (expr == getAffineDimExpr(dim, context)) {
        int64_t extent = cast<ShapedType>(operand.get().getType()).getDimSize(i);
        return !ShapedType::isDynamic(extent) && extent > 0;
      }
    return false;
  };
  return isKnown(op.getKeyMutable(), dims.qk) && isKnown(op.getValueMutable(), dims.value) && lanes == 16 &&
         paddedRows > lanes;
}

/// The state that no key has entered in the packed shapes: 0, `maximum`, 0.
SmallVector<Value> QueryPacker::emptyState(Value maximum) {
  FloatType type = op.getComputeType();
  auto fill = [&](ArrayRef<OpFoldResult> sizes, Value scalar) -> Value {
    Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, type);
    return linalg::FillOp::create(rewriter, loc, scalar, empty).getResult(0);
  };
  OpFoldResult padded = rewriter.getIndexAttr(paddedRows);
  Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
  return {fill({valueDim, padded}, zero), fill({padded}, maximum), fill({padded}, zero)};
}

Value QueryPacker::packQuery() {
  AffineMap queryMap = mapOf(op.getQueryMutable());
  OpFoldResult headDim = sizeOf(rewriter, loc, op.getQuery(), queryMap, dims.qk);
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, {headDim, rewriter.getIndexAttr(paddedRows)}, op.getComputeType());
  ArrayAttr maps = rewriter.getAffineMapArrayAttr({renumbered(queryMap, 2, {{dims.query(), 0}, {dims.qk, 1}}),
                                                   AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, context)});
  std::optional<double> scale = getStaticScale(op);
  bool exact = scale && op.getComputeType().isF32();
  Value scaleValue = exact ? Value() : materializeScale(rewriter, op);
  return PackOp::create(rewriter, loc, empty.getType(), op.getQuery(), scaleValue, empty, maps,
                        exact ? rewriter.getF32FloatAttr(float(*scale)) : FloatAttr())
      .getResult(0);
}

/// A capture that varies with the query is packed; `map` becomes its map in the packed domain.
Value QueryPacker::packCapture(Value capture, AffineMap &map) {
  bool hasKey = map.isFunctionOfDim(dims.key);
  if (!map.isFunctionOfDim(dims.query())) {
    map = renumbered(map, NumPackedDims, {{dims.key, N}});
    return capture;
  }
  Type element = getElementTypeOrSelf(capture.getType());
  if (element.isInteger(1))
    element = rewriter.getI8Type();
  SmallVector<OpFoldResult> sizes;
  if (hasKey)
    sizes.push_back(sizeOf(rewriter, loc, capture, map, dims.key));
  sizes.push_back(rewriter.getIndexAttr(paddedRows));
  Value empty = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  SmallVector<unsigned> target = hasKey ? SmallVector<unsigned>{1, 0} : SmallVector<unsigned>{0};
  ArrayAttr maps = rewriter.getAffineMapArrayAttr({renumbered(map, target.size(), {{dims.query(), 0}, {dims.key, 1}}),
                                                   AffineMap::getPermutationMap(ArrayRef<unsigned>(target), context)});
  map = packedMap(hasKey ? ArrayRef<unsigned>{N, M} : ArrayRef<unsigned>{M});
  return PackOp::create(rewriter, loc, empty.getType(), capture, Value(), empty, maps, FloatAttr()).getResult(0);
}

/// Renumbers `attn.index`: the four packed dimensions keep theirs, the others are captured scalars appended after the
/// old captures, in the order batch dims, other row dims, last row of the tile. `oldMaps` are those of the old
/// captures, which `op` cannot tell any more once its regions have moved.
void QueryPacker::replaceIndices(Region &region, unsigned firstCapture, ArrayRef<AffineMap> oldMaps) {
  if (region.empty())
    return;
  Block &block = region.front();
  DenseMap<unsigned, Value> scalarOf;
  for (unsigned d : getUnitDims())
    scalarOf[d] = block.addArgument(rewriter.getIndexType(), loc);
  Value lastRow = block.addArgument(rewriter.getIndexType(), loc);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(&block);
  for (auto [i, map] : llvm::enumerate(oldMaps)) {
    BlockArgument argument = block.getArgument(firstCapture + i);
    Type type = op.getCaptures()[i].getType();
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
  SmallVector<std::pair<unsigned, unsigned>> numbers = {
      {dims.query(), M}, {dims.key, N}, {dims.qk, K}, {dims.value, D}};
  AffineMap queryMap =
      onMatrixUnit ? renumbered(mapOf(op.getQueryMutable()), NumPackedDims, numbers) : packedMap({K, M});
  SmallVector<AffineMap> maps = {queryMap, renumbered(mapOf(op.getKeyMutable()), NumPackedDims, numbers),
                                 renumbered(mapOf(op.getValueMutable()), NumPackedDims, numbers)};
  SmallVector<Value> captures;
  SmallVector<AffineMap> oldMaps;
  for (OpOperand &operand : op.getCapturesMutable()) {
    Value capture = operand.get();
    AffineMap map = oldMaps.emplace_back(mapOf(operand));
    if (map.getNumResults() > 0)
      capture = packCapture(capture, map);
    else
      map = packedMap({});
    captures.push_back(capture);
    maps.push_back(map);
  }
  if (op.getScore().empty() && op.getMask().empty()) {
    captures.clear();
  } else {
    SmallVector<unsigned> unitDims = getUnitDims();
    for (unsigned d : unitDims)
      captures.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, positions[d]));
    AffineExpr d0 = getAffineDimExpr(0, context), d1 = getAffineDimExpr(1, context);
    OpFoldResult last = affine::makeComposedFoldedAffineApply(rewriter, loc, AffineMap::get(2, 0, d0 + d1 - 1, context),
                                                              {positions[dims.query()], rows});
    captures.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, last));
    maps.append(unitDims.size() + 1, AffineMap::get(NumPackedDims, 0, context));
  }
  maps.append({packedMap({D, M}), packedMap({M}), packedMap({M})});
  auto packed = OnlineAttentionOp::create(rewriter, loc, state.getTypes(), query, op.getKey(), op.getValue(), captures,
                                          onMatrixUnit ? op.getScaleValue() : Value(), op.getPartial(), ValueRange(),
                                          state, rewriter.getAffineMapArrayAttr(maps),
                                          onMatrixUnit ? op.getScaleAttr() : rewriter.getF32FloatAttr(1.0),
                                          op.getBaseAttr(), DenseI64ArrayAttr(), op.getFixedMaxAttr());
  if (ConfigAttr config = findConfig(op); config && onMatrixUnit)
    packed->setDiscardableAttr(AttnDialect::getConfigAttrName(), config);
  rewriter.inlineRegionBefore(op.getScore(), packed.getScore(), packed.getScore().end());
  rewriter.inlineRegionBefore(op.getMask(), packed.getMask(), packed.getMask().end());
  replaceIndices(packed.getScore(), 1, oldMaps);
  replaceIndices(packed.getMask(), 0, oldMaps);
  packed.setMixedOffsets({positions[dims.query()], positions[dims.key], positions[dims.qk], positions[dims.value]});
  return packed;
}

/// Reads the packed state where `finalize` read the old one; only the maps of its inputs change.
void QueryPacker::replaceFinalize(FinalizeOp finalize, ValueRange state) {
  auto structured = cast<StructuredOpInterface>(finalize.getOperation());
  SmallVector<AffineMap> maps = structured.getMappedOperandMaps();
  AffineExpr row, value; // in finalize's own numbering
  SmallVector<AffineExpr> unitDims;
  for (auto [mine, theirs] : llvm::zip_equal(mapOf(op.getOutputsMutable()[0]).getResults(), maps[0].getResults())) {
    if (mine == getAffineDimExpr(dims.query(), context))
      row = theirs;
    else if (mine == getAffineDimExpr(dims.value, context))
      value = theirs;
    else
      unitDims.push_back(theirs);
  }
  // Its domain keeps the dimensions of extent 1, so the state gets them back in front.
  auto withUnitDims = [&](Value part) -> Value {
    auto type = cast<RankedTensorType>(part.getType());
    SmallVector<int64_t> shape(unitDims.size(), 1);
    SmallVector<OpFoldResult> sizes(unitDims.size(), rewriter.getIndexAttr(1));
    llvm::append_range(shape, type.getShape());
    llvm::append_range(sizes, tensor::getMixedSizes(rewriter, loc, part));
    SmallVector<ReassociationIndices> groups(type.getRank());
    for (int64_t i = 0, e = shape.size(); i != e; ++i)
      groups[std::max<int64_t>(i - int64_t(unitDims.size()), 0)].push_back(i);
    return tensor::ExpandShapeOp::create(rewriter, loc, RankedTensorType::get(shape, type.getElementType()), part,
                                         groups, sizes);
  };
  auto mapWith = [&](ArrayRef<AffineExpr> last) {
    SmallVector<AffineExpr> results(unitDims);
    llvm::append_range(results, last);
    return AffineMap::get(maps[0].getNumDims(), 0, results, context);
  };
  maps[1] = maps[2] = mapWith({row});
  maps[0] = mapWith({value, row});
  SmallVector<Value> parts;
  for (unsigned i = 0; i != 3; ++i)
    parts.push_back(withUnitDims(validState(state, i)));
  rewriter.modifyOpInPlace(finalize, [&] {
    finalize.getAccMutable().assign(parts[0]);
    finalize.getMaxMutable().assign(parts[1]);
    finalize.getSumMutable().assign(parts[2]);
    finalize.setMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  });
}

/// The packed state in the shapes and maps of the old one, whose initial values are `shapes`.
SmallVector<Value> QueryPacker::unpackState(ValueRange state, ValueRange shapes) {
  SmallVector<Value> results;
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    // One copy per element of the old state: its dimensions in order, the packed ones picked from them.
    AffineMap map = mapOf(op.getOutputsMutable()[i]);
    unsigned rank = map.getNumResults();
    AffineExpr row, value;
    for (auto [position, expr] : llvm::enumerate(map.getResults())) {
      if (expr == getAffineDimExpr(dims.query(), context))
        row = getAffineDimExpr(position, context);
      else if (expr == getAffineDimExpr(dims.value, context))
        value = getAffineDimExpr(position, context);
    }
    SmallVector<AffineExpr> from = {row};
    if (i == 0)
      from.insert(from.begin(), value);
    AffineMap maps[] = {AffineMap::get(rank, 0, from, context), AffineMap::getMultiDimIdentityMap(rank, context)};
    SmallVector<utils::IteratorType> parallel(rank, utils::IteratorType::parallel);
    Value target =
        tensor::EmptyOp::create(rewriter, loc, tensor::getMixedSizes(rewriter, loc, shape), op.getComputeType());
    auto copy = linalg::GenericOp::create(rewriter, loc, target.getType(), validState(state, i), target, maps, parallel,
                                          [](OpBuilder &builder, Location loc, ValueRange elements) {
                                            linalg::YieldOp::create(builder, loc, elements[0]);
                                          });
    results.push_back(copy.getResult(0));
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
      return op.emitOpError("has a query that changes with the keys; it cannot be packed once for all of them");
    slice->moveBefore(loop);
  }
  rewriter.setInsertionPoint(anchor);
  rows = sizeOf(rewriter, loc, op.getQuery(), mapOf(op.getQueryMutable()), dims.query());
  AffineMap accMap = mapOf(op.getOutputsMutable()[0]);
  valueDim = sizeOf(rewriter, loc, initial[0], accMap, dims.value);
  Value query = onMatrixUnit ? op.getQuery() : packQuery();
  FloatType type = op.getComputeType();
  Value maximum = op.getFixedMax()
                      ? getFixedMaximum(initial)
                      : arith::ConstantOp::create(rewriter, loc,
                                                  rewriter.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics(),
                                                                                              /*Negative=*/true)));
  if (!maximum)
    return op.emitOpError("has a fixed maximum, but its state does not start as a fill with 0, the maximum and 0");
  SmallVector<Value> state = emptyState(maximum);

  SmallVector<Value> result;
  if (loop) {
    auto packedLoop =
        scf::ForOp::create(rewriter, loop.getLoc(), loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), state);
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
  bool identity = op.getFixedMax() || isIdentityState(initial);
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

/// Whether the state already has the queries innermost: that of a user's own packed op, or of a second run.
static bool isPacked(OnlineAttentionOp op) {
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  AffineMap acc = structured.getMapOf(op.getOutputsMutable()[0]), row = structured.getMapOf(op.getOutputsMutable()[1]);
  return acc.getNumResults() == 2 && row.getNumResults() == 1 && acc.getResult(1) == row.getResult(0);
}

LogicalResult attn::packQueries(RewriterBase &rewriter, OnlineAttentionOp op, int64_t vectorBytes,
                                MatrixTypes matrixTypes) {
  if (isPacked(op))
    return success();
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("can be packed on tensors only");
  return QueryPacker(rewriter, op, vectorBytes, matrixTypes).run();
}

namespace {
struct AttnPackQueriesPass final : attn::impl::AttnPackQueriesPassBase<AttnPackQueriesPass> {
  using Base::Base;
  void runOnOperation() override {
    if (vectorBytes < 16 || !llvm::isPowerOf2_64(vectorBytes)) {
      getOperation()->emitError() << "attn-pack-queries: vector-bytes must be a power of two of at least 16, got "
                                  << vectorBytes.getValue();
      return signalPassFailure();
    }
    IRRewriter rewriter(&getContext());
    SmallVector<OnlineAttentionOp> ops;
    getOperation()->walk([&](OnlineAttentionOp op) { ops.push_back(op); });
    for (OnlineAttentionOp op : ops) {
      ConfigAttr config = findConfig(op);
      if (config && config.getLanes() == LaneAxis::Keys)
        continue; // too few queries for the lanes; the vector lowering takes the tile as it is
      if (failed(packQueries(rewriter, op, vectorBytes, {amxBf16, amxFp16, bf16Pairs})))
        return signalPassFailure();
    }
  }
};
} // namespace
