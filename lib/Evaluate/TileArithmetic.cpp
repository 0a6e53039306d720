//===- TileArithmetic.cpp - Arithmetic on register tiles ------------------===//
//
// Loops for the ops that kernels consist of; all others go element by element through the scalar ops.
//
//===----------------------------------------------------------------------===//

#include "TileArithmetic.h"
#include "ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;
using evaluator::ScalarContext;
using evaluator::ScalarFunction;

//===----------------------------------------------------------------------===//
// Any scalar op
//===----------------------------------------------------------------------===//

namespace {
struct ScalarCall {
  ScalarFunction function;
  ScalarContext context;
};
} // namespace

static llvm::Expected<ScalarCall> getScalarCall(Operation *op) {
  ScalarFunction function = evaluator::findScalarFunction(op);
  if (!function || op->getNumResults() != 1)
    return evaluator::makeError(op, "is not an op that the tile interpreter knows");
  std::optional<ElementType> source = evaluator::getElementType(op->getOperands().back().getType());
  std::optional<ElementType> result = evaluator::getElementType(op->getResult(0).getType());
  if (!source || !result)
    return evaluator::makeError(op, "has an element type that the tile interpreter does not know");
  ScalarContext context = {*source, *result, 0};
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    context.predicate = uint8_t(compare.getPredicate());
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    context.predicate = uint8_t(compare.getPredicate());
  return ScalarCall{function, context};
}

static llvm::Error makeFault(Operation *op) {
  return evaluator::makeError(op, "is undefined for its operands (division by zero or a number out of range)");
}

llvm::Expected<Number> tiles::evaluateScalar(Operation *op, ArrayRef<Number> operands) {
  llvm::Expected<ScalarCall> call = getScalarCall(op);
  if (!call)
    return call.takeError();
  bool fault = false;
  Number result = call->function(operands.data(), call->context, fault);
  if (fault)
    return makeFault(op);
  ElementType type = call->context.result;
  return isFloat(type)
             ? Number::of(evaluator::roundTo(result.floating, evaluator::getRounding(type, Precision::Unfused)))
             : Number::of(evaluator::wrap(result.integer, type));
}

//===----------------------------------------------------------------------===//
// Ops on f32 values, with loops of their own
//===----------------------------------------------------------------------===//

namespace {

using FloatLoop = void (*)(size_t size, const float *const *x, float *result);

template <float (*function)(float)> void unaryLoop(size_t size, const float *const *x, float *result) {
  for (size_t i = 0; i != size; ++i)
    result[i] = function(x[0][i]);
}

template <float (*function)(float, float)> void binaryLoop(size_t size, const float *const *x, float *result) {
  for (size_t i = 0; i != size; ++i)
    result[i] = function(x[0][i], x[1][i]);
}

void fmaLoop(size_t size, const float *const *x, float *result) {
  for (size_t i = 0; i != size; ++i) // The product is exact in f64.
    result[i] = float(double(x[0][i]) * double(x[1][i]) + double(x[2][i]));
}

float add(float a, float b) { return a + b; }
float subtract(float a, float b) { return a - b; }
float multiply(float a, float b) { return a * b; }
float divide(float a, float b) { return a / b; }
float maximum(float a, float b) { return a > b || std::isnan(a) ? a : b; }
float negate(float a) { return -a; }
float same(float a) { return a; }

FloatLoop findFloatLoop(Operation *op) {
  return llvm::TypeSwitch<Operation *, FloatLoop>(op)
      .Case([](arith::AddFOp) { return binaryLoop<add>; })
      .Case([](arith::SubFOp) { return binaryLoop<subtract>; })
      .Case([](arith::MulFOp) { return binaryLoop<multiply>; })
      .Case([](arith::DivFOp) { return binaryLoop<divide>; })
      .Case([](arith::MaximumFOp) { return binaryLoop<maximum>; })
      .Case([](arith::NegFOp) { return unaryLoop<negate>; })
      .Case<arith::TruncFOp, arith::ExtFOp>([](Operation *) { return unaryLoop<same>; })
      .Case([](math::Exp2Op) { return unaryLoop<std::exp2>; })
      .Case([](math::FmaOp) { return fmaLoop; })
      .Default([](Operation *) { return nullptr; });
}

bool isShort(ElementType type) { return isFloat(type) && type != ElementType::F64; }

} // namespace

static void roundAll(RegisterTile &tile) {
  evaluator::Rounding rounding = evaluator::getRounding(tile.type, Precision::Unfused);
  if (tile.type == ElementType::F32)
    return;
  for (float &value : tile.floats)
    value = evaluator::roundTo(value, rounding);
}

static RegisterTileRef select(const RegisterTile &condition, TileOperand yes, TileOperand no, ElementType type) {
  auto result = std::make_shared<RegisterTile>(type, condition.shape);
  for (int64_t i = 0, e = condition.size(); i != e; ++i)
    result->floats[i] = condition.integers[i] ? yes.tile->floats[i] : no.tile->floats[i];
  return result;
}

