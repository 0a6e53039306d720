//===- RegisterTiles.cpp - elementwise ops on the registers of a thread ----===//
//
//   %c = arith.addf %a, %b : tensor<128xf32, #row>
// becomes, with two elements per thread,
//   %c0 = arith.addf %a0, %b0 : f32
//   %c1 = arith.addf %a1, %b1 : f32
//
//===----------------------------------------------------------------------===//

#include "RegisterTiles.h"
#include "InlinePtx.h"
#include "ProgramThreads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

bool fovea::isPacked(RankedTensorType type) {
  Type element = type.getElementType();
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() == 16 &&
         isa_and_nonnull<MmaAttr, OperandAAttr>(type.getEncoding());
}

SmallVector<Value> fovea::unpackElements(OpBuilder &builder, Location loc, RankedTensorType type,
                                         ValueRange registers) {
  if (!isPacked(type))
    return SmallVector<Value>(registers);
  SmallVector<Value> elements;
  Type i16 = builder.getI16Type();
  for (Value pair : registers) {
    Value high = arith::ShRUIOp::create(builder, loc, pair, i32Constant(builder, loc, 16));
    for (Value half : {pair, high})
      elements.push_back(arith::BitcastOp::create(builder, loc, type.getElementType(),
                                                  arith::TruncIOp::create(builder, loc, i16, half)));
  }
  return elements;
}

SmallVector<Value> fovea::packElements(OpBuilder &builder, Location loc, RankedTensorType type, ValueRange elements) {
  if (!isPacked(type))
    return SmallVector<Value>(elements);
  SmallVector<Value> registers;
  Type i16 = builder.getI16Type(), i32 = builder.getI32Type();
  auto bits = [&](Value element) -> Value {
    return arith::ExtUIOp::create(builder, loc, i32, arith::BitcastOp::create(builder, loc, i16, element));
  };
  for (size_t i = 0; i < elements.size(); i += 2) {
    Value high = arith::ShLIOp::create(builder, loc, bits(elements[i + 1]), i32Constant(builder, loc, 16));
    registers.push_back(arith::OrIOp::create(builder, loc, bits(elements[i]), high));
  }
  return registers;
}

Value fovea::convertPair(OpBuilder &builder, Location loc, Type element, Value low, Value high) {
  InlinePtx ptx(builder, loc);
  std::string pair = ptx.output(builder.getI32Type());
  std::string second = ptx.input(high), first = ptx.input(low);
  StringRef format = element.isBF16() ? "bf16x2" : "f16x2";
  return ptx.emit(("cvt.rn." + format + ".f32 " + pair + ", " + second + ", " + first + ";").str(),
                  InlinePtx::Effect::None)[0];
}

RegisterTypeConverter::RegisterTypeConverter() {
  addConversion([](Type type) { return type; });
  addConversion([](RankedTensorType type, SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
    std::optional<RegisterLayout> layout = getRegisterLayout(type);
    if (!layout)
      return failure();
    int64_t count = layout->size(Dim::Register);
    if (isPacked(type))
      results.append(count / 2, IntegerType::get(type.getContext(), 32));
    else
      results.append(count, type.getElementType());
    return success();
  });
  addConversion([this](InflightType type, SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
    return convertType(type.getTensorType(), results);
  });
  addConversion([](TileType type) -> Type { return IntegerType::get(type.getContext(), 32); });
  auto cast = [](OpBuilder &builder, Type type, ValueRange values, Location loc) -> Value {
    return UnrealizedConversionCastOp::create(builder, loc, type, values).getResult(0);
  };
  addSourceMaterialization(cast);
  addTargetMaterialization(cast);
}

namespace {

/// Any elementwise op of arith and math.
struct LowerElementwise final : ConversionPattern {
  LowerElementwise(const RegisterTypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<ValueRange> operands,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumRegions() != 0 || op->getNumResults() != 1)
      return rewriter.notifyMatchFailure(op, "is not elementwise");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "computes no register tile");
    Location loc = op->getLoc();
    SmallVector<SmallVector<Value>> elements;
    for (auto [operand, registers] : llvm::zip_equal(op->getOperands(), operands)) {
      if (auto tile = dyn_cast<RankedTensorType>(operand.getType()))
        elements.push_back(unpackElements(rewriter, loc, tile, registers));
      else
        elements.emplace_back(getElementsPerThread(type), registers.front());
    }
    SmallVector<Value> results;
    for (int64_t i = 0, e = getElementsPerThread(type); i != e; ++i) {
      OperationState state(loc, op->getName());
      for (ArrayRef<Value> operand : elements)
        state.addOperands(operand[i]);
      state.addTypes(type.getElementType());
      state.addAttributes(op->getAttrs());
      results.push_back(rewriter.create(state)->getResult(0));
    }
    rewriter.replaceOpWithMultiple(op, {packElements(rewriter, loc, type, results)});
    return success();
  }
};

struct LowerConstant final : OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::ConstantOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "is a scalar");
    auto value = dyn_cast<SplatElementsAttr>(op.getValue());
    if (!value)
      return op.emitOpError("differs from element to element, which no register tile of constants can");
    Location loc = op.getLoc();
    Value element;
    if (isPacked(type)) {
      uint64_t bits = value.getSplatValue<APFloat>().bitcastToAPInt().getZExtValue();
      element = i32Constant(rewriter, loc, static_cast<int32_t>(bits << 16 | bits));
    } else {
      element = arith::ConstantOp::create(rewriter, loc, cast<TypedAttr>(value.getSplatValue<Attribute>()));
    }
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertType(type, types)))
      return failure();
    rewriter.replaceOpWithMultiple(op, {SmallVector<Value>(types.size(), element)});
    return success();
  }
};

/// f32 to pairs: one instruction each.
struct LowerTruncF final : OpConversionPattern<arith::TruncFOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    auto source = dyn_cast<RankedTensorType>(op.getIn().getType());
    if (!type || !isPacked(type) || !source.getElementType().isF32() ||
        op.getRoundingmode().value_or(arith::RoundingMode::to_nearest_even) != arith::RoundingMode::to_nearest_even)
      return rewriter.notifyMatchFailure(op, "does not round f32 to pairs");
    ValueRange elements = adaptor.getIn();
    SmallVector<Value> pairs;
    for (size_t i = 0; i < elements.size(); i += 2)
      pairs.push_back(convertPair(rewriter, op.getLoc(), type.getElementType(), elements[i], elements[i + 1]));
    rewriter.replaceOpWithMultiple(op, {pairs});
    return success();
  }
};

/// The bits of a bf16 are the high half of the f32.
struct LowerExtF final : OpConversionPattern<arith::ExtFOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto source = dyn_cast<RankedTensorType>(op.getIn().getType());
    if (!source || !isPacked(source) || !source.getElementType().isBF16() ||
        !getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "does not widen pairs of bf16 to f32");
    Location loc = op.getLoc();
    SmallVector<Value> elements;
    for (Value pair : adaptor.getIn()) {
      Value low = arith::ShLIOp::create(rewriter, loc, pair, i32Constant(rewriter, loc, 16));
      Value high = arith::AndIOp::create(rewriter, loc, pair, i32Constant(rewriter, loc, -0x10000));
      for (Value bits : {low, high})
        elements.push_back(arith::BitcastOp::create(rewriter, loc, rewriter.getF32Type(), bits));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

} // namespace

void fovea::populateElementwisePatterns(const RegisterTypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<LowerElementwise>(converter, patterns.getContext());
  patterns.add<LowerConstant, LowerTruncF, LowerExtF>(converter, patterns.getContext(), /*benefit=*/2);
}
