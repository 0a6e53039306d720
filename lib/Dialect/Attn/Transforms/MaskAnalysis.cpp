//===- MaskAnalysis.cpp - which keys a mask region can keep ---------------===//
//
//   %i = attn.index 2
//   %j = attn.index 3
//   %p = arith.addi %i, %offset
//   %c = arith.cmpi sle, %j, %p
// ->
//   -key + row + (at[2] - at[3] + %offset) >= 0
//
// A value of the region is one of three things: an affine function of row and
// key, uniform (the same for all rows and keys of the tile, so that it can be
// computed in front of the op), or opaque.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/Transforms/MaskAnalysis.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Support/MaskRange.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::attn;

using Predicate = fovea::MaskPredicate<OpFoldResult>;

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

OpFoldResult IndexArith::apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(builder, loc, AffineMap::get(operands.size(), 0, expr), operands);
}

OpFoldResult IndexArith::min(Int a, Int b) {
  if (a == b)
    return a;
  return affine::makeComposedFoldedAffineMin(builder, loc, AffineMap::get(2, 0, {d0(), d1()}, builder.getContext()),
                                             {a, b});
}

OpFoldResult IndexArith::max(Int a, Int b) {
  if (a == b)
    return a;
  return affine::makeComposedFoldedAffineMax(builder, loc, AffineMap::get(2, 0, {d0(), d1()}, builder.getContext()),
                                             {a, b});
}

//===----------------------------------------------------------------------===//
// Reading a region
//===----------------------------------------------------------------------===//

namespace {

/// key * j + row * i + offset.
struct Position {
  int64_t key = 0, row = 0;
  OpFoldResult offset;
};

class MaskReader {
public:
  MaskReader(OpBuilder &builder, ScoreOpInterface op);

  MaskReading read() {
    auto yield = cast<YieldOp>(op.getMask().front().getTerminator());
    Predicate predicate = readBool(yield.getValue());
    return {std::move(predicate), std::move(opaque)};
  }

private:
  Predicate readBool(Value value);
  Predicate readComparison(arith::CmpIOp compare);
  std::optional<Position> readInteger(Value value);
  std::optional<Position> readSum(Value lhs, Value rhs, int64_t sign);

  bool isUniform(Value value);
  Value materialize(Value value);
  bool isNonNegative(Value value);
  bool hasUnitExtent(unsigned dim) { return getConstantIntValue(domain[dim].size) == 1; }
  AffineMap mapOf(BlockArgument capture) {
    return cast<StructuredOpInterface>(op.getOperation()).getMapOf(operandOf(capture));
  }
  OpOperand &operandOf(BlockArgument capture) {
    return op->getOpOperand(op.getCaptures().getBeginOperandIndex() + capture.getArgNumber());
  }
  bool isInRegion(Value value) { return op.getMask().isAncestor(value.getParentRegion()); }

  Predicate giveUp(Value value);

  OpBuilder &builder;
  ScoreOpInterface op;
  IndexArith arith;
  SmallVector<Range> domain;
  SmallVector<OpFoldResult> at;
  std::optional<unsigned> queryDim;
  unsigned keyDim;
  IRMapping materialized;
  DenseMap<Value, bool> uniform;
  std::string opaque;
};

} // namespace

MaskReader::MaskReader(OpBuilder &builder, ScoreOpInterface op)
    : builder(builder), op(op), arith(builder, op.getLoc()),
      domain(cast<TilingInterface>(op.getOperation()).getIterationDomain(builder)), at(op.getMixedOffsets()),
      queryDim(getQueryDim(op)), keyDim(op.getKeyDim()) {
  if (at.empty())
    at.assign(domain.size(), builder.getIndexAttr(0));
}

/// Opaque, remembering why: the first reason is the one to report.
Predicate MaskReader::giveUp(Value value) {
  if (opaque.empty()) {
    if (Operation *definition = value.getDefiningOp())
      opaque = ("'" + definition->getName().getStringRef() + "'").str();
    else
      opaque = "capture " + std::to_string(cast<BlockArgument>(value).getArgNumber());
  }
  return Predicate::opaque();
}

