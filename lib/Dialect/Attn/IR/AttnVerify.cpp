//===- AttnVerify.cpp - what the ops refuse -------------------------------===//
//
// Each message ends with the label of the rule it enforces (see docs/Rationale.md and the op descriptions), so that a
// reader of the message can look it up and the negative test can name it.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::attn;

static ShapedType shaped(Value value) { return cast<ShapedType>(value.getType()); }
static bool differ(int64_t a, int64_t b) {
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

static LogicalResult verifyMapForms(StructuredOpInterface op, ArrayRef<AffineMap> maps) {
  unsigned numDims = maps.front().getNumDims();
  for (auto [i, map] : llvm::enumerate(maps)) {
    if (map.getNumDims() != numDims || map.getNumSymbols() != 0)
      return op.emitOpError() << "map " << i << " must have " << numDims << " dimensions and no symbols, got "
                              << map.getNumDims() << " and " << map.getNumSymbols() << " (maps)";
    for (AffineExpr expr : map.getResults())
      if (!isLegalResult(expr))
        return op.emitOpError() << "map " << i << " = " << AffineMapAttr::get(map)
                                << " has an illegal result; legal are a dimension, a dimension floordiv a group size above 1, and 0 (maps)";
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

/// Checks forms, ranks and extents; the extent of each domain dimension must be one.
static LogicalResult verifyMaps(StructuredOpInterface op) {
  SmallVector<OpOperand *> operands = op.getMappedOperands();
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  if (operands.size() != maps.size())
    return op.emitOpError() << "needs one map per mapped operand: got " << maps.size() << " maps for "
                            << operands.size() << " operands (maps)";
  if (failed(verifyMapForms(op, maps)))
    return failure();

  auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
  SmallVector<int64_t> extents(maps.front().getNumDims(), ShapedType::kDynamic);
  SmallVector<std::pair<unsigned, int64_t>> groupedExtents;
  for (auto [operand, map] : llvm::zip_equal(operands, maps)) {
    auto type = dyn_cast<ShapedType>(operand->get().getType());
    unsigned number = operand->getOperandNumber();
    if (!type || (map.getNumResults() == 0 && !destination.isDpsInit(operand))) {
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
        if (differ(known, extent))
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
        return op.emitOpError() << "operand " << operand->getOperandNumber() << " has " << extent << " heads along dimension "
                                << i << ", expected " << llvm::divideCeil(total, group) << " for " << total
                                << " query heads in groups of " << group << " (S6)";
    }
  for (unsigned d = 0, e = extents.size(); d != e; ++d)
    if (llvm::none_of(maps, [&](AffineMap map) { return llvm::is_contained(map.getResults(), getAffineDimExpr(d, op->getContext())); }))
      return op.emitOpError() << "no operand gives the extent of dimension " << d << " (maps)";
  return success();
}

/// Results are the types of the outputs; all tensors or all memrefs.
static LogicalResult verifyDestination(DestinationStyleOpInterface op) {
  bool tensors = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<RankedTensorType>);
  bool memrefs = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>);
  if (tensors && memrefs)
    return op.emitOpError("mixes tensor and memref operands (destination)");
  if (op->getNumResults() != (tensors ? op.getNumDpsInits() : 0))
    return op.emitOpError() << "has " << op->getNumResults() << " results for " << op.getNumDpsInits()
                            << " outputs (destination)";
  return success();
}

/// `names[i]` is what output i is called; their number must be right.
static LogicalResult verifyNumOutputs(Operation *op, OperandRange outputs, size_t expected) {
  if (outputs.size() == expected)
    return success();
  return op->emitOpError() << "needs " << expected << (expected == 1 ? " output" : " outputs") << ", got "
                           << outputs.size() << " (destination)";
}

static LogicalResult verifyElementType(Operation *op, StringRef name, Value value, ArrayRef<Type> allowed,
                                       StringRef rule) {
  Type got = getElementTypeOrSelf(value.getType());
  if (llvm::is_contained(allowed, got))
    return success();
  InFlightDiagnostic diagnostic = op->emitOpError() << name << " must have element type ";
  llvm::interleave(
      allowed, [&](Type type) { diagnostic << type; }, [&] { diagnostic << " or "; });
  return diagnostic << ", got " << got << " (" << rule << ")";
}

static bool isSupportedFloat(Type type) { return type.isF16() || type.isBF16() || type.isF32() || type.isF64(); }

static LogicalResult verifyFloat(Operation *op, StringRef name, Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  if (isSupportedFloat(type))
    return success();
  return op->emitOpError() << name << " must have element type f16, bf16, f32 or f64, got " << type << " (S12)";
}

static FloatType computeTypeOf(Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  return type.isF64() ? cast<FloatType>(type) : Float32Type::get(value.getContext());
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

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
  for (Operation &nested : block.without_terminator())
    if (!isMemoryEffectFree(&nested) && !op->hasTrait<OpTrait::IsTerminator>() &&
        cast<DestinationStyleOpInterface>(op.getOperation()).hasPureTensorSemantics())
      return nested.emitError() << "'" << nested.getName() << "' has side effects and cannot be part of the " << name
                                << " region (regions)";
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return op.emitOpError() << "the " << name << " region must end in attn.yield (regions)";
  Type expected = isScore ? Type(compute) : Type(IntegerType::get(op->getContext(), 1));
  if (yield.getValue().getType() != expected)
    return yield.emitOpError() << "yields " << yield.getValue().getType() << ", expected " << expected << " in the "
                               << name << " region (" << (isScore ? "S12" : "S9") << ")";
  return success();
}

static LogicalResult verifyScoreRegions(ScoreOpInterface op) {
  if (failed(verifyRegion(op, op.getScore(), "score", true)) || failed(verifyRegion(op, op.getMask(), "mask", false)))
    return failure();
  if (op.hasScore() && op.hasMask())
    for (unsigned i = 0, e = op.getCaptures().size(); i != e; ++i)
      if (op.getScore().getArgument(i + 1).getType() != op.getMask().getArgument(i).getType())
        return op.emitOpError() << "capture " << i << " is taken whole by one region and by element by the other (regions)";
  return success();
}

static LogicalResult verifyScoreOp(ScoreOpInterface op, std::optional<ArrayRef<int64_t>> statics, size_t numDynamic) {
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

#define FOVEA_REGION_VERIFIER(OP)                                                                                      \
  LogicalResult OP::verifyRegions() { return verifyScoreRegions(*this); }
FOVEA_REGION_VERIFIER(AttentionOp)
FOVEA_REGION_VERIFIER(OnlineAttentionOp)
FOVEA_REGION_VERIFIER(SoftmaxOp)
FOVEA_REGION_VERIFIER(OnlineSoftmaxOp)
FOVEA_REGION_VERIFIER(NormalizeOp)

LogicalResult IndexOp::verify() {
  Operation *parent = (*this)->getParentOp();
  while (parent && !isa<ScoreOpInterface>(parent))
    parent = parent->getParentOp();
  auto scoreOp = dyn_cast_or_null<ScoreOpInterface>(parent);
  if (!scoreOp)
    return emitOpError("is legal inside a score or mask region only (regions)");
  if (auto maps = parent->getAttrOfType<ArrayAttr>("maps"); maps && maps.empty())
    return success(); // the parent's verifier reports it
  if (getDim() >= scoreOp.getNumLoops())
    return emitOpError() << "dimension " << getDim() << " does not exist in a domain of " << scoreOp.getNumLoops()
                         << " dimensions (regions)";
  return success();
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

/// Ranks and types that the default maps rely on; comes before anything that looks at maps.
template <typename OpTy> static LogicalResult verifyAttentionInputs(OpTy op) {
  ShapedType query = shaped(op.getQuery()), key = shaped(op.getKey()), value = shaped(op.getValue());
  if (failed(verifyFloat(op, "query", op.getQuery())))
    return failure();
  if (key.getElementType() != query.getElementType() || value.getElementType() != query.getElementType())
    return op.emitOpError() << "query, key and value must have one element type, got " << query.getElementType()
                            << ", " << key.getElementType() << " and " << value.getElementType() << " (S12)";
  if (!op.getMaps()) {
    if (query.getRank() < 2 || key.getRank() != query.getRank() || value.getRank() != query.getRank())
      return op.emitOpError() << "query, key and value must have one rank of at least 2, got " << query.getRank()
                              << ", " << key.getRank() << " and " << value.getRank()
                              << "; other layouts are written with maps (S14)";
    if (query.getRank() > 2) {
      unsigned head = query.getRank() - 3;
      int64_t heads = query.getDimSize(head);
      for (auto [name, type] : {std::pair("key", key), std::pair("value", value)}) {
        int64_t kvHeads = type.getDimSize(head);
        if (differ(heads, kvHeads) && (kvHeads == 0 || heads % kvHeads != 0))
          return op.emitOpError() << "the " << heads << " query heads are no multiple of the " << kvHeads << " " << name
                                  << " heads (S6)";
      }
    }
  }
  if (op.getScale() && op.getScaleValue())
    return op.emitOpError("has a scale attribute and a scale operand (S4)");
  return success();
}

template <typename OpTy> static FailureOr<AttentionDims> verifyAttentionDims(OpTy op) {
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  if (maps.size() < 3)
    return op.emitOpError() << "needs one map per mapped operand: got " << maps.size() << " maps (maps)";
  for (AffineMap map : maps)
    if (map.getNumDims() != maps.front().getNumDims())
      return op.emitOpError() << "maps differ in their number of dimensions (maps)";
  FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (failed(dims))
    return op.emitOpError() << "the maps of query, key and value must have at least one row dimension (query only) and "
                               "exactly one key, one QK head and one V head dimension (maps)";
  return dims;
}

static LogicalResult verifyRowOutputs(Operation *op, OperandRange outputs, unsigned first, FloatType compute,
                                      ArrayRef<StringRef> names) {
  for (auto [i, output] : llvm::enumerate(outputs.drop_front(first)))
    if (failed(verifyElementType(op, names[i], output, {compute}, "S12")))
      return failure();
  return success();
}

static LogicalResult verifyBroadcast(AttentionOp op, StringRef name, Value operand, ArrayRef<int64_t> target,
                                     StringRef rule) {
  ShapedType type = shaped(operand);
  if (type.getRank() > int64_t(target.size()))
    return op.emitOpError() << name << " has rank " << type.getRank() << ", at most " << target.size()
                            << " align with (batch..., query, key) (" << rule << ")";
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    int64_t expected = target[target.size() - type.getRank() + i];
    if (extent != 1 && differ(extent, expected))
      return op.emitOpError() << name << " has extent " << extent << " along dimension " << i << ", expected "
                              << expected << " or 1 (" << rule << ")";
  }
  return success();
}

/// The clauses that speak of the common layout.
static LogicalResult verifySugar(AttentionOp op) {
  if (!op.hasSugar())
    return success();
  if (op.getMaps())
    return op.emitOpError("clauses are defined for the layout without maps; write regions instead (maps)");
  if (op.getStaticOffsets() && !op.getStaticOffsets()->empty())
    return op.emitOpError("clauses speak of the whole op and cannot be combined with 'at' (at)");
  ShapedType query = shaped(op.getQuery()), key = shaped(op.getKey());
  int64_t rank = query.getRank(), rows = query.getDimSize(rank - 2), keys = key.getDimSize(rank - 2);
  bool positioned = op.getCausal() || op.getWindowLeft() || op.getWindowRight() || op.getAlibi();
  std::optional<Alignment> alignment = op.getAlignment();
  if (positioned && !alignment && (ShapedType::isDynamic(rows) || ShapedType::isDynamic(keys) || rows != keys)) {
    auto text = [](int64_t extent) { return ShapedType::isDynamic(extent) ? std::string("?") : std::to_string(extent); };
    return op.emitOpError() << "query length " << text(rows) << " and key length " << text(keys)
                            << " may differ, so the alignment must be given: top_left, bottom_right or an offset (S1)";
  }
  if (alignment && !positioned)
    return op.emitOpError("has an alignment but no causal mask, window or ALiBi that it would place (S1)");
  if ((alignment == Alignment::Offset) != bool(op.getAlignmentOffset()))
    return op.emitOpError("alignment 'offset' and an offset value go together (S1)");
  for (auto [name, bound] : {std::pair("left", op.getWindowLeft()), std::pair("right", op.getWindowRight())})
    if (bound && int64_t(*bound) < 0)
      return op.emitOpError() << "the window's " << name << " bound must not be negative, got " << int64_t(*bound)
                              << " (S11)";
  if (op.getSoftcap() && !(op.getSoftcap()->isFiniteNonZero() && !op.getSoftcap()->isNegative()))
    return op.emitOpError() << "softcap must be positive and finite, got " << op.getSoftcap()->convertToDouble()
                            << " (S2)";
  if (!op.getScore().empty() && (op.getSoftcap() || op.getBias() || op.getAlibi()))
    return op.emitOpError("has a score region and softcap, alibi or bias: their order is not defined (S2)");
  SmallVector<int64_t> target(query.getShape().drop_back());
  target.push_back(keys);
  if (op.getBias() && (failed(verifyFloat(op, "bias", op.getBias())) ||
                       failed(verifyBroadcast(op, "bias", op.getBias(), target, "S10"))))
    return failure();
  if (op.getKeep()) {
    if (failed(verifyElementType(op, "keep", op.getKeep(), {IntegerType::get(op.getContext(), 1)}, "S9")) ||
        failed(verifyBroadcast(op, "keep", op.getKeep(), target, "S10")))
      return failure();
  }
  if (op.getAlibi()) {
    if (failed(verifyFloat(op, "alibi", op.getAlibi())))
      return failure();
    if (shaped(op.getAlibi()).getRank() > rank - 2 ||
        failed(verifyBroadcast(op, "alibi", op.getAlibi(), query.getShape().drop_back(2), "S10")))
      return failure();
  }
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1 + getReturnLse() + getReturnMax())) ||
      failed(verifyAttentionInputs(*this)))
    return failure();
  if (getSink() && (failed(verifyFloat(*this, "sink", getSink()))))
    return failure();
  auto structured = cast<StructuredOpInterface>(getOperation());
  if (failed(verifyAttentionDims(*this)) || failed(verifyMaps(structured)) ||
      failed(verifyScoreOp(cast<ScoreOpInterface>(getOperation()), getStaticOffsets(), getOffsets().size())) ||
      failed(verifySugar(*this)))
    return failure();
  FloatType compute = computeTypeOf(getQuery());
  Type operandType = shaped(getQuery()).getElementType();
  SmallVector<Type> allowed = {operandType};
  if (operandType != compute)
    allowed.push_back(compute);
  if (failed(verifyElementType(*this, "the result", getOutputs().front(), allowed, "S12")))
    return failure();
  FailureOr<AttentionDims> dims = verifyAttentionDims(*this);
  if (getSink()) {
    AffineMap sinkMap = structured.getMapOf(*getSinkMutable().begin());
    for (unsigned d : {dims->key, dims->qk, dims->value, dims->query()})
      if (sinkMap.isFunctionOfDim(d))
        return emitOpError("a sink is one logit per head and cannot vary along query, key or head dim (S5)");
  }
  return verifyRowOutputs(*this, getOutputs(), 1, compute,
                          getReturnLse() ? ArrayRef<StringRef>{"lse", "max"} : ArrayRef<StringRef>{"max"});
}

