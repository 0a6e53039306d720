//===- AttnVerify.cpp - what the ops refuse -------------------------------===//
//
// Each message ends with the label of the rule it enforces (see docs/Rationale.md and the op descriptions), so that a
// reader of the message can look it up and the negative test can name it.
//
//===----------------------------------------------------------------------===//

#include "AttnVerifyStructure.h"

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn::detail;

#define FOVEA_REGION_VERIFIER(OP)                                                                                      \
  LogicalResult OP::verifyRegions() { return verifyScoreRegions(*this); }
FOVEA_REGION_VERIFIER(AttentionOp)
FOVEA_REGION_VERIFIER(OnlineAttentionOp)
FOVEA_REGION_VERIFIER(SoftmaxOp)
FOVEA_REGION_VERIFIER(OnlineSoftmaxOp)
FOVEA_REGION_VERIFIER(NormalizeOp)

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

/// Ranks and types that the default maps rely on; comes before anything that looks at maps.
template <typename OpTy> static LogicalResult verifyAttentionInputs(OpTy op) {
  ShapedType query = shaped(op.getQuery()), key = shaped(op.getKey()), value = shaped(op.getValue());
  if (failed(verifyFloat(op, "query", op.getQuery())) || failed(verifyFloat(op, "key", op.getKey())))
    return failure();
  // `attn-pack-queries` converts the query of an online op to the compute type.
  bool packed = isa<OnlineAttentionOp>(op.getOperation()) && query.getElementType() == computeTypeOf(op.getKey());
  if ((!packed && key.getElementType() != query.getElementType()) || value.getElementType() != key.getElementType())
    return op.emitOpError() << "query, key and value must have one element type, got " << query.getElementType() << ", "
                            << key.getElementType() << " and " << value.getElementType() << " (S12)";
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
        if (differ(heads, kvHeads) && (kvHeads == 0 || heads == 0 || heads % kvHeads != 0))
          return op.emitOpError() << "the " << heads << " query heads are no positive multiple of the " << kvHeads
                                  << " " << name << " heads (S6)";
      }
    }
  }
  return verifyScale(op, op.getScale(), op.getScaleValue());
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

/// The result is per row and element of V's head dim, what follows it per row.
static LogicalResult verifyAttentionOutputMaps(StructuredOpInterface op, MutableOperandRange outputs,
                                               const AttentionDims &dims, ArrayRef<StringRef> names) {
  SmallVector<unsigned> rows(dims.batch);
  llvm::append_range(rows, dims.rows);
  SmallVector<unsigned> all(rows);
  all.push_back(dims.value);
  llvm::sort(rows);
  llvm::sort(all);
  for (auto [i, name] : llvm::enumerate(names)) {
    LogicalResult varies = i == 0 ? verifyVariesAlong(op, name, outputs[i], all, "the batch, row and V head dimensions")
                                  : verifyVariesAlong(op, name, outputs[i], rows, "the batch and row dimensions");
    if (failed(varies))
      return failure();
  }
  return success();
}

