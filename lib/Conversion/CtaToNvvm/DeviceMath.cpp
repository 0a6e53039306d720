//===- DeviceMath.cpp - scalar mathematics as a GPU has it -----------------===//
//
//   %e = math.exp2 %x : f32          ex2.approx.ftz.f32
// Errors for f32, relative if not said otherwise; subnormal arguments and results of ex2, lg2, rcp and rsqrt count as
// 0:
//
//   exp2, exp            2^-22; exp also |x| 2^-23, from the rounding of x log2(e)
//   log2, log, log10     2^-21.6, absolute where |log2 x| < 1; log and log10 also half an ulp
//   tanh                 2^-10.9 (tanh.approx: one instruction, what a softcap needs)
//   sin, cos             2^-20.5 absolute, for |x| < 2^16; growing with |x| beyond
//   rsqrt                2^-22.4
//   powf                 that of exp2 and log2: |y log2 x| 2^-22
//   arith.divf           2 ulp; 1 / x: 1 ulp
//   sqrt, fma, abs, ...  exact, or rounded once
//
// f16 and bf16 compute in f32 and round. Nothing here takes f64 but what rounds once.
//
//===----------------------------------------------------------------------===//

#include "DeviceMath.h"
#include "InlinePtx.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace fovea;

namespace {

/// f32 arithmetic at a place.
class FloatBuilder {
public:
  FloatBuilder(OpBuilder &builder, Location loc) : builder(builder), loc(loc), f32(builder.getF32Type()) {}

  Value constant(double value) { return LLVM::ConstantOp::create(builder, loc, f32, builder.getF32FloatAttr(value)); }
  Value mul(Value a, Value b) { return LLVM::FMulOp::create(builder, loc, a, b); }
  Value fma(Value a, Value b, Value c) { return LLVM::FMAOp::create(builder, loc, a, b, c); }
  /// An instruction of one or two operands.
  Value instruction(StringRef name, ValueRange operands) {
    InlinePtx ptx(builder, loc);
    std::string text = (name + " " + ptx.output(f32)).str();
    for (Value operand : operands)
      text += ", " + ptx.input(operand);
    return ptx.emit(text + ";", InlinePtx::Effect::None)[0];
  }

  Value exp2(Value x) { return instruction("ex2.approx.ftz.f32", x); }
  Value log2(Value x) { return instruction("lg2.approx.ftz.f32", x); }
  /// x minus the nearest multiple of 2 pi, in three parts.
  Value reduceAngle(Value x) {
    Value turns = LLVM::RoundEvenOp::create(builder, loc, mul(x, constant(0.15915494309189535)));
    Value rest = fma(turns, constant(-6.28125), x);
    rest = fma(turns, constant(-1.9353071693331003e-3), rest);
    return fma(turns, constant(-1.0253131677018246e-11), rest);
  }
  /// |x|^y, with the sign of x where y is odd; NaN where x < 0 and y is no integer; 1 where y is 0.
  Value power(Value x, Value y) {
    Value zero = constant(0);
    Value magnitude = exp2(mul(y, log2(LLVM::FAbsOp::create(builder, loc, x))));
    Value half = mul(y, constant(0.5));
    Value isWhole = equal(LLVM::FFloorOp::create(builder, loc, y), y);
    Value isEven = equal(LLVM::FFloorOp::create(builder, loc, half), half);
    Value negated =
        LLVM::SelectOp::create(builder, loc, isEven, magnitude, LLVM::FNegOp::create(builder, loc, magnitude));
    Value ofNegative =
        LLVM::SelectOp::create(builder, loc, isWhole, negated, constant(std::numeric_limits<double>::quiet_NaN()));
    Value isNegative = LLVM::FCmpOp::create(builder, loc, LLVM::FCmpPredicate::olt, x, zero);
    Value result = LLVM::SelectOp::create(builder, loc, isNegative, ofNegative, magnitude);
    return LLVM::SelectOp::create(builder, loc, equal(y, zero), constant(1), result);
  }

private:
  Value equal(Value a, Value b) { return LLVM::FCmpOp::create(builder, loc, LLVM::FCmpPredicate::oeq, a, b); }

