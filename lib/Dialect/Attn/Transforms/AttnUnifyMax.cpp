//===- AttnUnifyMax.cpp - stage 5b: one maximum for all keys --------------===//
//
//   %s:3 = attn.online_attention ins(%q, %k, %v) outs(0, -inf, 0)
// becomes
//   %u:3 = attn.online_attention fixed_max ins(%q, %k, %v) outs(0, %max, 0)
//   %ok = every row of %u#2 is in [2^-range, 2^range]
//   %s:3 = scf.if %ok { yield %u } else { attn.online_attention ins(%q, %k, %v) outs(0, -inf, 0) }
//
// FlashDecoding++ (Hong et al. 2023): with one maximum for all parts of the keys no part waits for another. A sum in
// the range bounds every exponential, and those that underflowed are less than 2^(range - 126) of it. What is not in
// the range (an overflow, an underflow, a NaN, a row without keys) is computed again as if nothing had been.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/Transforms/IdentityState.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNUNIFYMAXPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

static Value floatOf(OpBuilder &builder, Location loc, FloatType type, double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}

/// `fill`, a fill of a tensor, with another number.
static Value refilled(OpBuilder &builder, Value fill, Value scalar) {
  auto op = fill.getDefiningOp<linalg::FillOp>();
  return linalg::FillOp::create(builder, op.getLoc(), scalar, op.getOutputs()[0]).getResult(0);
}

/// Whether every element of `sums` is in [2^-rangeLog2, 2^rangeLog2].
static Value allInRange(OpBuilder &builder, Location loc, Value sums, int64_t rangeLog2) {
  auto type = cast<RankedTensorType>(sums.getType());
  auto element = cast<FloatType>(type.getElementType());
  Value low = floatOf(builder, loc, element, std::ldexp(1.0, -rangeLog2));
  Value high = floatOf(builder, loc, element, std::ldexp(1.0, rangeLog2));
  Value yes = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
  Value empty = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>{}, builder.getI1Type());
  Value init = linalg::FillOp::create(builder, loc, yes, empty).getResult(0);
  MLIRContext *context = builder.getContext();
  AffineMap maps[] = {AffineMap::getMultiDimIdentityMap(type.getRank(), context),
                      AffineMap::get(type.getRank(), 0, context)};
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::reduction);
  auto all = linalg::GenericOp::create(
      builder, loc, init.getType(), sums, init, maps, iterators, [&](OpBuilder &b, Location l, ValueRange in) {
        Value above = arith::CmpFOp::create(b, l, arith::CmpFPredicate::OGE, in[0], low);
        Value below = arith::CmpFOp::create(b, l, arith::CmpFPredicate::OLE, in[0], high);
        Value inside = arith::AndIOp::create(b, l, above, below);
        linalg::YieldOp::create(b, l, arith::AndIOp::create(b, l, in[1], inside).getResult());
      });
  return tensor::ExtractOp::create(builder, loc, all.getResult(0), ValueRange());
}

/// A copy of `op` on another state. (Upstream's `clone` cannot copy an empty region under a listener.)
static OnlineAttentionOp copyWithState(OpBuilder &builder, OnlineAttentionOp op, ValueRange state) {
  OperationState copy(op.getLoc(), op->getName(), op->getOperands(), op->getResultTypes(), op->getAttrs());
  for (Region &region : op->getRegions()) {
    IRMapping mapping;
    region.cloneInto(copy.addRegion(), mapping);
  }
  auto made = cast<OnlineAttentionOp>(builder.create(copy));
  made.getOutputsMutable().assign(state);
  return made;
}

LogicalResult attn::unifyMax(RewriterBase &rewriter, OnlineAttentionOp op, double max, int64_t rangeLog2) {
  FloatType type = op.getComputeType();
  int64_t largest = type.isF64() ? 512 : 63;
  if (rangeLog2 < 1 || rangeLog2 > largest)
    return op.emitOpError() << "needs a range-log2 from 1 to " << largest << ", got " << rangeLog2;
  if (op.getFixedMax())
    return rewriter.notifyMatchFailure(op, "has a fixed maximum already");
  if (!isIdentityState(op.getOutputs()))
    return rewriter.notifyMatchFailure(op, "the incoming state is not known to be the identity");
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  Value unified = floatOf(rewriter, loc, type, op.getBase() == ExpBase::Two ? max * llvm::numbers::log2e : max);
  Value zero = floatOf(rewriter, loc, type, 0);
  SmallVector<Value> state;
  for (auto [part, scalar] : llvm::zip_equal(op.getOutputs(), std::array{zero, unified, zero}))
    state.push_back(refilled(rewriter, part, scalar));
  OnlineAttentionOp fixed = copyWithState(rewriter, op, state);
  fixed.setFixedMax(true);
  Value ok = allInRange(rewriter, loc, fixed.getResult(2), rangeLog2);
  auto branch = scf::IfOp::create(rewriter, loc, op->getResultTypes(), ok, /*withElseRegion=*/true);
  rewriter.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(rewriter, loc, fixed.getResults());
  rewriter.setInsertionPointToStart(branch.elseBlock());
  // The destinations are those of the first attempt, so the branch fills tensors of its own.
  SmallVector<Value> fresh;
  for (auto [i, part] : llvm::enumerate(op.getOutputs())) {
    auto fill = part.getDefiningOp<linalg::FillOp>();
    Value empty = tensor::EmptyOp::create(rewriter, loc, tensor::getMixedSizes(rewriter, loc, part), type);
    fresh.push_back(linalg::FillOp::create(rewriter, loc, fill.value(), empty).getResult(0));
  }
  OnlineAttentionOp running = copyWithState(rewriter, op, fresh);
  scf::YieldOp::create(rewriter, loc, running.getResults());
  rewriter.replaceOp(op, branch.getResults());
  return success();
}

namespace {
struct AttnUnifyMaxPass final : attn::impl::AttnUnifyMaxPassBase<AttnUnifyMaxPass> {
  using Base::Base;
  void runOnOperation() override {
    // The state's maximum is no result any more.
    bool returnsMax = false;
    getOperation()->walk([&](FinalizeOp op) { returnsMax |= op.getReturnMax(); });
    SmallVector<OnlineAttentionOp> ops;
    getOperation()->walk([&](OnlineAttentionOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (OnlineAttentionOp op : ops) {
      remark::RemarkOpts options = remark::RemarkOpts::name("UnifyMax").category("attn");
      if (returnsMax || op.getFixedMax() || !isIdentityState(op.getOutputs())) {
        remark::missed(op.getLoc(), options) << remark::reason(returnsMax ? "an attention here returns its maximum"
                                                                          : "the incoming state is not the identity");
        continue;
      }
      Location loc = op.getLoc();
      if (failed(unifyMax(rewriter, op, max, rangeLog2)))
        return signalPassFailure();
      remark::passed(loc, options) << remark::metric("max", max.getValue());
    }
  }
};
} // namespace
