//===- RegionVectorizer.cpp - score and mask regions on lanes -------------===//

#include "RegionVectorizer.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

using namespace mlir;
using namespace fovea;

static bool isVarying(Value value) { return isa<VectorType>(value.getType()); }

/// The scalar of `value` in one lane.
static Value laneOf(LaneBuilder &lanes, Value value, int64_t lane) {
  if (!isVarying(value))
    return value;
  return vector::ExtractOp::create(lanes.builder, lanes.loc, value, lane);
}

/// One element per lane, made by `make(lane)`.
static Value gatherLanes(LaneBuilder &lanes, Type element, function_ref<Value(int64_t)> make) {
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane != lanes.lanes; ++lane)
    elements.push_back(make(lane));
  return vector::FromElementsOp::create(lanes.builder, lanes.loc, lanes.vectorOf(element), elements);
}

static Value vectorizeLoad(LaneBuilder &lanes, memref::LoadOp load, ArrayRef<Value> indices, Value buffer) {
  OpBuilder &builder = lanes.builder;
  SmallVector<Value> last;
  for (int64_t d = 0, e = load.getMemRefType().getRank(); d != e; ++d) {
    Value extent = memref::DimOp::create(builder, lanes.loc, buffer, d);
    last.push_back(lanes.sub(extent, lanes.index(1)));
  }
  Value zero = lanes.index(0);
  return gatherLanes(lanes, load.getType(), [&](int64_t lane) -> Value {
    SmallVector<Value> clamped;
    for (auto [index, bound] : llvm::zip_equal(indices, last)) {
      Value position = laneOf(lanes, index, lane);
      position = arith::MinSIOp::create(builder, lanes.loc, position, bound);
      clamped.push_back(arith::MaxSIOp::create(builder, lanes.loc, position, zero));
    }
    return memref::LoadOp::create(builder, lanes.loc, buffer, clamped);
  });
}

static void vectorizeElementwise(LaneBuilder &lanes, Operation &op, IRMapping &mapping) {
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(lanes.broadcast(mapping.lookupOrDefault(operand)));
  SmallVector<Type> types;
  for (Type type : op.getResultTypes())
    types.push_back(lanes.vectorOf(type));
  OperationState state(op.getLoc(), op.getName(), operands, types, llvm::to_vector(op.getDiscardableAttrs()));
  state.propertiesAttr = op.getPropertiesAsAttribute();
  mapping.map(op.getResults(), lanes.builder.create(state)->getResults());
}

static void repeatPerLane(LaneBuilder &lanes, Operation &op, IRMapping &mapping) {
  SmallVector<SmallVector<Value>> results(op.getNumResults());
  llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
  for (Region &region : op.getRegions())
    region.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (!op.isAncestor(operand.getParentBlock()->getParentOp()) || operand.getParentBlock() == op.getBlock())
          used.insert(operand);
    });
  for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
    IRMapping scalar;
    for (Value value : used)
      scalar.map(value, laneOf(lanes, mapping.lookupOrDefault(value), lane));
    Operation *clone = lanes.builder.clone(op, scalar);
    for (auto [i, result] : llvm::enumerate(clone->getResults()))
      results[i].push_back(result);
  }
  for (auto [result, elements] : llvm::zip_equal(op.getResults(), results))
    mapping.map(result,
                vector::FromElementsOp::create(lanes.builder, lanes.loc, lanes.vectorOf(result.getType()), elements));
}

Value fovea::vectorizeRegion(LaneBuilder &lanes, Region &region, ArrayRef<Value> arguments,
                             function_ref<Value(unsigned)> position) {
  Block &block = region.front();
  IRMapping mapping;
  mapping.map(block.getArguments(), arguments);
  for (Operation &op : block.without_terminator()) {
    if (auto index = dyn_cast<attn::IndexOp>(op)) {
      mapping.map(index.getResult(), position(index.getDim()));
      continue;
    }
    bool varying = llvm::any_of(op.getOperands(), [&](Value v) { return isVarying(mapping.lookupOrDefault(v)); });
    for (Region &nested : op.getRegions())
      nested.walk([&](Operation *inner) {
        varying |= llvm::any_of(inner->getOperands(), [&](Value v) { return isVarying(mapping.lookupOrDefault(v)); });
        varying |= isa<attn::IndexOp>(inner);
      });
    if (!varying)
      lanes.builder.clone(op, mapping);
    else if (auto load = dyn_cast<memref::LoadOp>(op))
      mapping.map(
          load.getResult(),
          vectorizeLoad(lanes, load,
                        llvm::map_to_vector(load.getIndices(), [&](Value v) { return mapping.lookupOrDefault(v); }),
                        mapping.lookupOrDefault(load.getMemRef())));
    else if (OpTrait::hasElementwiseMappableTraits(&op))
      vectorizeElementwise(lanes, op, mapping);
    else
      repeatPerLane(lanes, op, mapping);
  }
  return mapping.lookupOrDefault(block.getTerminator()->getOperand(0));
}

Value fovea::applyRegions(LaneBuilder &lanes, attn::ScoreOpInterface op, Value score, bool masked,
                          function_ref<Value(OpOperand &)> load, function_ref<Value(unsigned)> position) {
  if (!op.hasScore() && !masked)
    return score;
  unsigned first = op.getCaptures().getBeginOperandIndex();
  SmallVector<Value> captures;
  for (OpOperand &operand : op->getOpOperands().slice(first, op.getCaptures().size())) {
    unsigned argument = operand.getOperandNumber() - first;
    Type type = op.hasScore() ? op.getScore().getArgument(argument + 1).getType()
                              : op.getMask().getArgument(argument).getType();
    bool isWhole = !isa<MemRefType>(operand.get().getType()) || isa<MemRefType>(type);
    captures.push_back(isWhole ? operand.get() : load(operand));
  }
  if (op.hasScore()) {
    SmallVector<Value> arguments = {score};
    arguments.append(captures);
    score = lanes.broadcast(vectorizeRegion(lanes, op.getScore(), arguments, position));
  }
  if (masked) {
    Value keep = vectorizeRegion(lanes, op.getMask(), captures, position);
    score = arith::SelectOp::create(lanes.builder, lanes.loc, keep, score, lanes.negInf());
  }
  return score;
}