static LogicalResult verifyBroadcast(AttentionOp op, StringRef name, Value operand, ArrayRef<int64_t> target,
                                     StringRef aligned) {
  ShapedType type = shaped(operand);
  if (type.getRank() > int64_t(target.size()))
    return op.emitOpError() << name << " has rank " << type.getRank() << ", at most " << target.size() << " align with "
                            << aligned << " (S10)";
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    int64_t expected = target[target.size() - type.getRank() + i];
    if (extent != 1 && differ(extent, expected))
      return op.emitOpError() << name << " has extent " << extent << " along dimension " << i << ", expected "
                              << expected << " or 1 (S10)";
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
    auto text = [](int64_t extent) {
      return ShapedType::isDynamic(extent) ? std::string("?") : std::to_string(extent);
    };
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
                       failed(verifyBroadcast(op, "bias", op.getBias(), target, "(batch..., query, key)"))))
    return failure();
  if (op.getKeep()) {
    if (failed(verifyElementType(op, "keep", op.getKeep(), {IntegerType::get(op.getContext(), 1)}, "S9")) ||
        failed(verifyBroadcast(op, "keep", op.getKeep(), target, "(batch..., query, key)")))
      return failure();
  }
  if (op.getAlibi()) {
    if (failed(verifyFloat(op, "alibi", op.getAlibi())))
      return failure();
    if (failed(verifyBroadcast(op, "alibi", op.getAlibi(), query.getShape().drop_back(2), "(batch...)")))
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
  SmallVector<StringRef> names = {"the result"};
  if (getReturnLse())
    names.push_back("lse");
  if (getReturnMax())
    names.push_back("max");
  if (failed(verifyAttentionOutputMaps(structured, getOutputsMutable(), *dims, names)))
    return failure();
  if (getSink()) {
    AffineMap sinkMap = structured.getMapOf(*getSinkMutable().begin());
    for (unsigned d : {dims->key, dims->qk, dims->value, dims->query()})
      if (sinkMap.isFunctionOfDim(d))
        return emitOpError("a sink is one logit per head and cannot vary along query, key or head dim (S5)");
  }
  return verifyRowOutputs(*this, getOutputs(), 1, compute, ArrayRef(names).drop_front());
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
  if (failed(verifyAttentionOutputMaps(cast<StructuredOpInterface>(getOperation()), getOutputsMutable(),
                                       *verifyAttentionDims(*this), names)))
    return failure();
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

/// The state (acc, m, l) or (m, l): m and l are per row, acc per row and more. Returns the dimensions of a row.
static FailureOr<SmallVector<unsigned>> verifyStateMaps(StructuredOpInterface op, ArrayRef<OpOperand *> state) {
  SmallVector<unsigned> max = dimsOf(op.getMapOf(*state[state.size() - 2]));
  if (max != dimsOf(op.getMapOf(*state.back())))
    return op.emitOpError("max and sum must vary along the same dimensions (maps)");
  if (state.size() == 3) {
    SmallVector<unsigned> acc = dimsOf(op.getMapOf(*state.front()));
    if (!std::includes(acc.begin(), acc.end(), max.begin(), max.end()))
      return op.emitOpError("acc must vary along every dimension of max and sum (maps)");
  }
  return max;
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
  auto structured = cast<StructuredOpInterface>(getOperation());
  FailureOr<SmallVector<unsigned>> rows =
      verifyStateMaps(structured, {&getAccMutable(), &getMaxMutable(), &getSumMutable()});
  if (failed(rows) || failed(verifyVariesAlong(structured, "the result", getOutputsMutable()[0],
                                               dimsOf(structured.getMapOf(getAccMutable())), "the dimensions of acc")))
    return failure();
  for (unsigned i = 1, e = getOutputs().size(); i != e; ++i)
    if (failed(verifyVariesAlong(structured, "lse and max", getOutputsMutable()[i], *rows,
                                 "the dimensions of max and sum")))
      return failure();
  if (getSink()) {
    SmallVector<unsigned> heads = dimsOf(structured.getMapOf(*getSinkMutable().begin()));
    if (!std::includes(rows->begin(), rows->end(), heads.begin(), heads.end()))
      return emitOpError("a sink is one logit per head and cannot vary along the head dim (S5)");
  }
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
  auto structured = cast<StructuredOpInterface>(getOperation());
  if (failed(verifyMaps(structured)))
    return failure();
  SmallVector<OpOperand *> states, outputs;
  for (OpOperand &state : getStatesMutable())
    states.push_back(&state);
  for (OpOperand &output : getOutputsMutable())
    outputs.push_back(&output);
  if (failed(verifyStateMaps(structured, states)) || failed(verifyStateMaps(structured, outputs)))
    return failure();
  std::optional<SmallVector<unsigned>> merged;
  for (auto [state, output] : llvm::zip_equal(states, outputs)) {
    SmallVector<unsigned> from = dimsOf(structured.getMapOf(*state)), to = dimsOf(structured.getMapOf(*output)), gone;
    std::set_difference(from.begin(), from.end(), to.begin(), to.end(), std::back_inserter(gone));
    if (!std::includes(from.begin(), from.end(), to.begin(), to.end()) || (merged && *merged != gone))
      return emitOpError("the merged dimensions of states and outputs differ (maps)");
    merged = gone;
  }
  return success();
}

LogicalResult PackOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1)))
    return failure();
  Type source = getElementTypeOrSelf(getSource().getType());
  SmallVector<Type> allowed = {source};
  if (isa<FloatType>(source) && source != computeTypeOf(getSource()))
    allowed.push_back(computeTypeOf(getSource()));
  if (source.isInteger(1))
    allowed = {IntegerType::get(getContext(), 8)};
  if (failed(verifyElementType(*this, "the packed tile", getOutputs().front(), allowed, "S12")))
    return failure();
  if (failed(verifyScale(*this, getScale(), getScaleValue())))
    return failure();
  if ((getScale() || getScaleValue()) && !isa<FloatType>(source))
    return emitOpError() << "cannot scale elements of type " << source << " (S12)";
  auto structured = cast<StructuredOpInterface>(getOperation());
  if (failed(verifyMapForms(structured)))
    return failure();
  AffineMap sourceMap = structured.getMapOf(getSourceMutable()),
            packedMap = structured.getMapOf(getOutputsMutable()[0]);
  ShapedType sourceType = shaped(getSource()), packedType = shaped(getOutputs().front());
  bool legal = packedMap.isPermutation() && llvm::none_of(sourceMap.getResults(), llvm::IsaPred<AffineBinaryOpExpr>) &&
               packedMap.getNumResults() <= 2 && int64_t(packedMap.getNumResults()) == packedType.getRank() &&
               int64_t(sourceMap.getNumResults()) == sourceType.getRank();
  for (unsigned d = 0; legal && d != packedMap.getNumDims(); ++d)
    legal = sourceMap.isFunctionOfDim(d);
  if (!legal)
    return emitOpError("permutes the dimensions of a tile of rank 1 or 2, and drops those of extent 1 (maps)");
  // The tile may have room for more rows than there are, but holds each of them whole.
  for (auto [extent, expr] : llvm::zip_equal(sourceType.getShape(), sourceMap.getResults())) {
    if (!isa<AffineDimExpr>(expr)) {
      if (differ(extent, 1))
        return emitOpError() << "drops a dimension of extent " << extent << " (S10)";
      continue;
    }
    bool isRow = expr == packedMap.getResults().back();
    unsigned position = llvm::find(packedMap.getResults(), expr) - packedMap.getResults().begin();
    int64_t room = packedType.getDimSize(position);
    if (differ(extent, room) && (!isRow || extent > room))
      return emitOpError() << "the packed tile has extent " << room << " for " << extent
                           << (isRow ? " rows (S14)" : " elements of a row (S14)");
  }
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
  if (op.getMaps() && (op.getMaps()->size() == 0 || !cast<AffineMapAttr>((*op.getMaps())[0]).getValue().isIdentity() ||
                       cast<AffineMapAttr>((*op.getMaps())[0]).getValue().getNumDims() != rank))
    return op.emitOpError("the input's map must be the identity (maps)");
  return success();
}

