//===- MaskBounds.cpp - masks as bounds of each row ------------------------===//
//
//   key0 + column <= row0 + row  and  column < rest
//     ->  column <= min(row0 + row - key0, rest - 1)
//
// A comparison of positions in which the column occurs once becomes one of the column with a bound of its row: the
// arithmetic is done for rows, of which a thread has two, and each element costs one comparison with a constant. Bounds
// of the same side that are and-ed become one. Where a bound is captured it may be the end of i32, which stands for
// none: its difference to a position is taken in 64 bits, and cut to 32.
//
//===----------------------------------------------------------------------===//

#include "MaskBounds.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::cta;

namespace {

bool isTileOf(Type type, unsigned rank, unsigned width) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == rank && tensor.getElementType().isInteger(width);
}

/// Tiles of positions that depend on the row alone, as tiles of rank 1.
class RowValues {
public:
  explicit RowValues(OpBuilder &builder) : builder(builder) {}

  /// Null if the tile depends on the column, or is not known not to.
  Value get(Value tile);
  Value constant(Location loc, RankedTensorType type, int64_t value) {
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, builder.getIntegerAttr(type.getElementType(), value)));
  }

private:
  OpBuilder &builder;
};

/// `column * sign + rows`; no rows are zero.
struct ColumnTerm {
  int64_t sign = 0;
  Value rows;
};

class BoundRewriter {
public:
  explicit BoundRewriter(gpu::GPUFuncOp kernel) : kernel(kernel), builder(kernel.getContext()), rowValues(builder) {}

  void run();

private:
  std::optional<ColumnTerm> decompose(Value tile);
  Value combine(Location loc, Value a, Value b, bool subtract);
  Value makeBound(Location loc, RankedTensorType type, Value plus, Value minus, int64_t more);
  Value compare(Location loc, RankedTensorType type, arith::CmpIPredicate predicate, Value rows);
  void normalize(arith::CmpIOp op);
  void merge(arith::AndIOp op);

  gpu::GPUFuncOp kernel;
  OpBuilder builder;
  RowValues rowValues;
};

} // namespace

Value RowValues::get(Value tile) {
  auto type = cast<RankedTensorType>(tile.getType());
  auto rowType = RankedTensorType::get(type.getDimSize(0), type.getElementType());
  Operation *op = tile.getDefiningOp();
  if (!op)
    return nullptr;
  Location loc = op->getLoc();
  DenseElementsAttr elements;
  if (matchPattern(tile, m_Constant(&elements)))
    return elements.isSplat() ? constant(loc, rowType, elements.getSplatValue<APInt>().getSExtValue()) : nullptr;
  if (auto iota = dyn_cast<IotaOp>(op))
    return iota.getDim() == 0 ? IotaOp::create(builder, loc, rowType, 0).getResult() : nullptr;
  if (auto splat = dyn_cast<SplatOp>(op))
    return SplatOp::create(builder, loc, rowType, splat.getValue());
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return broadcast.getDim() == 1 ? broadcast.getSource() : nullptr;
  if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MaxSIOp, arith::MinSIOp>(op))
    return nullptr;
  Value lhs = get(op->getOperand(0)), rhs = lhs ? get(op->getOperand(1)) : nullptr;
  if (!rhs)
    return nullptr;
  return builder.create(loc, op->getName().getIdentifier(), {lhs, rhs}, rowType)->getResult(0);
}

/// a + b, or a - b; either may be null, which is zero.
Value BoundRewriter::combine(Location loc, Value a, Value b, bool subtract) {
  if (!b)
    return a;
  if (!a && !subtract)
    return b;
  if (!a)
    a = rowValues.constant(loc, cast<RankedTensorType>(b.getType()), 0);
  return subtract ? arith::SubIOp::create(builder, loc, a, b).getResult()
                  : arith::AddIOp::create(builder, loc, a, b).getResult();
}

