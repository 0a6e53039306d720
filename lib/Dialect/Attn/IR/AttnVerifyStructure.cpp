//===- AttnVerifyStructure.cpp - what every structured op refuses ---------===//

#include "AttnVerifyStructure.h"

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn::detail;

ShapedType attn::detail::shaped(Value value) { return cast<ShapedType>(value.getType()); }
bool attn::detail::differ(int64_t a, int64_t b) {
  return !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b) && a != b;
}

//===----------------------------------------------------------------------===//
// Maps and shapes, for every structured op
//===----------------------------------------------------------------------===//

/// Whether a map result has one of the three legal forms.
static bool isLegalResult(AffineExpr expr) {
  if (isa<AffineDimExpr>(expr))
    return true;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() == 0;
  auto division = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!division || division.getKind() != AffineExprKind::FloorDiv || !isa<AffineDimExpr>(division.getLHS()))
    return false;
  auto divisor = dyn_cast<AffineConstantExpr>(division.getRHS());
  return divisor && divisor.getValue() > 1;
}

SmallVector<unsigned> attn::detail::dimsOf(AffineMap map) {
  SmallVector<unsigned> dims;
  for (unsigned d = 0, e = map.getNumDims(); d != e; ++d)
    if (map.isFunctionOfDim(d))
      dims.push_back(d);
  return dims;
}

LogicalResult attn::detail::verifyVariesAlong(StructuredOpInterface op, StringRef name, OpOperand &operand,
                                              ArrayRef<unsigned> expected, const Twine &which) {
  AffineMap map = op.getMapOf(operand);
  if (llvm::equal(dimsOf(map), expected))
    return success();
  return op.emitOpError() << name << " must vary along " << which << " and no other, got the map "
                          << AffineMapAttr::get(map) << " (maps)";
}

LogicalResult attn::detail::verifyMapForms(StructuredOpInterface op) {
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  if (size_t operands = op.getMappedOperands().size(); operands != maps.size())
    return op.emitOpError() << "needs one map per mapped operand: got " << maps.size() << " maps for " << operands
                            << " operands (maps)";
  unsigned numDims = maps.front().getNumDims();
  for (auto [i, map] : llvm::enumerate(maps)) {
    if (map.getNumDims() != numDims || map.getNumSymbols() != 0)
      return op.emitOpError() << "map " << i << " must have " << numDims << " dimensions and no symbols, got "
                              << map.getNumDims() << " and " << map.getNumSymbols() << " (maps)";
    for (AffineExpr expr : map.getResults())
      if (!isLegalResult(expr))
        return op.emitOpError() << "map " << i << " = " << AffineMapAttr::get(map)
                                << " has an illegal result; legal are a dimension, a dimension floordiv a group size "
                                   "above 1, and 0 (maps)";
    SmallVector<unsigned> used;
    for (AffineExpr expr : map.getResults())
      for (unsigned d = 0; d != numDims; ++d)
        if (expr.isFunctionOfDim(d))
          used.push_back(d);
    llvm::sort(used);
    if (std::adjacent_find(used.begin(), used.end()) != used.end())
      return op.emitOpError() << "map " << i << " uses a dimension twice (maps)";
  }
  return success();
}

/// A region may take a capture whole; every other operand is read by element.
static bool isCapture(Operation *op, OpOperand &operand) {
  auto scoreOp = dyn_cast<ScoreOpInterface>(op);
  if (!scoreOp)
    return false;
  OperandRange captures = scoreOp.getCaptures();
  unsigned begin = captures.getBeginOperandIndex(), number = operand.getOperandNumber();
  return number >= begin && number < begin + captures.size();
}