/// The operand `name` is one value per row: it has every dimension of the domain but `dimension`.
static LogicalResult verifyPerRow(StructuredOpInterface op, StringRef name, OpOperand &operand, unsigned dimension,
                                  StringRef which = "every dimension but the normalised one") {
  SmallVector<unsigned> rows;
  for (unsigned d = 0, e = op.getNumLoops(); d != e; ++d)
    if (d != dimension)
      rows.push_back(d);
  return verifyVariesAlong(op, name, operand, rows, which);
}

/// Maps, `at` and captures; the last outputs, `rowNames`, are values per row.
template <typename OpTy> static LogicalResult verifySoftmaxStructure(OpTy op, ArrayRef<StringRef> rowNames) {
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  if (failed(verifyMaps(structured)) ||
      failed(verifyScoreOp(cast<ScoreOpInterface>(op.getOperation()), op.getStaticOffsets(), op.getOffsets().size())))
    return failure();
  MutableOperandRange outputs = op.getOutputsMutable();
  unsigned numElementwise = outputs.size() - rowNames.size();
  if (numElementwise == 1 &&
      failed(verifyVariesAlong(structured, "the result", outputs[0], dimsOf(structured.getMapOf(op.getInputMutable())),
                               "every dimension")))
    return failure();
  for (auto [i, name] : llvm::enumerate(rowNames))
    if (failed(verifyPerRow(structured, name, outputs[i + numElementwise], op.getDimension())))
      return failure();
  return success();
}