LogicalResult OnlineAttentionOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 3)) || failed(verifyAttentionInputs(*this)) ||
      failed(verifyAttentionDims(*this)) || failed(verifyMaps(cast<StructuredOpInterface>(getOperation()))) ||
      failed(verifyScoreOp(cast<ScoreOpInterface>(getOperation()), getStaticOffsets(), getOffsets().size())))
    return failure();
  if (getPartial() && getMask().empty())
    return emitOpError("has 'partial' but no mask region that it would switch (regions)");
  FloatType compute = computeTypeOf(getQuery());
  static constexpr StringRef names[] = {"acc", "max", "sum"};
  return verifyRowOutputs(*this, getOutputs(), 0, compute, names);
}

//===----------------------------------------------------------------------===//
// finalize, merge, pack
//===----------------------------------------------------------------------===//

static LogicalResult verifyState(Operation *op, ArrayRef<Value> state) {
  FloatType compute = computeTypeOf(state.front());
  for (Value value : state)
    if (failed(verifyElementType(op, "the softmax state", value, {compute}, "S12")))
      return failure();
  return success();
}

LogicalResult FinalizeOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1 + getReturnLse() + getReturnMax())) ||
      failed(verifyState(*this, {getAcc(), getMax(), getSum()})))
    return failure();
  if (!getMaps() && shaped(getAcc()).getRank() < 2)
    return emitOpError() << "acc must have a rank of at least 2, got " << shaped(getAcc()).getRank() << " (S14)";
  if ((getSink() && failed(verifyFloat(*this, "sink", getSink()))) ||
      failed(verifyMaps(cast<StructuredOpInterface>(getOperation()))) ||
      failed(verifyFloat(*this, "the result", getOutputs().front())))
    return failure();
  return verifyRowOutputs(*this, getOutputs(), 1, computeTypeOf(getAcc()),
                          getReturnLse() ? ArrayRef<StringRef>{"lse", "max"} : ArrayRef<StringRef>{"max"});
}