/// Whether `dim` is that of the queries in the form of attn-pack-queries, where they are innermost in the state: what
/// has them there is padded to whole vectors, while the query itself may be as long as it is.
static bool isPaddedQuery(StructuredOpInterface op, unsigned dim) {
  auto online = dyn_cast<OnlineAttentionOp>(op.getOperation());
  if (!online || online.getOutputs().empty())
    return false;
  AffineMap accumulator = op.getMapOf(online.getOutputsMutable()[0]);
  return accumulator.getNumResults() == 2 && accumulator.getResult(1) == getAffineDimExpr(dim, op->getContext());
}

LogicalResult attn::detail::verifyMaps(StructuredOpInterface op) {
  SmallVector<OpOperand *> operands = op.getMappedOperands();
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  if (failed(verifyMapForms(op)))
    return failure();

  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  SmallVector<int64_t> extents(maps.front().getNumDims(), ShapedType::kDynamic);
  for (auto [operand, map] : llvm::zip_equal(operands, maps)) {
    auto type = dyn_cast<ShapedType>(operand->get().getType());
    unsigned number = operand->getOperandNumber();
    if (!type || (map.getNumResults() == 0 && isCapture(op, *operand))) {
      if (map.getNumResults() > 0)
        return op.emitOpError() << "operand " << number << " is a scalar and its map must have no results, got "
                                << map.getNumResults() << " (maps)";
      continue;
    }
    if (int64_t(map.getNumResults()) != type.getRank())
      return op.emitOpError() << "operand " << number << " has rank " << type.getRank() << " but a map of "
                              << map.getNumResults() << " results (S10)";
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      int64_t extent = type.getDimSize(i);
      if (isa<AffineConstantExpr>(expr)) {
        if (differ(extent, 1))
          return op.emitOpError() << "operand " << number << " is broadcast along dimension " << i
                                  << ", so its extent must be 1, got " << extent << " (S10)";
        if (destination.isDpsInit(operand))
          return op.emitOpError() << "output " << number << " cannot be broadcast (S10)";
      } else if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        int64_t &known = extents[dim.getPosition()];
        if (differ(known, extent) && !(extent > known && isPaddedQuery(op, dim.getPosition())))
          return op.emitOpError() << "operand " << number << " has extent " << extent << " along dimension " << i
                                  << ", expected " << known << " (S14)";
        if (ShapedType::isDynamic(known))
          known = extent;
      } else if (destination.isDpsInit(operand)) {
        return op.emitOpError() << "output " << number << " cannot have a grouped dimension (S6)";
      }
    }
  }
  for (auto [operand, map] : llvm::zip_equal(operands, maps))
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      auto division = dyn_cast<AffineBinaryOpExpr>(expr);
      if (!division)
        continue;
      int64_t extent = shaped(operand->get()).getDimSize(i);
      int64_t total = extents[cast<AffineDimExpr>(division.getLHS()).getPosition()];
      int64_t group = cast<AffineConstantExpr>(division.getRHS()).getValue();
      // A tile of fewer heads than a group still touches one KV head.
      if (!ShapedType::isDynamic(total) && differ(llvm::divideCeil(total, group), extent))
        return op.emitOpError() << "operand " << operand->getOperandNumber() << " has " << extent
                                << " heads along dimension " << i << ", expected " << llvm::divideCeil(total, group)
                                << " for " << total << " query heads in groups of " << group << " (S6)";
    }
  for (unsigned d = 0, e = extents.size(); d != e; ++d)
    if (llvm::none_of(maps, [&](AffineMap map) {
          return llvm::is_contained(map.getResults(), getAffineDimExpr(d, op->getContext()));
        }))
      return op.emitOpError() << "no operand gives the extent of dimension " << d << " (maps)";
  return success();
}

/// Results are the types of the outputs; all tensors or all memrefs.
LogicalResult attn::detail::verifyDestination(DestinationStyleOpInterface op) {
  bool tensors = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<RankedTensorType>);
  bool memrefs = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>);
  if (tensors && memrefs)
    return op.emitOpError("mixes tensor and memref operands (destination)");
  if (unsigned expected = tensors ? op.getNumDpsInits() : 0; op->getNumResults() != expected)
    return op.emitOpError() << "has " << op->getNumResults() << " results, expected " << expected << " (destination)";
  return success();
}

