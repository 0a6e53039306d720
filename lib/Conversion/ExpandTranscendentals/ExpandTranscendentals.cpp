//===- ExpandTranscendentals.cpp - exponentials without calls -------------===//
//
//   math.exp2 %x : vector<16xf32>     ->     f = x - floor(x); p(f) * 2^floor(x)
//
// p is a minimax polynomial of 2^f on [0, 1): degree 6 for f32 (relative error 6.3e-8 and 2^0 = 1, so
// that a softmax over one element is 1 and its logarithm 0), degree 11 for f64 (1.5e-16 as
// evaluated). With `fastmath<afn>` it has degree 4 in f32 (2.7e-6). Underflow is gradual or to zero, -inf gives exactly
// 0, +inf gives +inf, NaN stays NaN.
//
// math.fma becomes what the machine has: one instruction, or a multiplication and an addition.
//
// With AVX-512, x - floor(x) is one instruction (vreduceps) and so is p * 2^floor(x) (vscalefps), and both do the right
// thing at the ends of the range. Otherwise the power of two is put together in the exponent bits.
//
// The other functions of f32 (exp, log, tanh, ...) are upstream's polynomial approximations; those of f64 and tanh are
// derived from exp2 and the identities below.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace fovea {
#define GEN_PASS_DEF_EXPANDTRANSCENDENTALSPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

namespace {

/// Coefficients of 2^f on [0, 1), constant term first.
constexpr double exp2Degree4[] = {0x1.00002cp+0, 0x1.62d166p-1, 0x1.ee798ap-3, 0x1.aa13f0p-5, 0x1.bb7cd4p-7};
constexpr double exp2Degree6[] = {0x1p+0,        0x1.62e430p-1,  0x1.ebfc3ep-3, 0x1.c69f98p-5,
                                  0x1.3c487cp-7, 0x1.4cb7b0p-10, 0x1.b49554p-13};
constexpr double exp2Degree11[] = {0x1p+0,
                                   0x1.62e42fefa39fap-1,
                                   0x1.ebfbdff82bd67p-3,
                                   0x1.c6b08d7070085p-5,
                                   0x1.3b2ab6f5ef905p-7,
                                   0x1.5d87ff7b78a76p-10,
                                   0x1.4308f5f51db7ep-13,
                                   0x1.ffd042008e366p-17,
                                   0x1.628a9b2661495p-20,
                                   0x1.b895fab031272p-24,
                                   0x1.c1546b0b891a7p-28,
                                   0x1.5a6d6b99eb4a1p-31};

/// log2(e) less its nearest f32 and f64.
constexpr double log2eRest32 = llvm::numbers::log2e - double(float(llvm::numbers::log2e));
constexpr double log2eRest64 = 0x1.777d0ffda0d24p-56;

/// Arithmetic on a float scalar or vector type.
struct FloatBuilder {
  OpBuilder &builder;
  Location loc;
  Type type;
  bool approximate = false; ///< afn

  FloatType element() const { return cast<FloatType>(getElementTypeOrSelf(type)); }
  bool isDouble() const { return element().isF64(); }
  Type integerType() const {
    Type integer = builder.getIntegerType(element().getWidth());
    if (auto vector = dyn_cast<VectorType>(type))
      return VectorType::get(vector.getShape(), integer, vector.getScalableDims());
    return integer;
  }
  Value constant(double value) const {
    TypedAttr scalar = builder.getFloatAttr(element(), value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(vector, Attribute(scalar)));
    return arith::ConstantOp::create(builder, loc, scalar);
  }
  Value integer(int64_t value) const {
    Type type = integerType();
    TypedAttr scalar = builder.getIntegerAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(vector, Attribute(scalar)));
    return arith::ConstantOp::create(builder, loc, scalar);
  }
  template <typename OpTy> Value make(Value a, Value b) const { return OpTy::create(builder, loc, a, b); }
  Value fma(Value a, Value b, Value c) const { return math::FmaOp::create(builder, loc, a, b, c); }
  Value compare(arith::CmpFPredicate predicate, Value a, Value b) const {
    return arith::CmpFOp::create(builder, loc, predicate, a, b);
  }
  Value select(Value condition, Value a, Value b) const {
    return arith::SelectOp::create(builder, loc, condition, a, b);
  }
  Value polynomial(Value x, ArrayRef<double> coefficients) const {
    Value result = constant(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      result = fma(result, x, constant(coefficient));
    return result;
  }
  Value exp2Polynomial(Value fraction) const {
    if (isDouble())
      return polynomial(fraction, exp2Degree11);
    return approximate ? polynomial(fraction, exp2Degree4) : polynomial(fraction, exp2Degree6);
  }
};

/// Whether `type` fills a 512-bit register.
bool isFullAvx512(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getRank() != 1 || vector.isScalable())
    return false;
  return vector.getElementTypeBitWidth() * vector.getNumElements() == 512;
}