LogicalResult MergeOp::verify() {
  if (getStates().size() != 2 && getStates().size() != 3)
    return emitOpError() << "takes a state (acc, m, l) or (m, l), got " << getStates().size() << " operands (S15)";
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), getStates().size())))
    return failure();
  SmallVector<Value> all(getStates());
  llvm::append_range(all, getOutputs());
  if (failed(verifyState(*this, all)))
    return failure();
  if (!getMaps())
    for (auto [state, output] : llvm::zip_equal(getStates(), getOutputs()))
      if (shaped(state).getRank() != shaped(output).getRank() + 1)
        return emitOpError() << "without maps the states have one leading dimension more than the outputs, got ranks "
                             << shaped(state).getRank() << " and " << shaped(output).getRank() << " (S15)";
  return verifyMaps(cast<StructuredOpInterface>(getOperation()));
}

LogicalResult PackOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1)))
    return failure();
  Type source = getElementTypeOrSelf(getSource().getType());
  SmallVector<Type> allowed = {source};
  if (isSupportedFloat(source) && source != computeTypeOf(getSource()))
    allowed.push_back(computeTypeOf(getSource()));
  if (source.isInteger(1))
    allowed = {IntegerType::get(getContext(), 8)};
  if (failed(verifyElementType(*this, "the packed tile", getOutputs().front(), allowed, "S12")))
    return failure();
  if (getScale() && getScaleValue())
    return emitOpError("has a scale attribute and a scale operand (S4)");
  if ((getScale() || getScaleValue()) && !isa<FloatType>(source))
    return emitOpError() << "cannot scale elements of type " << source << " (S12)";
  SmallVector<AffineMap> maps = cast<StructuredOpInterface>(getOperation()).getMappedOperandMaps();
  if (maps.size() != 2)
    return emitOpError() << "needs one map per mapped operand: got " << maps.size() << " maps for 2 operands (maps)";
  for (auto [map, value] : {std::pair(maps[0], getSource()), std::pair(maps[1], Value(getOutputs().front()))})
    if (!map.isPermutation() || int64_t(map.getNumResults()) != shaped(value).getRank() || map.getNumResults() > 2)
      return emitOpError("permutes the dimensions of a tile of rank 1 or 2 (maps)");
  return success();
}