Predicate MaskReader::readBool(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return Predicate::constant(!constant.isZero());
  if (isUniform(value)) { // all keys of the tile or none: value - 1 >= 0
    Location loc = op.getLoc();
    Value wide = builder.createOrFold<arith::ExtUIOp>(loc, builder.getI64Type(), materialize(value));
    Value flag = builder.createOrFold<arith::IndexCastOp>(loc, builder.getIndexType(), wide);
    return Predicate::affine(0, 0, arith.sub(getAsOpFoldResult(flag), arith.constant(1)));
  }
  Operation *definition = value.getDefiningOp();
  if (auto compare = dyn_cast_or_null<arith::CmpIOp>(definition))
    return readComparison(compare);
  if (auto both = dyn_cast_or_null<arith::AndIOp>(definition))
    return Predicate::allOf({readBool(both.getLhs()), readBool(both.getRhs())});
  if (auto either = dyn_cast_or_null<arith::OrIOp>(definition))
    return Predicate::anyOf({readBool(either.getLhs()), readBool(either.getRhs())});
  if (auto exclusive = dyn_cast_or_null<arith::XOrIOp>(definition)) {
    if (matchPattern(exclusive.getRhs(), m_One()))
      return fovea::negate(readBool(exclusive.getLhs()), arith);
    if (matchPattern(exclusive.getLhs(), m_One()))
      return fovea::negate(readBool(exclusive.getRhs()), arith);
  }
  if (auto select = dyn_cast_or_null<arith::SelectOp>(definition)) {
    Predicate condition = readBool(select.getCondition());
    Predicate otherwise = fovea::negate(condition, arith);
    return Predicate::anyOf({Predicate::allOf({std::move(condition), readBool(select.getTrueValue())}),
                             Predicate::allOf({std::move(otherwise), readBool(select.getFalseValue())})});
  }
  return giveUp(value);
}

Predicate MaskReader::readComparison(arith::CmpIOp compare) {
  arith::CmpIPredicate relation = compare.getPredicate();
  switch (relation) {
  case arith::CmpIPredicate::ult:
  case arith::CmpIPredicate::ule:
  case arith::CmpIPredicate::ugt:
  case arith::CmpIPredicate::uge:
    // The order of non-negative numbers is the same with and without sign.
    if (!isNonNegative(compare.getLhs()) || !isNonNegative(compare.getRhs()))
      return giveUp(compare);
    break;
  default:
    break;
  }
  std::optional<Position> difference = readSum(compare.getLhs(), compare.getRhs(), -1);
  if (!difference)
    return giveUp(compare);
  Position d = *difference; // lhs - rhs
  auto atLeast = [&](int64_t bound) {
    return Predicate::affine(d.key, d.row, arith.sub(d.offset, arith.constant(bound)));
  };
  auto atMost = [&](int64_t bound) {
    return Predicate::affine(-d.key, -d.row, arith.sub(arith.constant(bound), d.offset));
  };
  switch (relation) {
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ule:
    return atMost(0);
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::ult:
    return atMost(-1);
  case arith::CmpIPredicate::sge:
  case arith::CmpIPredicate::uge:
    return atLeast(0);
  case arith::CmpIPredicate::sgt:
  case arith::CmpIPredicate::ugt:
    return atLeast(1);
  case arith::CmpIPredicate::eq:
    return Predicate::allOf({atMost(0), atLeast(0)});
  case arith::CmpIPredicate::ne:
    return Predicate::anyOf({atMost(-1), atLeast(1)});
  }
  llvm_unreachable("unknown comparison");
}

/// lhs + sign * rhs.
std::optional<Position> MaskReader::readSum(Value lhs, Value rhs, int64_t sign) {
  std::optional<Position> a = readInteger(lhs), b = a ? readInteger(rhs) : std::nullopt;
  if (!b)
    return std::nullopt;
  return Position{a->key + sign * b->key, a->row + sign * b->row,
                  sign > 0 ? arith.add(a->offset, b->offset) : arith.sub(a->offset, b->offset)};
}

