//===- TileThreadRegisters.cpp - Ops on scalars and register tiles --------===//

#include "TensorEvaluators.h"
#include "TileThread.h"

#include "mlir/Dialect/UB/IR/UBOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include <limits>

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;

static Number getPoison(ElementType type) {
  return isFloat(type) ? Number::of(std::numeric_limits<double>::quiet_NaN()) : Number::of(int64_t(0x5a5a5a5a));
}

llvm::Error TileThread::executeConstant(arith::ConstantOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getType());
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  bool isSplat = elements && elements.isSplat();
  llvm::Expected<evaluator::Data> data =
      evaluator::evaluateConstant(op, isSplat ? elements.getSplatValue<Attribute>() : Attribute(op.getValue()));
  if (!data)
    return data.takeError();
  const auto *number = std::get_if<Number>(&data->front());
  if (!type) {
    set(op, *number);
    return llvm::Error::success();
  }
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, type);
  if (!rows)
    return rows.takeError();
  SmallVector<int64_t> shape(type.getShape());
  if (number)
    shape[0] = rows->size();
  auto tile = std::make_shared<RegisterTile>(*evaluator::getElementType(type), shape);
  tile->isConstant = true;
  if (number) {
    tile->fill(*number);
    set(op, tile);
    return llvm::Error::success();
  }
  const auto &dense = std::get<evaluator::DenseTensor>(data->front());
  for (int64_t i = 0, e = tile->size(); i != e; ++i)
    tile->set(i, dense.getData()[i]);
  set(op, takeRows(*tile, *rows));
  return llvm::Error::success();
}

llvm::Expected<std::shared_ptr<RegisterTile>> TileThread::makeTile(Operation *op, RankedTensorType type) {
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, type);
  if (!rows)
    return rows.takeError();
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = rows->size();
  return std::make_shared<RegisterTile>(*evaluator::getElementType(type), shape);
}

llvm::Error TileThread::executePoison(Operation *op) {
  Type type = op->getResult(0).getType();
  std::optional<ElementType> element = evaluator::getElementType(type);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!element) {
    set(op->getResult(0), std::monostate());
    return llvm::Error::success();
  }
  if (!tensor) {
    set(op->getResult(0), getPoison(*element));
    return llvm::Error::success();
  }
  auto tile = makeTile(op, tensor);
  if (!tile)
    return tile.takeError();
  (*tile)->fill(getPoison(*element));
  set(op->getResult(0), *tile);
  return llvm::Error::success();
}

llvm::Error TileThread::executeIota(cta::IotaOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, type);
  if (!rows)
    return rows.takeError();
  auto tile = makeTile(op, type);
  if (!tile)
    return tile.takeError();
  int64_t cols = (*tile)->cols();
  for (int64_t i = 0; i != (*tile)->rows(); ++i)
    for (int64_t j = 0; j != cols; ++j)
      (*tile)->integers[i * cols + j] = op.getDim() == 0 ? (*rows)[i] : j;
  set(op, *tile);
  return llvm::Error::success();
}

llvm::Error TileThread::executeReduce(cta::ReduceOp op) {
  if (op.getDim() == 0 && !ownership.ownsAll())
    return evaluator::makeError(op, "reduces rows that several warpgroups hold");
  set(op, reduce(*getTile(op.getSource()), op.getKind(), op.getDim(), op.getPartial()));
  return llvm::Error::success();
}

llvm::Error TileThread::executeBroadcast(cta::BroadcastOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  int64_t extent = type.getDimSize(op.getDim());
  if (op.getDim() == 0) {
    llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, type);
    if (!rows)
      return rows.takeError();
    extent = rows->size();
  }
  set(op, broadcast(*getTile(op.getSource()), op.getDim(), extent));
  return llvm::Error::success();
}

llvm::Error TileThread::executeSplat(cta::SplatOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  auto tile = makeTile(op, type);
  if (!tile)
    return tile.takeError();
  (*tile)->isConstant = true;
  (*tile)->fill(getAs<Number>(op.getValue()));
  set(op, *tile);
  return llvm::Error::success();
}

llvm::Error TileThread::executeConvertLayout(cta::ConvertLayoutOp op) {
  llvm::Expected<ArrayRef<int64_t>> from = getRows(op, op.getSource().getType());
  if (!from)
    return from.takeError();
  SmallVector<int64_t> held(*from); // `from` is of a table that grows
  llvm::Expected<ArrayRef<int64_t>> to = getRows(op, op.getType());
  if (!to)
    return to.takeError();
  if (ArrayRef<int64_t>(held) != *to)
    return evaluator::makeError(op, "moves rows from one warpgroup to another");
  set(op, getTile(op.getSource()));
  return llvm::Error::success();
}

llvm::Error TileThread::executeRegisterOp(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return executeConstant(constant);
  if (isa<ub::PoisonOp>(op))
    return executePoison(op);
  if (auto any = dyn_cast<cta::AnyOp>(op)) {
    const RegisterTileRef &tile = getTile(any.getPredicate());
    set(any, Number::of(int64_t(llvm::is_contained(tile->integers, 1))));
    return llvm::Error::success();
  }
  if (isa<cta::CtaDialect>(op->getDialect()))
    return llvm::TypeSwitch<Operation *, llvm::Error>(op)
        .Case([&](cta::IotaOp iota) { return executeIota(iota); })
        .Case([&](cta::ReduceOp reduction) { return executeReduce(reduction); })
        .Case([&](cta::BroadcastOp repeat) { return executeBroadcast(repeat); })
        .Case([&](cta::SplatOp splat) { return executeSplat(splat); })
        .Case([&](cta::ConvertLayoutOp convert) { return executeConvertLayout(convert); })
        .Default(
            [](Operation *op) { return evaluator::makeError(op, "is not an op that the tile interpreter knows"); });

  bool known = llvm::all_of(op->getOperands(), [&](Value operand) {
    const TileValue &value = get(operand);
    return std::holds_alternative<Number>(value) || std::holds_alternative<RegisterTileRef>(value) ||
           isa<arith::SelectOp>(op);
  });
  if (!known || op->getNumResults() != 1 || op->getNumOperands() == 0 || op->getNumOperands() > 3)
    return evaluator::makeError(op, "is not an op that the tile interpreter knows");
  if (auto select = dyn_cast<arith::SelectOp>(op); select && !isa<RankedTensorType>(select.getCondition().getType())) {
    set(select, get(getInteger(select.getCondition()) ? select.getTrueValue() : select.getFalseValue()));
    return llvm::Error::success();
  }
  if (!isa<RankedTensorType>(op->getResult(0).getType())) {
    SmallVector<Number, 3> numbers =
        llvm::map_to_vector<3>(op->getOperands(), [&](Value operand) { return getAs<Number>(operand); });
    llvm::Expected<Number> result = evaluateScalar(op, numbers);
    if (!result)
      return result.takeError();
    set(op->getResult(0), *result);
    return llvm::Error::success();
  }
  SmallVector<TileOperand, 3> operands;
  for (Value operand : op->getOperands()) {
    const TileValue &value = get(operand);
    if (const auto *tile = std::get_if<RegisterTileRef>(&value))
      operands.push_back({tile->get()});
    else
      operands.push_back({nullptr, std::get<Number>(value)});
  }
  llvm::Expected<RegisterTileRef> result = evaluateElementwise(op, operands);
  if (!result)
    return result.takeError();
  set(op->getResult(0), *result);
  return llvm::Error::success();
}