//===----------------------------------------------------------------------===//
// softmax, cross_entropy
//===----------------------------------------------------------------------===//

template <typename OpTy> static LogicalResult verifySoftmaxInput(OpTy op) {
  if (failed(verifyFloat(op, "the input", op.getInput())))
    return failure();
  int64_t rank = shaped(op.getInput()).getRank(), dimension = op.getDimension();
  if (dimension < 0 || dimension >= rank)
    return op.emitOpError() << "dimension " << dimension << " is not one of the " << rank
                            << " dimensions of the input (S14)";
  if (op.getMaps() && (op.getMaps()->size() == 0 ||
                       !cast<AffineMapAttr>((*op.getMaps())[0]).getValue().isIdentity() ||
                       cast<AffineMapAttr>((*op.getMaps())[0]).getValue().getNumDims() != rank))
    return op.emitOpError("the input's map must be the identity (maps)");
  return success();
}

template <typename OpTy> static LogicalResult verifySoftmaxStructure(OpTy op) {
  return success(
      succeeded(verifyMaps(cast<StructuredOpInterface>(op.getOperation()))) &&
      succeeded(verifyScoreOp(cast<ScoreOpInterface>(op.getOperation()), op.getStaticOffsets(), op.getOffsets().size())));
}

static LogicalResult verifySoftmaxOutput(Operation *op, Value input, Value output) {
  SmallVector<Type> allowed = {getElementTypeOrSelf(input.getType())};
  if (allowed.front() != computeTypeOf(input))
    allowed.push_back(computeTypeOf(input));
  return verifyElementType(op, "the result", output, allowed, "S12");
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1 + getReturnLse())) || failed(verifySoftmaxInput(*this)) ||
      failed(verifySoftmaxStructure(*this)) || failed(verifySoftmaxOutput(*this, getInput(), getOutputs().front())))
    return failure();
  if (getSafe() && getKind() != SoftmaxKind::Prob)
    return emitOpError("'safe' gives 0 for a row without keys, which is no log-probability (S3)");
  return verifyRowOutputs(*this, getOutputs(), 1, computeTypeOf(getInput()), {"lse"});
}

