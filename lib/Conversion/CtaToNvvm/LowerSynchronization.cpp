//===- LowerSynchronization.cpp - barriers and shared memory ---------------===//
//
//   cta.mbarrier_wait %a parity %p       a loop of mbarrier.try_wait.parity
//   cta.mbarrier_arrive %a               mbarrier.arrive by lane 0 of a consumer's warp, by the producer's thread
//   cta.named_barrier %id threads(256)   bar.sync, bar.arrive
//   cta.smem_read %a                     ld.shared, after which the warp meets: lane 0 may then release what was read
// Addresses are i32, in inline PTX, where no pointer of 64 bits is made of them.
//
//===----------------------------------------------------------------------===//

#include "InlinePtx.h"
#include "Lowerings.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

namespace {

Value andOrNull(OpBuilder &builder, Location loc, Value a, Value b) {
  return !a ? b : !b ? a : arith::AndIOp::create(builder, loc, a, b).getResult();
}

/// "@$p " for an operand, "" for none.
std::string guard(InlinePtx &ptx, Value predicate) { return predicate ? "@" + ptx.input(predicate) + " " : ""; }

struct LowerShared final : KernelPattern<SharedOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(SharedOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    if (!op.getOffset())
      return op.emitOpError("has no place in shared memory; cta-allocate-smem gives it one");
    Value offset = i32Constant(rewriter, op.getLoc(), *op.getOffset());
    rewriter.replaceOpWithNewOp<arith::AddIOp>(op, kernel.sharedMemory, offset);
    return success();
  }
};

struct LowerSmemTile final : KernelPattern<SmemTileOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(SmemTileOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getAddress());
    return success();
  }
};

struct LowerSmemRead final : KernelPattern<SmemReadOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(SmemReadOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    InlinePtx ptx(rewriter, loc);
    std::string result = ptx.output(rewriter.getI32Type()), address = ptx.input(adaptor.getAddress());
    Value value = ptx.emit("ld.shared.b32 " + result + ", [" + address + "];", InlinePtx::Effect::Memory)[0];
    if (!kernel.threadsOf(op).isProducer) {
      // As a shuffle it also tells that all lanes have the same.
      Value mask = i32Constant(rewriter, loc, -1), lane = i32Constant(rewriter, loc, 0);
      value = NVVM::ShflOp::create(rewriter, loc, value.getType(), mask, value, lane, i32Constant(rewriter, loc, 31),
                                   NVVM::ShflKind::idx, UnitAttr());
    }
    rewriter.replaceOp(op, value);
    return success();
  }
};

struct LowerSmemWrite final : KernelPattern<SmemWriteOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(SmemWriteOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    const ProgramThreads &threads = kernel.threadsOf(op);
    InlinePtx ptx(rewriter, op.getLoc());
    std::string predicate;
    if (!threads.isProducer)
      predicate = guard(ptx, arith::CmpIOp::create(rewriter, op.getLoc(), arith::CmpIPredicate::eq, threads.thread,
                                                   i32Constant(rewriter, op.getLoc(), 0)));
    std::string value = ptx.input(adaptor.getValue()), address = ptx.input(adaptor.getAddress());
    ptx.emit(predicate + "st.shared.b32 [" + address + "], " + value + ";", InlinePtx::Effect::Memory);
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerMbarrierInit final : KernelPattern<MbarrierInitOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(MbarrierInitOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value isFirst = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq, kernel.threadsOf(op).thread,
                                          i32Constant(rewriter, loc, 0));
    for (int64_t i = 0, e = op.getDepth(); i != e; ++i) {
      InlinePtx ptx(rewriter, loc);
      std::string predicate = guard(ptx, isFirst), address = ptx.input(adaptor.getAddress());
      ptx.emit(predicate + "mbarrier.init.shared::cta.b64 [" + address + "+" + std::to_string(8 * i) + "], " +
                   std::to_string(op.getCount()) + ";",
               InlinePtx::Effect::Memory);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerSyncBlock final : KernelPattern<SyncBlockOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(SyncBlockOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    if (kernel.threadsOf(op).isProducer)
      return op.emitOpError("is executed by one thread of a producer");
    NVVM::FenceMbarrierInitOp::create(rewriter, op.getLoc());
    NVVM::BarrierOp::create(rewriter, op.getLoc());
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerMbarrierWait final : KernelPattern<MbarrierWaitOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(MbarrierWaitOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    InlinePtx ptx(rewriter, op.getLoc());
    std::string skip;
    if (adaptor.getPredicate())
      skip = "@!" + ptx.input(adaptor.getPredicate()) + " bra DONE;\n";
    std::string address = ptx.input(adaptor.getAddress()), parity = ptx.input(adaptor.getParity());
    ptx.emit("{\n.reg .pred done;\n" + skip + "WAIT:\nmbarrier.try_wait.parity.shared::cta.b64 done, [" + address +
                 "], " + parity + ";\n@done bra.uni DONE;\nbra.uni WAIT;\nDONE:\n}\n",
             InlinePtx::Effect::Memory);
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerMbarrierArrive final : KernelPattern<MbarrierArriveOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(MbarrierArriveOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    const ProgramThreads &threads = kernel.threadsOf(op);
    if (op.getExpect() && !threads.isProducer)
      return op.emitOpError("expects bytes from a consumer, of which every warp would");
    Value predicate = adaptor.getPredicate();
    if (!threads.isProducer)
      predicate = andOrNull(rewriter, op.getLoc(), predicate, threads.isFirstOfWarp);
    InlinePtx ptx(rewriter, op.getLoc());
    std::string text = guard(ptx, predicate), address = ptx.input(adaptor.getAddress());
    if (op.getExpect())
      text +=
          "mbarrier.arrive.expect_tx.shared::cta.b64 _, [" + address + "], " + std::to_string(*op.getExpect()) + ";";
    else
      text += "mbarrier.arrive.shared::cta.b64 _, [" + address + "];";
    ptx.emit(text, InlinePtx::Effect::Memory);
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerNamedBarrier final : KernelPattern<NamedBarrierOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(NamedBarrierOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (kernel.threadsOf(op).isProducer)
      return op.emitOpError("is executed by one thread of a producer, but whole warps meet at a barrier");
    InlinePtx ptx(rewriter, op.getLoc());
    std::string id = ptx.input(adaptor.getId());
    ptx.emit((op.getArrive() ? "bar.arrive " : "bar.sync ") + id + ", " + std::to_string(op.getThreads()) + ";",
             InlinePtx::Effect::Memory);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void fovea::populateSynchronizationPatterns(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                                            RewritePatternSet &patterns) {
  patterns.add<LowerShared, LowerSmemTile, LowerSmemRead, LowerSmemWrite, LowerMbarrierInit, LowerSyncBlock,
               LowerMbarrierWait, LowerMbarrierArrive, LowerNamedBarrier>(converter, patterns.getContext(), kernel);
}