std::optional<ColumnTerm> BoundRewriter::decompose(Value tile) {
  if (auto iota = tile.getDefiningOp<IotaOp>(); iota && iota.getDim() == 1)
    return ColumnTerm{1, nullptr};
  Operation *op = tile.getDefiningOp();
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op)) {
    std::optional<ColumnTerm> lhs = decompose(op->getOperand(0)),
                              rhs = lhs ? decompose(op->getOperand(1)) : std::nullopt;
    if (!rhs)
      return std::nullopt;
    bool subtract = isa<arith::SubIOp>(op);
    return ColumnTerm{lhs->sign + (subtract ? -rhs->sign : rhs->sign),
                      combine(op->getLoc(), lhs->rows, rhs->rows, subtract)};
  }
  if (Value rows = rowValues.get(tile))
    return ColumnTerm{0, rows};
  return std::nullopt;
}

Value BoundRewriter::compare(Location loc, RankedTensorType type, arith::CmpIPredicate predicate, Value rows) {
  Value column = IotaOp::create(builder, loc, type, 1);
  return arith::CmpIOp::create(builder, loc, predicate, column, BroadcastOp::create(builder, loc, type, rows, 1));
}

/// Whether the predicate bounds its left side from above, or from below.
static bool isUpper(arith::CmpIPredicate predicate) {
  return predicate == arith::CmpIPredicate::slt || predicate == arith::CmpIPredicate::sle;
}
static bool isLower(arith::CmpIPredicate predicate) {
  return predicate == arith::CmpIPredicate::sgt || predicate == arith::CmpIPredicate::sge;
}

/// Whether a value of rows is more than positions and small constants: something captured is in it.
static bool isFar(Value tile) {
  constexpr unsigned bitsOfPosition = 31;
  if (!tile)
    return false;
  Operation *op = tile.getDefiningOp();
  APInt constant;
  if (matchPattern(tile, m_ConstantInt(&constant)))
    return constant.getSignificantBits() >= bitsOfPosition;
  if (auto splat = dyn_cast_or_null<SplatOp>(op)) // positions are of type index
    return !splat.getValue().getDefiningOp<arith::IndexCastOp>() && !matchPattern(splat.getValue(), m_Constant());
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp, arith::MaxSIOp, arith::MinSIOp>(op))
    return isFar(op->getOperand(0)) || isFar(op->getOperand(1));
  return !isa_and_nonnull<IotaOp>(op);
}

/// plus - minus + more, of rows; either may be null, which is zero.
Value BoundRewriter::makeBound(Location loc, RankedTensorType type, Value plus, Value minus, int64_t more) {
  if (!isFar(plus) && !isFar(minus)) {
    Value bound = combine(loc, plus, minus, /*subtract=*/true);
    if (more != 0 || !bound)
      bound = combine(loc, bound, rowValues.constant(loc, type, std::abs(more)), /*subtract=*/more < 0);
    return bound;
  }
  RankedTensorType wide = type.clone(builder.getI64Type());
  auto widen = [&](Value value) {
    return value ? arith::ExtSIOp::create(builder, loc, wide, value).getResult() : value;
  };
  Value bound = combine(loc, widen(plus), widen(minus), /*subtract=*/true);
  bound = arith::AddIOp::create(builder, loc, bound, rowValues.constant(loc, wide, more));
  bound =
      arith::MaxSIOp::create(builder, loc, bound, rowValues.constant(loc, wide, std::numeric_limits<int32_t>::min()));
  bound =
      arith::MinSIOp::create(builder, loc, bound, rowValues.constant(loc, wide, std::numeric_limits<int32_t>::max()));
  return arith::TruncIOp::create(builder, loc, type, bound);
}

