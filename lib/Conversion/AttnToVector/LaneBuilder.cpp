//===- LaneBuilder.cpp - scalars and vectors of one lane count ------------===//

#include "LaneBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace fovea;

Value LaneBuilder::index(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }

static std::optional<int64_t> constantIndex(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantIndexOp>();
  return constant ? std::optional<int64_t>(constant.value()) : std::nullopt;
}

Value LaneBuilder::add(Value a, Value b) {
  std::optional<int64_t> x = constantIndex(a), y = constantIndex(b);
  if (x && y)
    return index(*x + *y);
  if (x && *x == 0)
    return b;
  if (y && *y == 0)
    return a;
  return arith::AddIOp::create(builder, loc, a, b);
}

Value LaneBuilder::sub(Value a, Value b) { return builder.createOrFold<arith::SubIOp>(loc, a, b); }

Value LaneBuilder::scalar(double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}

Value LaneBuilder::splat(double value) {
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(vectorType(), Attribute(builder.getFloatAttr(type, value))));
}

Value LaneBuilder::negInf() { return splat(-std::numeric_limits<double>::infinity()); }

Value LaneBuilder::broadcast(Value value) {
  if (isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(builder, loc, vectorOf(value.getType()), value);
}

Value LaneBuilder::broadcastPair(Value buffer, ValueRange indices) {
  Type bf16 = builder.getBF16Type(), word = builder.getI32Type();
  Value pair = vector::LoadOp::create(builder, loc, VectorType::get({2}, bf16), buffer, indices);
  Value dword = vector::BitCastOp::create(builder, loc, VectorType::get({1}, word), pair);
  dword = vector::BroadcastOp::create(builder, loc, vectorOf(word), dword);
  return vector::BitCastOp::create(builder, loc, VectorType::get({2 * lanes}, bf16), dword);
}

Value LaneBuilder::lanePositions(Value base) {
  SmallVector<int64_t> positions = llvm::to_vector(llvm::seq<int64_t>(0, lanes));
  VectorType vectorType = vectorOf(builder.getIndexType());
  Value iota = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(vectorType, llvm::map_to_vector(positions, [](int64_t p) { return APInt(64, p); })));
  return arith::AddIOp::create(builder, loc, broadcast(base), iota);
}

Value LaneBuilder::load(Value buffer, ValueRange indices) {
  return vector::LoadOp::create(builder, loc, vectorOf(getElementTypeOrSelf(buffer.getType())), buffer, indices);
}

void LaneBuilder::store(Value vector, Value buffer, ValueRange indices) {
  vector::StoreOp::create(builder, loc, vector, buffer, indices);
}

Value LaneBuilder::loadScalar(Value buffer, ValueRange indices) {
  return toCompute(memref::LoadOp::create(builder, loc, buffer, indices));
}

static Type withElement(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return VectorType::get(vector.getShape(), element);
  return element;
}

Value LaneBuilder::toCompute(Value value) { return fromCompute(value, type); }

Value LaneBuilder::fromCompute(Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  Type to = withElement(value.getType(), element);
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(builder, loc, to, value);
  return arith::TruncFOp::create(builder, loc, to, value);
}

Value LaneBuilder::mul(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }

Value LaneBuilder::fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, loc, a, b, c); }

Value LaneBuilder::max(Value a, Value b) {
  if (maxKeepsNaN)
    return arith::MaximumFOp::create(builder, loc, a, b);
  Value greater = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(builder, loc, greater, a, b);
}

Value LaneBuilder::guarded(Value reference) {
  Value empty = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, reference, negInf());
  return arith::SelectOp::create(builder, loc, empty, splat(0.0), reference);
}

Value LaneBuilder::exponential(Value x, bool baseTwo, bool approximate) {
  if (!baseTwo)
    x = mul(x, isa<VectorType>(x.getType()) ? splat(llvm::numbers::log2e) : scalar(llvm::numbers::log2e));
  return math::Exp2Op::create(builder, loc, x, approximate ? arith::FastMathFlags::afn : arith::FastMathFlags::none);
}

Value LaneBuilder::weight(Value x, bool baseTwo) {
  Value exponent = baseTwo ? x : mul(x, splat(llvm::numbers::log2e));
  Value smallest = splat(llvm::APFloat::semanticsMinExponent(type.getFloatSemantics()));
  Value subnormal = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, exponent, smallest);
  return arith::SelectOp::create(builder, loc, subnormal, splat(0.0), exponential(exponent, /*baseTwo=*/true));
}

Value LaneBuilder::maxAcross(Value vector) {
  // Halves against each other: upstream's reduction goes from lane to lane, which takes several times as long.
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    SmallVector<int64_t> other;
    for (int64_t lane = 0; lane != lanes; ++lane)
      other.push_back((lane + half) % lanes);
    vector = max(vector, vector::ShuffleOp::create(builder, loc, vector, vector, other));
  }
  return vector::ExtractOp::create(builder, loc, vector, ArrayRef<int64_t>{0});
}

SmallVector<Value> LaneBuilder::loop(Value begin, Value end, int64_t step, ValueRange init,
                                     function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  // The loop first and then its body, which may look for what is around it (makeScratch).
  auto forOp = scf::ForOp::create(builder, loc, begin, end, index(step), init);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(forOp.getBody());
  SmallVector<Value> next = body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(builder, loc, next);
  return llvm::to_vector_of<Value>(forOp.getResults());
}

SmallVector<Value> LaneBuilder::either(Value condition, TypeRange types, function_ref<SmallVector<Value>()> yes,
                                       function_ref<SmallVector<Value>()> no) {
  if (std::optional<int64_t> constant = getConstantIntValue(condition))
    return *constant ? yes() : no();
  auto branch = scf::IfOp::create(builder, loc, types, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  for (auto [block, body] : {std::pair(branch.thenBlock(), yes), std::pair(branch.elseBlock(), no)}) {
    builder.setInsertionPointToStart(block);
    SmallVector<Value> results = body();
    if (!types.empty())
      scf::YieldOp::create(builder, loc, results);
  }
  return llvm::to_vector_of<Value>(branch.getResults());
}

void LaneBuilder::either(Value condition, function_ref<void()> yes, function_ref<void()> no) {
  auto withoutResults = [](function_ref<void()> body) {
    return [body] {
      body();
      return SmallVector<Value>();
    };
  };
  either(condition, TypeRange(), withoutResults(yes), withoutResults(no));
}

void LaneBuilder::when(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}

Value fovea::makeScratch(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, Type element) {
  Operation *scope = builder.getInsertionBlock()->getParentOp();
  while (!isa<scf::ForallOp, FunctionOpInterface>(scope))
    scope = scope->getParentOp();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&scope->getRegion(0).front());
  return memref::AllocaOp::create(builder, loc, MemRefType::get(shape, element), builder.getI64IntegerAttr(64));
}
