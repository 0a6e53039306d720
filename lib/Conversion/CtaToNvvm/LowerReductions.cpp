//===- LowerReductions.cpp - cta.reduce and cta.any ------------------------===//
//
//   %m = cta.reduce maximum %s dim 1 : tensor<128x128xf32, #acc> -> tensor<128xf32, #row>
// becomes, for each of the two rows of a thread, two chains of arith.maximumf over its 32 columns, and
//   %t = nvvm.shfl.sync bfly ... 1     and     ... 2
// between the four lanes of a row. Which registers and lanes meet is read off the layouts.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

namespace {

constexpr uint32_t allLanes = 0xFFFFFFFF;

/// What is reduced into one register of the result: the registers of the source, by column.
using Group = SmallVector<int64_t>;

/// Which registers of `source` make each register of `result`, and over which bits of the lane. Nothing, with the
/// reason, if other warps hold a part.
std::optional<SmallVector<Group>> groupRegisters(const RegisterLayout &source, const RegisterLayout &result,
                                                 unsigned dim, bool partial, SmallVectorImpl<unsigned> &laneBits,
                                                 std::string &whyNot) {
  Dim reduced = coordinate(dim), kept = coordinate(1 - dim);
  const LinearLayout &piece = source.piece();
  for (unsigned bit = 0; int64_t(1) << bit < piece.inputSize(Dim::Warp); ++bit)
    if (piece.basis(Dim::Warp, bit, reduced) != 0)
      whyNot = "several warps hold a part of what is reduced";
  for (const RegisterLayout::Repeat &repeat : source.repeats())
    if (repeat.in != Dim::Register && repeat.out == reduced)
      whyNot = "several warps hold a part of what is reduced";
  for (unsigned bit = 0; int64_t(1) << bit < piece.inputSize(Dim::Lane); ++bit) {
    if (piece.basis(Dim::Lane, bit, reduced) == 0)
      continue;
    if (piece.basis(Dim::Lane, bit, kept) != 0)
      whyNot = "a bit of the lane moves both coordinates";
    if (!partial)
      laneBits.push_back(bit);
  }
  if (!whyNot.empty())
    return std::nullopt;

  SmallVector<Group> groups(result.size(Dim::Register));
  SmallVector<std::pair<int64_t, int64_t>> order; // (position along the reduced dim, register)
  for (int64_t r = 0, e = source.size(Dim::Register); r != e; ++r)
    order.push_back({source.apply({{Dim::Register, r}})[dim], r});
  llvm::sort(order);
  for (int64_t i = 0, e = groups.size(); i != e; ++i) {
    int64_t position = result.apply({{Dim::Register, i}})[partial ? 1 - dim : 0];
    for (auto [along, r] : order)
      if (source.apply({{Dim::Register, r}})[1 - dim] == position)
        groups[i].push_back(r);
    if (groups[i].empty()) {
      whyNot = "the result has another layout than what is left of the source";
      return std::nullopt;
    }
  }
  return groups;
}

Value combine(OpBuilder &builder, Location loc, ReduceKind kind, Value a, Value b) {
  bool isFloat = isa<FloatType>(a.getType());
  switch (kind) {
  case ReduceKind::Maximum:
    if (isFloat)
      return arith::MaximumFOp::create(builder, loc, a, b);
    return arith::MaxSIOp::create(builder, loc, a, b);
  case ReduceKind::Add:
    if (isFloat)
      return arith::AddFOp::create(builder, loc, a, b);
    return arith::AddIOp::create(builder, loc, a, b);
  }
  return {};
}

struct LowerReduce final : KernelPattern<ReduceOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(ReduceOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto sourceType = cast<RankedTensorType>(op.getSource().getType());
    auto resultType = cast<RankedTensorType>(op.getResult().getType());
    SmallVector<unsigned> laneBits;
    std::string whyNot;
    std::optional<SmallVector<Group>> groups = groupRegisters(
        *getRegisterLayout(sourceType), *getRegisterLayout(resultType), op.getDim(), op.getPartial(), laneBits, whyNot);
    if (!groups)
      return op.emitOpError() << "would need shared memory: " << whyNot;
    Type element = sourceType.getElementType();
    if (!laneBits.empty() && !element.isF32() && !element.isInteger(32))
      return op.emitOpError() << "combines f32 or i32 between lanes, got " << element;

    SmallVector<Value> elements = unpackElements(rewriter, loc, sourceType, adaptor.getSource());
    SmallVector<Value> results;
    for (const Group &group : *groups) {
      // Two chains: short enough for the latency, and only two values live.
      Value chains[2];
      for (auto [i, r] : llvm::enumerate(group)) {
        Value &chain = chains[i % 2];
        chain = chain ? combine(rewriter, loc, op.getKind(), chain, elements[r]) : elements[r];
      }
      Value value = chains[1] ? combine(rewriter, loc, op.getKind(), chains[0], chains[1]) : chains[0];
      for (unsigned bit : llvm::reverse(laneBits)) {
        Value mask = i32Constant(rewriter, loc, static_cast<int32_t>(allLanes));
        Value other = NVVM::ShflOp::create(rewriter, loc, element, mask, value, i32Constant(rewriter, loc, 1 << bit),
                                           i32Constant(rewriter, loc, 31), NVVM::ShflKind::bfly, UnitAttr());
        value = combine(rewriter, loc, op.getKind(), value, other);
      }
      results.push_back(value);
    }
    rewriter.replaceOpWithMultiple(op, {packElements(rewriter, loc, resultType, results)});
    return success();
  }
};

/// Whether any lane of the warp sees a true element.
struct LowerAny final : KernelPattern<AnyOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(AnyOp op, OneToNOpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value any;
    for (Value element : adaptor.getPredicate())
      any = any ? arith::OrIOp::create(rewriter, loc, any, element).getResult() : element;
    Value mask = i32Constant(rewriter, loc, static_cast<int32_t>(allLanes));
    rewriter.replaceOpWithNewOp<NVVM::VoteSyncOp>(op, rewriter.getI1Type(), mask, any, NVVM::VoteSyncKind::any);
    return success();
  }
};

} // namespace

void fovea::populateReductionPatterns(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                                      RewritePatternSet &patterns) {
  patterns.add<LowerReduce, LowerAny>(converter, patterns.getContext(), kernel);
}