Value exp2Avx512(const FloatBuilder &b, Value x) {
  OpBuilder &builder = b.builder;
  Location loc = b.loc;
  auto i32 = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), builder.getI32IntegerAttr(value));
  };
  Type maskType = builder.getIntegerType(b.isDouble() ? 8 : 16);
  Value all = LLVM::ConstantOp::create(builder, loc, maskType, builder.getIntegerAttr(maskType, -1));
  Value currentRounding = i32(4), floorFraction = i32(1);
  std::string suffix = b.isDouble() ? "pd.512" : "ps.512";
  Value fraction = LLVM::CallIntrinsicOp::create(builder, loc, b.type,
                                                 builder.getStringAttr("llvm.x86.avx512.mask.reduce." + suffix),
                                                 ValueRange{x, floorFraction, x, all, currentRounding})
                       .getResult(0);
  Value power = b.exp2Polynomial(fraction);
  return LLVM::CallIntrinsicOp::create(builder, loc, b.type,
                                       builder.getStringAttr("llvm.x86.avx512.mask.scalef." + suffix),
                                       ValueRange{power, x, power, all, currentRounding})
      .getResult(0);
}

Value exp2Portable(const FloatBuilder &b, Value x) {
  // 2^floor(x) is made of two normal factors, so that results below the smallest normal number are reached gradually.
  int64_t mantissa = b.isDouble() ? 52 : 23, bias = b.isDouble() ? 1023 : 127;
  double lowest = b.isDouble() ? -1080.0 : -152.0, highest = b.isDouble() ? 1025.0 : 129.0;
  Value clamped = b.make<arith::MinNumFOp>(b.make<arith::MaxNumFOp>(x, b.constant(lowest)), b.constant(highest));
  // Adding 1.5 * 2^mantissa leaves no room for a fraction. An instruction for this exists on most machines, but where
  // it does not LLVM calls a function for each lane.
  Value shift = b.constant(std::ldexp(1.5, static_cast<int>(mantissa)));
  Value rounded = b.make<arith::SubFOp>(b.make<arith::AddFOp>(clamped, shift), shift);
  Value above = b.compare(arith::CmpFPredicate::OGT, rounded, clamped);
  Value floor = b.make<arith::SubFOp>(rounded, b.select(above, b.constant(1.0), b.constant(0.0)));
  Value power = b.exp2Polynomial(b.make<arith::SubFOp>(clamped, floor));
  Value exponent = arith::FPToSIOp::create(b.builder, b.loc, b.integerType(), floor);
  Value half = b.make<arith::ShRSIOp>(exponent, b.integer(1));
  Value rest = b.make<arith::SubIOp>(exponent, half);
  for (Value part : {half, rest}) {
    Value bits = b.make<arith::ShLIOp>(b.make<arith::AddIOp>(part, b.integer(bias)), b.integer(mantissa));
    power = b.make<arith::MulFOp>(power, arith::BitcastOp::create(b.builder, b.loc, b.type, bits));
  }
  return b.select(b.compare(arith::CmpFPredicate::UNO, x, x), x, power);
}