  OpBuilder &builder;
  Location loc;
  Type f32;
};

/// What an op computes from its f32 operands.
template <typename OpT> Value compute(FloatBuilder &build, ValueRange x);

template <> Value compute<math::Exp2Op>(FloatBuilder &build, ValueRange x) { return build.exp2(x[0]); }
template <> Value compute<math::ExpOp>(FloatBuilder &build, ValueRange x) {
  return build.exp2(build.mul(x[0], build.constant(1.4426950408889634)));
}
template <> Value compute<math::Log2Op>(FloatBuilder &build, ValueRange x) { return build.log2(x[0]); }
template <> Value compute<math::LogOp>(FloatBuilder &build, ValueRange x) {
  return build.mul(build.log2(x[0]), build.constant(0.6931471805599453));
}
template <> Value compute<math::Log10Op>(FloatBuilder &build, ValueRange x) {
  return build.mul(build.log2(x[0]), build.constant(0.3010299956639812));
}
template <> Value compute<math::TanhOp>(FloatBuilder &build, ValueRange x) {
  return build.instruction("tanh.approx.f32", x[0]);
}
template <> Value compute<math::SinOp>(FloatBuilder &build, ValueRange x) {
  return build.instruction("sin.approx.f32", build.reduceAngle(x[0]));
}
template <> Value compute<math::CosOp>(FloatBuilder &build, ValueRange x) {
  return build.instruction("cos.approx.f32", build.reduceAngle(x[0]));
}
template <> Value compute<math::RsqrtOp>(FloatBuilder &build, ValueRange x) {
  return build.instruction("rsqrt.approx.ftz.f32", x[0]);
}
template <> Value compute<math::PowFOp>(FloatBuilder &build, ValueRange x) { return build.power(x[0], x[1]); }
template <> Value compute<arith::DivFOp>(FloatBuilder &build, ValueRange x) {
  if (matchPattern(x[0], m_OneFloat()))
    return build.instruction("rcp.approx.ftz.f32", x[1]);
  return build.instruction("div.full.f32", x);
}

template <typename OpT> struct LowerToF32 final : ConvertOpToLLVMPattern<OpT> {
  using ConvertOpToLLVMPattern<OpT>::ConvertOpToLLVMPattern;

  LogicalResult matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = op.getType();
    auto isSmall = [](Type type) { return type.isF16() || type.isBF16(); };
    if (!type.isF32() && !isSmall(type))
      return rewriter.notifyMatchFailure(op, "is not of f32 or less");
    Location loc = op.getLoc();
    Type f32 = rewriter.getF32Type();
    SmallVector<Value> operands;
    for (Value operand : adaptor.getOperands())
      operands.push_back(type.isF32() ? operand : LLVM::FPExtOp::create(rewriter, loc, f32, operand).getResult());
    FloatBuilder build(rewriter, loc);
    Value result = compute<OpT>(build, operands);
    rewriter.replaceOp(op, type.isF32() ? result : LLVM::FPTruncOp::create(rewriter, loc, type, result).getResult());
    return success();
  }
};

/// Ops that compute by approximation: f32 or less.
using Approximated = std::tuple<math::Exp2Op, math::ExpOp, math::Log2Op, math::LogOp, math::Log10Op, math::TanhOp,
                                math::SinOp, math::CosOp, math::RsqrtOp, math::PowFOp>;
/// Ops that the instruction set has, which upstream's patterns make llvm intrinsics of.
using Native = std::tuple<math::FmaOp, math::AbsFOp, math::AbsIOp, math::SqrtOp, math::FloorOp, math::CeilOp,
                          math::TruncOp, math::RoundOp, math::RoundEvenOp, math::CopySignOp>;

template <typename... OpTs> bool isOneOf(Operation *op, const std::tuple<OpTs...> *) { return isa<OpTs...>(op); }

template <typename... OpTs>
void addPatterns(const LLVMTypeConverter &converter, RewritePatternSet &patterns, const std::tuple<OpTs...> *) {
  patterns.add<LowerToF32<OpTs>...>(converter, /*benefit=*/2);
}

} // namespace

LogicalResult fovea::checkDeviceMath(Operation *root) {
  WalkResult result = root->walk([](Operation *op) {
    if (!isa_and_nonnull<math::MathDialect>(op->getDialect()))
      return WalkResult::advance();
    if (isOneOf(op, static_cast<Native *>(nullptr)))
      return WalkResult::advance();
    if (!isOneOf(op, static_cast<Approximated *>(nullptr))) {
      op->emitOpError("has no device form");
      return WalkResult::interrupt();
    }
    if (getElementTypeOrSelf(op->getResult(0).getType()).isF64()) {
      op->emitOpError("has no device form in f64");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void fovea::populateDeviceMathPatterns(const LLVMTypeConverter &converter, RewritePatternSet &patterns) {
  addPatterns(converter, patterns, static_cast<Approximated *>(nullptr));
  patterns.add<LowerToF32<arith::DivFOp>>(converter, /*benefit=*/2);
}