/// To `column <= bound` or `column >= bound`.
void BoundRewriter::normalize(arith::CmpIOp op) {
  arith::CmpIPredicate predicate = op.getPredicate();
  if (!isTileOf(op.getLhs().getType(), 2, 32) || !(isUpper(predicate) || isLower(predicate)))
    return;
  Location loc = op.getLoc();
  builder.setInsertionPoint(op);
  std::optional<ColumnTerm> lhs = decompose(op.getLhs()), rhs = lhs ? decompose(op.getRhs()) : std::nullopt;
  if (!rhs)
    return;
  int64_t sign = lhs->sign - rhs->sign;
  if (sign != 1 && sign != -1)
    return;
  bool strict = predicate == arith::CmpIPredicate::slt || predicate == arith::CmpIPredicate::sgt;
  bool upper = isUpper(predicate) == (sign == 1);
  auto type = cast<RankedTensorType>(op.getLhs().getType());
  auto rowType = RankedTensorType::get(type.getDimSize(0), type.getElementType());
  auto [plus, minus] = sign == 1 ? std::pair(rhs->rows, lhs->rows) : std::pair(lhs->rows, rhs->rows);
  Value bound = makeBound(loc, rowType, plus, minus, strict ? (upper ? -1 : 1) : 0);
  op.replaceAllUsesWith(compare(loc, type, upper ? arith::CmpIPredicate::sle : arith::CmpIPredicate::sge, bound));
}

/// The bound of a comparison as `normalize` makes it.
static Value getBound(Value condition, arith::CmpIPredicate predicate) {
  auto op = condition.getDefiningOp<arith::CmpIOp>();
  if (!op || op.getPredicate() != predicate || !isTileOf(op.getLhs().getType(), 2, 32))
    return nullptr;
  auto column = op.getLhs().getDefiningOp<IotaOp>();
  auto bound = op.getRhs().getDefiningOp<BroadcastOp>();
  return column && column.getDim() == 1 && bound && bound.getDim() == 1 ? bound.getSource() : nullptr;
}

/// What is and-ed, through ands that nothing else uses.
static void collectConditions(Value value, SmallVectorImpl<Value> &conditions) {
  auto op = value.getDefiningOp<arith::AndIOp>();
  if (!op) {
    conditions.push_back(value);
    return;
  }
  for (Value operand : {op.getLhs(), op.getRhs()}) {
    if (operand.hasOneUse())
      collectConditions(operand, conditions);
    else
      conditions.push_back(operand);
  }
}

void BoundRewriter::merge(arith::AndIOp op) {
  bool isInner = op->hasOneUse() && isa<arith::AndIOp>(*op->user_begin());
  if (!isTileOf(op.getType(), 2, 1) || isInner)
    return;
  SmallVector<Value> conditions;
  collectConditions(op, conditions);
  Location loc = op.getLoc();
  builder.setInsertionPoint(op);
  for (arith::CmpIPredicate predicate : {arith::CmpIPredicate::sle, arith::CmpIPredicate::sge}) {
    SmallVector<Value> bounds;
    llvm::erase_if(conditions, [&](Value condition) {
      Value bound = getBound(condition, predicate);
      if (bound)
        bounds.push_back(bound);
      return bool(bound);
    });
    if (bounds.empty())
      continue;
    Value tightest = bounds.front();
    for (Value bound : ArrayRef(bounds).drop_front())
      tightest = isUpper(predicate) ? arith::MinSIOp::create(builder, loc, tightest, bound).getResult()
                                    : arith::MaxSIOp::create(builder, loc, tightest, bound).getResult();
    auto type = cast<RankedTensorType>(op.getType());
    conditions.push_back(compare(loc, type.clone(builder.getI32Type()), predicate, tightest));
  }
  Value result = conditions.front();
  for (Value condition : ArrayRef(conditions).drop_front())
    result = arith::AndIOp::create(builder, loc, result, condition);
  op.replaceAllUsesWith(result);
}

void BoundRewriter::run() {
  SmallVector<arith::CmpIOp> comparisons;
  SmallVector<arith::AndIOp> conjunctions;
  kernel.walk([&](arith::CmpIOp op) { comparisons.push_back(op); });
  kernel.walk([&](arith::AndIOp op) { conjunctions.push_back(op); });
  llvm::for_each(comparisons, [&](arith::CmpIOp op) { normalize(op); });
  llvm::for_each(conjunctions, [&](arith::AndIOp op) { merge(op); });
}

void fovea::simplifyMaskBounds(gpu::GPUFuncOp kernel) { BoundRewriter(kernel).run(); }