/// What softmax and normalize return beside the elements.
static ArrayRef<StringRef> lseName(bool returned) {
  static constexpr StringRef names[] = {"lse"};
  return ArrayRef<StringRef>(names).take_front(returned);
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
      failed(verifySoftmaxStructure(*this, lseName(getReturnLse()))) ||
      failed(verifySoftmaxOutput(*this, getInput(), getOutputs().front())))
    return failure();
  if (getSafe() && getKind() != SoftmaxKind::Prob)
    return emitOpError("'safe' gives 0 for a row without keys, which is no log-probability (S3)");
  return verifyRowOutputs(*this, getOutputs(), 1, computeTypeOf(getInput()), {"lse"});
}

LogicalResult OnlineSoftmaxOp::verify() {
  static constexpr StringRef names[] = {"max", "sum"};
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 2)) || failed(verifySoftmaxInput(*this)) ||
      failed(verifySoftmaxStructure(*this, names)))
    return failure();
  return verifyRowOutputs(*this, getOutputs(), 0, computeTypeOf(getInput()), names);
}

LogicalResult NormalizeOp::verify() {
  if (failed(verifyDestination(cast<DestinationStyleOpInterface>(getOperation()))) ||
      failed(verifyNumOutputs(*this, getOutputs(), 1 + getReturnLse())) || failed(verifySoftmaxInput(*this)) ||
      failed(verifySoftmaxStructure(*this, lseName(getReturnLse()))) ||
      failed(verifySoftmaxOutput(*this, getInput(), getOutputs().front())))
    return failure();
  auto structured = cast<StructuredOpInterface>(getOperation());
  if (failed(verifyPerRow(structured, "max", getMaxMutable(), getDimension())) ||
      failed(verifyPerRow(structured, "sum", getSumMutable(), getDimension())))
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
  if (getLabelSmoothing() &&
      !(getLabelSmoothing()->convertToDouble() >= 0 && getLabelSmoothing()->convertToDouble() <= 1))
    return emitOpError() << "label_smoothing must be in [0, 1], got " << getLabelSmoothing()->convertToDouble()
                         << " (cross-entropy)";
  if (getZLoss() && !(getZLoss()->isFinite() && getZLoss()->convertToDouble() >= 0))
    return emitOpError() << "z_loss must be finite and not negative, got " << getZLoss()->convertToDouble()
                         << " (cross-entropy)";
  auto structured = cast<StructuredOpInterface>(getOperation());
  if (failed(verifyMaps(structured)))
    return failure();
  if (!structured.getMapOf(getLogitsMutable()).isIdentity())
    return emitOpError("the logits' map must be the identity (maps)");
  unsigned classes = structured.getNumLoops() - 1;
  StringRef perRow = "every dimension but the classes";
  if (failed(verifyPerRow(structured, "target", getTargetMutable(), classes, perRow)) ||
      (getReturnLse() && failed(verifyPerRow(structured, "lse", getOutputsMutable()[1], classes, perRow))))
    return failure();
  if (getReduction() == LossReduction::None &&
      failed(verifyPerRow(structured, "loss", getOutputsMutable()[0], classes, perRow)))
    return failure();
  if (int64_t rank = shaped(getOutputs().front()).getRank(); getReduction() != LossReduction::None && rank != 0)
    return emitOpError() << "a reduced loss has rank 0, got " << rank << " (cross-entropy)";
  FloatType compute = computeTypeOf(getLogits());
  if (failed(verifyElementType(*this, "loss", getOutputs().front(), {compute}, "S12")))
    return failure();
  return verifyRowOutputs(*this, getOutputs(), 1, compute, {"lse"});
}