LogicalResult OnlineSoftmaxOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 2)) || failed(verifySoftmaxInput(*this)) ||
      failed(verifySoftmaxStructure(*this)))
    return failure();
  static constexpr StringRef names[] = {"max", "sum"};
  return verifyRowOutputs(*this, getOutputs(), 0, computeTypeOf(getInput()), names);
}

LogicalResult NormalizeOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1 + getReturnLse())) || failed(verifySoftmaxInput(*this)) ||
      failed(verifySoftmaxStructure(*this)) || failed(verifySoftmaxOutput(*this, getInput(), getOutputs().front())))
    return failure();
  FloatType compute = computeTypeOf(getInput());
  if (failed(verifyElementType(*this, "max", getMax(), {compute}, "S12")) ||
      failed(verifyElementType(*this, "sum", getSum(), {compute}, "S12")))
    return failure();
  if (getSafe() && getKind() != SoftmaxKind::Prob)
    return emitOpError("'safe' gives 0 for a row without keys, which is no log-probability (S3)");
  return verifyRowOutputs(*this, getOutputs(), 1, compute, {"lse"});
}

LogicalResult CrossEntropyOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1 + getReturnLse())) ||
      failed(verifyFloat(*this, "logits", getLogits())))
    return failure();
  Type target = getElementTypeOrSelf(getTarget().getType());
  if (!target.isInteger(32) && !target.isInteger(64) && !target.isIndex())
    return emitOpError() << "target must have element type i32, i64 or index, got " << target << " (cross-entropy)";
  if (shaped(getLogits()).getRank() < 1)
    return emitOpError("logits must have a class dimension (cross-entropy)");
  if (getLabelSmoothing() && !(getLabelSmoothing()->convertToDouble() >= 0 && getLabelSmoothing()->convertToDouble() <= 1))
    return emitOpError() << "label_smoothing must be in [0, 1], got " << getLabelSmoothing()->convertToDouble()
                         << " (cross-entropy)";
  if (getZLoss() && !(getZLoss()->isFinite() && getZLoss()->convertToDouble() >= 0))
    return emitOpError() << "z_loss must be finite and not negative, got " << getZLoss()->convertToDouble()
                         << " (cross-entropy)";
  if (failed(verifyMaps(cast<StructuredOpInterface>(getOperation()))))
    return failure();
  FloatType compute = computeTypeOf(getLogits());
  if (failed(verifyElementType(*this, "loss", getOutputs().front(), {compute}, "S12")))
    return failure();
  return verifyRowOutputs(*this, getOutputs(), 1, compute, {"lse"});
}