LogicalResult attn::detail::verifyNumOutputs(Operation *op, OperandRange outputs, size_t expected) {
  if (outputs.size() == expected)
    return success();
  return op->emitOpError() << "needs " << expected << (expected == 1 ? " output" : " outputs") << ", got "
                           << outputs.size() << " (destination)";
}

LogicalResult attn::detail::verifyElementType(Operation *op, StringRef name, Value value, ArrayRef<Type> allowed,
                                              StringRef rule) {
  Type got = getElementTypeOrSelf(value.getType());
  if (llvm::is_contained(allowed, got))
    return success();
  InFlightDiagnostic diagnostic = op->emitOpError() << name << " must have element type ";
  llvm::interleave(allowed, [&](Type type) { diagnostic << type; }, [&] { diagnostic << " or "; });
  return diagnostic << ", got " << got << " (" << rule << ")";
}

static bool isSupportedFloat(Type type) { return type.isF16() || type.isBF16() || type.isF32() || type.isF64(); }

LogicalResult attn::detail::verifyFloat(Operation *op, StringRef name, Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  if (isSupportedFloat(type))
    return success();
  return op->emitOpError() << name << " must have element type f16, bf16, f32 or f64, got " << type << " (S12)";
}

FloatType attn::detail::computeTypeOf(Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  return type.isF64() ? cast<FloatType>(type) : Float32Type::get(value.getContext());
}

LogicalResult attn::detail::verifyScale(Operation *op, std::optional<APFloat> scale, Value scaleValue) {
  if (scale && scaleValue)
    return op->emitOpError("has a scale attribute and a scale operand (S4)");
  if (scale && !scale->isFinite())
    return op->emitOpError() << "scale must be finite, got " << scale->convertToDouble() << " (S4)";
  return success();
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

/// The dimensions that a score is summed over or does not know yet.
static SmallVector<unsigned> headDims(ScoreOpInterface op) {
  if (!isa<AttentionOp, OnlineAttentionOp>(op.getOperation()))
    return {};
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (failed(dims))
    return {};
  return {dims->qk, dims->value};
}

/// The map of a capture must say what its block argument says: taken whole, or read by element.
static LogicalResult verifyCaptureMap(ScoreOpInterface op, unsigned index, bool whole) {
  auto type = dyn_cast<ShapedType>(op.getCaptures()[index].getType());
  if (!type)
    return success();
  AffineMap map = op.getMapOf(op->getOpOperand(op.getCaptures().getBeginOperandIndex() + index));
  if (whole && map.getNumResults() != 0)
    return op.emitOpError() << "capture " << index << " is taken whole, so its map must have no results, got "
                            << map.getNumResults() << " (maps)";
  if (!whole && int64_t(map.getNumResults()) != type.getRank())
    return op.emitOpError() << "capture " << index << " is read by element, so its map must have " << type.getRank()
                            << " results, got " << map.getNumResults() << " (maps)";
  for (unsigned d : headDims(op))
    if (map.isFunctionOfDim(d))
      return op.emitOpError() << "capture " << index << " cannot vary along a head dimension, got the map "
                              << AffineMapAttr::get(map) << " (maps)";
  return success();
}

static LogicalResult verifyRegion(ScoreOpInterface op, Region &region, StringRef name, bool isScore) {
  if (region.empty())
    return success();
  if (!region.hasOneBlock())
    return op.emitOpError() << "the " << name << " region must have one block (regions)";
  Block &block = region.front();
  unsigned first = isScore ? 1 : 0;
  if (block.getNumArguments() != first + op.getCaptures().size())
    return op.emitOpError() << "the " << name << " region must have " << first + op.getCaptures().size()
                            << " arguments, got " << block.getNumArguments() << " (regions)";
  FloatType compute = op.getComputeType();
  if (isScore && block.getArgument(0).getType() != compute)
    return op.emitOpError() << "the score argument must have the compute type " << compute << ", got "
                            << block.getArgument(0).getType() << " (S12)";
  for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
    Type argument = block.getArgument(first + i).getType(), type = capture.getType();
    if (argument == type)
      continue;
    auto shapedCapture = dyn_cast<ShapedType>(type);
    if (!shapedCapture || shapedCapture.getElementType() != argument)
      return op.emitOpError() << "capture " << i << " of type " << type << " cannot be the argument of type "
                              << argument << " in the " << name << " region (regions)";
  }
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return op.emitOpError() << "the " << name << " region must end in attn.yield (regions)";
  for (Operation &nested : block.without_terminator())
    if (!isMemoryEffectFree(&nested) && cast<DestinationStyleOpInterface>(op.getOperation()).hasPureTensorSemantics())
      return nested.emitError() << "'" << nested.getName() << "' has side effects and cannot be part of the " << name
                                << " region (regions)";
  Type expected = isScore ? Type(compute) : Type(IntegerType::get(op->getContext(), 1));
  if (yield.getValue().getType() != expected)
    return yield.emitOpError() << "yields " << yield.getValue().getType() << ", expected " << expected << " in the "
                               << name << " region (" << (isScore ? "S12" : "S9") << ")";
  return success();
}