static RegisterTileRef runLoop(FloatLoop loop, ElementType type, ArrayRef<TileOperand> operands) {
  auto result = std::make_shared<RegisterTile>(type, operands[0].tile->shape);
  const float *x[3];
  for (auto [pointer, operand] : llvm::zip(x, operands))
    pointer = operand.tile->floats.data();
  loop(result->size(), x, result->floats.data());
  roundAll(*result);
  return result;
}

llvm::Expected<RegisterTileRef> tiles::evaluateElementwise(Operation *op, ArrayRef<TileOperand> operands) {
  llvm::Expected<ScalarCall> call = getScalarCall(op);
  if (!call)
    return call.takeError();
  auto [function, context] = *call;
  if (isFloat(context.result) && !isShort(context.result))
    return evaluator::makeError(op, "computes tiles of f64, which the tile interpreter does not");
  const RegisterTile *shaped = nullptr;
  bool allTiles = true;
  for (TileOperand operand : operands) {
    allTiles &= operand.tile != nullptr;
    if (operand.tile && shaped && shaped->shape != operand.tile->shape)
      return evaluator::makeError(op, "has operands of which a thread holds different rows");
    shaped = operand.tile ? operand.tile : shaped;
  }
  if (allTiles && isShort(context.result) && isShort(context.source)) {
    if (FloatLoop loop = findFloatLoop(op))
      return runLoop(loop, context.result, operands);
    if (isa<arith::SelectOp>(op))
      return select(*operands[0].tile, operands[1], operands[2], context.result);
  }
  auto result = std::make_shared<RegisterTile>(context.result, shaped->shape);
  Number x[3];
  bool fault = false;
  for (int64_t i = 0, e = result->size(); i != e; ++i) {
    for (auto [number, operand] : llvm::zip(x, operands))
      number = operand.tile ? operand.tile->get(i) : operand.scalar;
    result->set(i, function(x, context, fault));
  }
  if (fault)
    return makeFault(op);
  return RegisterTileRef(std::move(result));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

namespace {
/// Combines elements in the order in which they come.
class Reduction {
public:
  Reduction(const RegisterTile &tile, cta::ReduceKind kind, ArrayRef<int64_t> shape)
      : tile(tile), isMaximum(kind == cta::ReduceKind::Maximum),
        result(std::make_shared<RegisterTile>(tile.type, shape)), isFirst(result->size(), true) {}

  void add(int64_t from, int64_t to) {
    if (tile.isFloat())
      combine(tile.floats[from], result->floats[to], isFirst[to]);
    else
      combine(tile.integers[from], result->integers[to], isFirst[to]);
    isFirst[to] = false;
  }
  RegisterTileRef take() {
    if (tile.isFloat())
      roundAll(*result);
    return std::move(result);
  }

private:
  template <typename T> void combine(T value, T &into, bool first) {
    bool isNan = value != value;
    into = first ? value : isMaximum ? (value > into || isNan ? value : into) : T(into + value);
  }

  const RegisterTile &tile;
  bool isMaximum;
  std::shared_ptr<RegisterTile> result;
  std::vector<char> isFirst;
};
} // namespace

RegisterTileRef tiles::reduce(const RegisterTile &tile, cta::ReduceKind kind, int64_t dim, bool partial) {
  constexpr int64_t lanesPerRow = 4;
  SmallVector<int64_t, 2> shape = tile.shape;
  if (partial)
    shape[1] = lanesPerRow;
  else
    shape.erase(shape.begin() + dim);
  if (shape.empty())
    shape.push_back(1);
  Reduction reduction(tile, kind, shape);
  int64_t cols = tile.cols();
  for (int64_t i = 0; i != tile.rows(); ++i)
    for (int64_t j = 0; j != cols; ++j)
      reduction.add(i * cols + j, partial ? i * lanesPerRow + j / 2 % lanesPerRow : dim == 0 ? j : i);
  return reduction.take();
}

RegisterTileRef tiles::broadcast(const RegisterTile &vector, int64_t dim, int64_t extent) {
  int64_t size = vector.size();
  SmallVector<int64_t, 2> shape =
      dim == 0 ? SmallVector<int64_t, 2>{extent, size} : SmallVector<int64_t, 2>{size, extent};
  auto result = std::make_shared<RegisterTile>(vector.type, shape);
  for (int64_t i = 0; i != shape[0]; ++i)
    for (int64_t j = 0; j != shape[1]; ++j) {
      int64_t from = dim == 0 ? j : i, to = i * shape[1] + j;
      if (vector.isFloat())
        result->floats[to] = vector.floats[from];
      else
        result->integers[to] = vector.integers[from];
    }
  return result;
}

void tiles::addProduct(int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *c) {
  for (int64_t i = 0; i != m; ++i)
    for (int64_t l = 0; l != k; ++l) {
      float factor = a[i * k + l];
      const float *row = b + l * n;
      float *sums = c + i * n;
      for (int64_t j = 0; j != n; ++j)
        sums[j] += factor * row[j];
    }
}