std::optional<Position> MaskReader::readInteger(Value value) {
  if (!value.getType().isIndex() && !value.getType().isInteger(32) && !value.getType().isInteger(64))
    return std::nullopt;
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return Position{0, 0, arith.constant(constant.getSExtValue())};
  Operation *definition = value.getDefiningOp();
  if (auto index = dyn_cast_or_null<IndexOp>(definition)) {
    unsigned dim = index.getDim();
    if (dim == keyDim)
      return Position{1, 0, at[dim]};
    if (dim == queryDim)
      return Position{0, 1, at[dim]};
  }
  if (isUniform(value)) {
    Value scalar = builder.createOrFold<arith::IndexCastOp>(op.getLoc(), builder.getIndexType(), materialize(value));
    return Position{0, 0, getAsOpFoldResult(scalar)};
  }
  if (auto sum = dyn_cast_or_null<arith::AddIOp>(definition))
    return readSum(sum.getLhs(), sum.getRhs(), 1);
  if (auto difference = dyn_cast_or_null<arith::SubIOp>(definition))
    return readSum(difference.getLhs(), difference.getRhs(), -1);
  if (auto product = dyn_cast_or_null<arith::MulIOp>(definition)) {
    APInt factor;
    Value other = product.getLhs();
    if (!matchPattern(product.getRhs(), m_ConstantInt(&factor))) {
      if (!matchPattern(product.getLhs(), m_ConstantInt(&factor)))
        return std::nullopt;
      other = product.getRhs();
    }
    std::optional<Position> a = readInteger(other);
    // The bound on coefficients under which MaskRange.h is exact.
    if (!a || factor.abs().ugt(uint64_t(1) << 20))
      return std::nullopt;
    int64_t f = factor.getSExtValue();
    return Position{a->key * f, a->row * f, arith.mulConst(a->offset, f)};
  }
  if (isa_and_nonnull<arith::IndexCastOp, arith::ExtSIOp>(definition))
    return readInteger(definition->getOperand(0));
  if (isa_and_nonnull<arith::IndexCastUIOp, arith::ExtUIOp>(definition) && isNonNegative(definition->getOperand(0)))
    return readInteger(definition->getOperand(0));
  return std::nullopt;
}

bool MaskReader::isNonNegative(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.isNonNegative();
  Operation *definition = value.getDefiningOp();
  if (isa_and_nonnull<IndexOp>(definition))
    return true;
  return isa_and_nonnull<arith::AddIOp, arith::MulIOp, arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
                         arith::ExtUIOp>(definition) &&
         llvm::all_of(definition->getOperands(), [&](Value operand) { return isNonNegative(operand); });
}

//===----------------------------------------------------------------------===//
// Uniform values
//===----------------------------------------------------------------------===//

/// Whether a value of the region is the same for all elements of the op.
bool MaskReader::isUniform(Value value) {
  if (!isInRegion(value))
    return true;
  auto [known, isNew] = uniform.try_emplace(value, false);
  if (!isNew)
    return known->second;
  bool result = false;
  if (auto capture = dyn_cast<BlockArgument>(value)) {
    Value operand = operandOf(capture).get();
    result = capture.getType() == operand.getType(); // a scalar, or a tensor as a whole
    if (!result && isa<RankedTensorType>(operand.getType())) {
      AffineMap map = mapOf(capture);
      result = true;
      for (unsigned d = 0; d != domain.size(); ++d)
        result &= !map.isFunctionOfDim(d) || hasUnitExtent(d);
    }
  } else if (auto index = value.getDefiningOp<IndexOp>()) {
    result = hasUnitExtent(index.getDim());
  } else {
    Operation *definition = value.getDefiningOp();
    result = isPure(definition) && definition->getNumRegions() == 0 &&
             llvm::all_of(definition->getOperands(), [&](Value operand) { return isUniform(operand); });
  }
  return uniform[value] = result;
}