LogicalResult attn::detail::verifyScoreRegions(ScoreOpInterface op) {
  if (failed(verifyRegion(op, op.getScore(), "score", true)) || failed(verifyRegion(op, op.getMask(), "mask", false)))
    return failure();
  for (auto [i, capture] : llvm::enumerate(op.getCaptures())) {
    BlockArgument argument = op.hasScore() ? op.getScore().getArgument(i + 1) : op.getMask().getArgument(i);
    if (op.hasMask() && op.getMask().getArgument(i).getType() != argument.getType())
      return op.emitOpError() << "capture " << i
                              << " is taken whole by one region and by element by the other (regions)";
    if (failed(verifyCaptureMap(op, i, /*whole=*/argument.getType() == capture.getType())))
      return failure();
  }
  return success();
}

LogicalResult attn::detail::verifyScoreOp(ScoreOpInterface op, std::optional<ArrayRef<int64_t>> statics,
                                          size_t numDynamic) {
  size_t given = statics ? statics->size() : 0;
  if (given != 0 && given != op.getNumLoops())
    return op.emitOpError() << "'at' must have one index per dimension of the domain: got " << given << ", expected "
                            << op.getNumLoops() << " (at)";
  size_t dynamic = statics ? llvm::count_if(*statics, ShapedType::isDynamic) : 0;
  if (dynamic != numDynamic)
    return op.emitOpError() << "'at' has " << dynamic << " dynamic entries but " << numDynamic << " operands (at)";
  if (!op.hasScore() && !op.hasMask() && !op.getCaptures().empty())
    return op.emitOpError() << "has " << op.getCaptures().size() << " captures but no region to read them (regions)";
  return success();
}

LogicalResult IndexOp::verify() {
  Operation *parent = (*this)->getParentOp();
  while (parent && !isa<ScoreOpInterface>(parent))
    parent = parent->getParentOp();
  auto scoreOp = dyn_cast_or_null<ScoreOpInterface>(parent);
  if (!scoreOp)
    return emitOpError("is legal inside a score or mask region only (regions)");
  if (getDim() >= scoreOp.getNumLoops())
    return emitOpError() << "dimension " << getDim() << " does not exist in a domain of " << scoreOp.getNumLoops()
                         << " dimensions (regions)";
  if (llvm::is_contained(headDims(scoreOp), getDim()))
    return emitOpError() << "a score has no position along dimension " << getDim() << ", a head dimension (regions)";
  return success();
}
