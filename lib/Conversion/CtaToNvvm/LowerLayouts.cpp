//===- LowerLayouts.cpp - ops that only place elements ---------------------===//
//
//   %b = cta.broadcast %m dim 1 : tensor<128xf32, #row> -> tensor<128x128xf32, #acc>
// repeats the registers of %m. cta.splat repeats a scalar; cta.iota is a value of the thread plus a constant of the
// register; cta.convert_layout renames registers where that is enough.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

namespace {

struct LowerBroadcast final : KernelPattern<BroadcastOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(BroadcastOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto sourceType = cast<RankedTensorType>(op.getSource().getType());
    auto resultType = cast<RankedTensorType>(op.getResult().getType());
    RegisterLayout source = *getRegisterLayout(sourceType), result = *getRegisterLayout(resultType);
    llvm::DenseMap<int64_t, Value> elementAt;
    SmallVector<Value> elements = unpackElements(rewriter, op.getLoc(), sourceType, adaptor.getSource());
    for (auto [r, element] : llvm::enumerate(elements))
      elementAt.insert({source.apply({{Dim::Register, r}})[0], element});
    SmallVector<Value> results;
    for (int64_t r = 0, e = result.size(Dim::Register); r != e; ++r) {
      Value element = elementAt.lookup(result.apply({{Dim::Register, r}})[1 - op.getDim()]);
      if (!element)
        return op.emitOpError() << "would need values of other threads: " << sourceType << " is no slice of "
                                << resultType;
      results.push_back(element);
    }
    rewriter.replaceOpWithMultiple(op, {packElements(rewriter, op.getLoc(), resultType, results)});
    return success();
  }
};

struct LowerSplat final : KernelPattern<SplatOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(SplatOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    SmallVector<Value> elements(isPacked(type) ? 2 : getElementsPerThread(type), adaptor.getValue());
    SmallVector<Value> registers = packElements(rewriter, op.getLoc(), type, elements);
    if (isPacked(type))
      registers.assign(getElementsPerThread(type) / 2, registers.front());
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

struct LowerIota final : KernelPattern<IotaOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(IotaOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RegisterLayout layout = *getRegisterLayout(cast<RankedTensorType>(op.getResult().getType()));
    LayoutPosition position(layout, kernel.threadsOf(op));
    unsigned dim = op.getDim();
    if (!position.isSum(dim))
      return op.emitOpError() << "has a layout in which bits of coordinate " << dim << " depend on thread and register";
    Value base = position.ofThread(rewriter, loc, dim);
    SmallVector<Value> elements;
    for (int64_t r = 0, e = layout.size(Dim::Register); r != e; ++r) {
      // Never wraps, which lets comparisons move the constant to their other side.
      Value constant = i32Constant(rewriter, loc, position.ofRegister(r, dim));
      elements.push_back(arith::AddIOp::create(rewriter, loc, base, constant, arith::IntegerOverflowFlags::nsw));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

struct LowerConvertLayout final : KernelPattern<ConvertLayoutOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(ConvertLayoutOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto sourceType = cast<RankedTensorType>(op.getSource().getType());
    auto resultType = cast<RankedTensorType>(op.getResult().getType());
    RegisterLayout source = *getRegisterLayout(sourceType), result = *getRegisterLayout(resultType);
    std::optional<ConversionKind> kind = classifyConversion(source, result);
    if (kind != ConversionKind::RegistersOnly)
      return op.emitOpError() << "from " << sourceType.getEncoding() << " to " << resultType.getEncoding()
                              << " moves elements between threads, which is not supported";
    std::vector<int64_t> permutation = registerPermutation(source, result);
    ValueRange registers = adaptor.getSource();
    SmallVector<Value> results;
    // Pairs that stay pairs are renamed as such.
    bool pairs = isPacked(sourceType) && isPacked(resultType);
    for (size_t i = 0; pairs && i < permutation.size(); i += 2)
      pairs = permutation[i] % 2 == 0 && permutation[i + 1] == permutation[i] + 1;
    if (pairs) {
      for (size_t i = 0; i < permutation.size(); i += 2)
        results.push_back(registers[permutation[i] / 2]);
    } else {
      SmallVector<Value> elements = unpackElements(rewriter, loc, sourceType, registers);
      for (int64_t from : permutation)
        results.push_back(elements[from]);
      results = packElements(rewriter, loc, resultType, results);
    }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

} // namespace

void fovea::populateLayoutPatterns(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                                   RewritePatternSet &patterns) {
  patterns.add<LowerBroadcast, LowerSplat, LowerIota, LowerConvertLayout>(converter, patterns.getContext(), kernel);
}