/// Computes a uniform value in front of the op.
Value MaskReader::materialize(Value value) {
  if (!isInRegion(value))
    return value;
  if (Value known = materialized.lookupOrNull(value))
    return known;
  Location loc = op.getLoc();
  Value result;
  if (auto capture = dyn_cast<BlockArgument>(value)) {
    result = operandOf(capture).get();
    if (result.getType() != capture.getType()) { // the only element
      Value zero = builder.createOrFold<arith::ConstantIndexOp>(loc, 0);
      SmallVector<Value> indices(cast<RankedTensorType>(result.getType()).getRank(), zero);
      result = builder.createOrFold<tensor::ExtractOp>(loc, result, indices);
    }
  } else if (auto index = value.getDefiningOp<IndexOp>()) {
    result = getValueOrCreateConstantIndexOp(builder, loc, at[index.getDim()]);
  } else {
    Operation *definition = value.getDefiningOp();
    for (Value operand : definition->getOperands())
      materialized.map(operand, materialize(operand));
    Operation *copy = builder.clone(*definition, materialized);
    unsigned number = cast<OpResult>(value).getResultNumber();
    result = copy->getResult(number);
    SmallVector<Value> folded;
    if (!isa<arith::ConstantOp>(copy) && succeeded(builder.tryFold(copy, folded)) && !folded.empty()) {
      result = folded[number];
      copy->erase();
    }
  }
  materialized.map(value, result);
  return result;
}

//===----------------------------------------------------------------------===//
// The analysis
//===----------------------------------------------------------------------===//

std::optional<unsigned> mlir::attn::getQueryDim(ScoreOpInterface op) {
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  if (isa<AttentionOp, OnlineAttentionOp>(op)) {
    SmallVector<AffineMap> maps = structured.getMappedOperandMaps();
    FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
    return succeeded(dims) ? std::optional<unsigned>(dims->query()) : std::nullopt;
  }
  unsigned numLoops = structured.getNumLoops(), key = op.getKeyDim();
  if (numLoops == 1)
    return std::nullopt;
  return key == numLoops - 1 ? numLoops - 2 : numLoops - 1;
}

MaskReading mlir::attn::readMask(OpBuilder &builder, ScoreOpInterface op) {
  if (!op.hasMask())
    return {Predicate::constant(true), ""};
  return MaskReader(builder, op).read();
}

KeyBlocks mlir::attn::computeKeyBlocks(OpBuilder &builder, ScoreOpInterface op, int64_t blockSize) {
  SmallVector<Range> domain = cast<TilingInterface>(op.getOperation()).getIterationDomain(builder);
  OpFoldResult zero = builder.getIndexAttr(0), numKeys = domain[op.getKeyDim()].size;
  if (!op.hasMask())
    return {zero, numKeys, zero, numKeys};
  MaskReading mask = readMask(builder, op);
  auto remark = remark::analysis(op.getLoc(), remark::RemarkOpts::name("MaskRange").category("attn"));
  if (mask.opaque.empty())
    remark << remark::add("mask: affine");
  else
    remark << remark::add("mask: opaque because of {0}", mask.opaque);

  if (mask.predicate.kind == Predicate::Kind::Opaque)
    return {zero, numKeys, zero, zero};
  if (mask.predicate.kind == Predicate::Kind::Constant)
    return mask.predicate.value ? KeyBlocks{zero, numKeys, zero, numKeys} : KeyBlocks{zero, zero, zero, zero};
  IndexArith arith(builder, op.getLoc());
  std::optional<unsigned> query = getQueryDim(op);
  OpFoldResult rows = query ? domain[*query].size : arith.constant(1);
  fovea::MaskRange<OpFoldResult> blocks =
      fovea::maskBlockRange(fovea::maskKeyRange(mask.predicate, zero, rows, numKeys, arith), blockSize, arith);
  auto inKeys = [&](OpFoldResult block) { return arith.mulConst(block, blockSize); };
  return {inKeys(blocks.liveBegin), inKeys(blocks.liveEnd), inKeys(blocks.fullBegin), inKeys(blocks.fullEnd)};
}