struct ExpandExp2 final : OpRewritePattern<math::Exp2Op> {
  ExpandExp2(MLIRContext *context, bool avx512) : OpRewritePattern(context, /*benefit=*/2), avx512(avx512) {}
  LogicalResult matchAndRewrite(math::Exp2Op op, PatternRewriter &rewriter) const override {
    bool approximate = arith::bitEnumContainsAny(op.getFastmath(), arith::FastMathFlags::afn);
    FloatBuilder b{rewriter, op.getLoc(), op.getType(), approximate};
    if (!b.element().isF32() && !b.element().isF64())
      return rewriter.notifyMatchFailure(op, "only f32 and f64 have a polynomial; narrower types are widened first");
    bool native = avx512 && isFullAvx512(op.getType());
    rewriter.replaceOp(op, native ? exp2Avx512(b, op.getOperand()) : exp2Portable(b, op.getOperand()));
    return success();
  }
  bool avx512;
};

/// exp(x) = exp2(x * log2(e)), with the rounding errors of the constant and of the product put back:
/// exp2(y + e) = exp2(y) * (1 + e ln 2).
struct ExpandExp final : OpRewritePattern<math::ExpOp> {
  ExpandExp(MLIRContext *context) : OpRewritePattern(context, /*benefit=*/2) {}
  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &rewriter) const override {
    FloatBuilder b{rewriter, op.getLoc(), op.getType()};
    if (!b.element().isF32() && !b.element().isF64())
      return rewriter.notifyMatchFailure(op, "only f32 and f64 have a polynomial");
    Value x = op.getOperand();
    Value log2e = b.constant(llvm::numbers::log2e);
    Value y = b.make<arith::MulFOp>(x, log2e);
    Value error = b.fma(x, log2e, arith::NegFOp::create(rewriter, op.getLoc(), y));
    error = b.fma(x, b.constant(b.isDouble() ? log2eRest64 : log2eRest32), error);
    // Infinite products have no error to put back.
    Value bounded = b.compare(arith::CmpFPredicate::OLT, math::AbsFOp::create(rewriter, op.getLoc(), y),
                              b.constant(b.isDouble() ? 2000.0 : 200.0));
    Value correction =
        b.fma(b.select(bounded, error, b.constant(0.0)), b.constant(llvm::numbers::ln2), b.constant(1.0));
    Value power = math::Exp2Op::create(rewriter, op.getLoc(), y);
    rewriter.replaceOp(op, b.make<arith::MulFOp>(power, correction));
    return success();
  }
};

/// tanh(x) = sign(x) * (1 - e) / (1 + e), e = exp(-2|x|). Absolute error a few units in the last place of 1.
struct ExpandTanh final : OpRewritePattern<math::TanhOp> {
  ExpandTanh(MLIRContext *context) : OpRewritePattern(context, /*benefit=*/2) {}
  LogicalResult matchAndRewrite(math::TanhOp op, PatternRewriter &rewriter) const override {
    FloatBuilder b{rewriter, op.getLoc(), op.getType()};
    if (!b.isDouble())
      return rewriter.notifyMatchFailure(op, "f32 has upstream's approximation");
    Value x = op.getOperand(), one = b.constant(1.0);
    Value magnitude = math::AbsFOp::create(rewriter, op.getLoc(), x);
    Value e = math::ExpOp::create(rewriter, op.getLoc(), b.make<arith::MulFOp>(magnitude, b.constant(-2.0)));
    Value quotient = b.make<arith::DivFOp>(b.make<arith::SubFOp>(one, e), b.make<arith::AddFOp>(one, e));
    rewriter.replaceOpWithNewOp<math::CopySignOp>(op, quotient, x);
    return success();
  }
};

/// A machine without the instruction multiplies and adds; math.fma, which rounds once, would call a function for each
/// lane there.
struct LowerFma final : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FmaOp op, PatternRewriter &rewriter) const override {
    Type type = op.getType(), element = getElementTypeOrSelf(type);
    auto vector = dyn_cast<VectorType>(type);
    if ((vector && vector.getRank() != 1) || (!element.isF32() && !element.isF64()))
      return rewriter.notifyMatchFailure(op, "not a number or a vector of f32 or f64");
    rewriter.replaceOpWithNewOp<LLVM::FMulAddOp>(op, op.getA(), op.getB(), op.getC());
    return success();
  }
};

struct ExpandTranscendentalsPass final : fovea::impl::ExpandTranscendentalsPassBase<ExpandTranscendentalsPass> {
  using Base::Base;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExp2>(&getContext(), avx512);
    patterns.add<ExpandExp, ExpandTanh, LowerFma>(&getContext());
    populateMathPolynomialApproximationPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
