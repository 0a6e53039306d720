//===- LowerRoles.cpp - roles and their tiles -------------------------------===//
//
//   cta.warp_specialize role(producer) warps(4) registers(24) { A } role(consumer) warps(8) registers(240) { B }
// becomes
//   scf.if (warp < 4) { nvvm.setmaxregister decrease 24; scf.if (thread == 0) { A } }
//   else { nvvm.setmaxregister increase 240; B }
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

Value isEqual(OpBuilder &builder, Location loc, Value value, int64_t constant) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, value, i32Constant(builder, loc, constant));
}

/// The threads of a program whose first warp is `firstWarp`, from those of the block.
ProgramThreads programThreads(OpBuilder &builder, Location loc, const ProgramThreads &block, int64_t firstWarp,
                              int64_t numWarps, bool isProducer) {
  ProgramThreads program = block;
  program.isProducer = isProducer;
  program.numWarps = numWarps;
  if (firstWarp != 0) {
    program.thread = arith::SubIOp::create(builder, loc, block.thread, i32Constant(builder, loc, 32 * firstWarp));
    program.warp = arith::SubIOp::create(builder, loc, block.warp, i32Constant(builder, loc, firstWarp));
  }
  program.warpgroup = arith::ShRUIOp::create(builder, loc, program.warp, i32Constant(builder, loc, 2));
  program.isFirstOfWarp = isEqual(builder, loc, block.lane, 0);
  Value ofWarpgroup = arith::AndIOp::create(builder, loc, block.thread, i32Constant(builder, loc, 127));
  program.isFirstOfWarpgroup = isEqual(builder, loc, ofWarpgroup, 0);
  return program;
}

struct LowerFirstTile final : KernelPattern<FirstTileOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(FirstTileOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<NVVM::BlockIdXOp>(op, rewriter.getI32Type());
    return success();
  }
};

Value globalCounter(OpBuilder &builder, Location loc, Value pointer) {
  Type global = LLVM::LLVMPointerType::get(builder.getContext(), static_cast<unsigned>(NVVM::NVVMMemorySpace::Global));
  return LLVM::AddrSpaceCastOp::create(builder, loc, global, pointer);
}

struct LowerNextTile final : KernelPattern<NextTileOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(NextTileOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value base = adaptor.getCurrent();
    if (op.getCounter()) {
      if (!kernel.threadsOf(op).isProducer)
        return op.emitOpError("takes a tile from the counter in every thread of a consumer");
      Value counter = globalCounter(rewriter, loc, kernel.abi.pointer(op.getCounter()));
      base = LLVM::AtomicRMWOp::create(rewriter, loc, LLVM::AtomicBinOp::add, counter, i32Constant(rewriter, loc, 1),
                                       LLVM::AtomicOrdering::monotonic);
    }
    Value blocks = NVVM::GridDimXOp::create(rewriter, loc, rewriter.getI32Type());
    rewriter.replaceOpWithNewOp<arith::AddIOp>(op, base, blocks);
    return success();
  }
};

struct LowerResetCounter final : KernelPattern<ResetCounterOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(ResetCounterOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    if (!kernel.threadsOf(op).isProducer)
      return op.emitOpError("is executed by every thread of a consumer");
    Location loc = op.getLoc();
    Value counter = globalCounter(rewriter, loc, kernel.abi.pointer(op.getCounter()));
    Value one = i32Constant(rewriter, loc, 1), zero = i32Constant(rewriter, loc, 0);
    Value finished =
        LLVM::GEPOp::create(rewriter, loc, counter.getType(), rewriter.getI32Type(), counter, LLVM::GEPArg(1));
    // LLVM forgets the order of an atomic operation for this target.
    InlinePtx ptx(rewriter, loc);
    std::string result = ptx.output(rewriter.getI32Type()), address = ptx.input(finished);
    Value before =
        ptx.emit("atom.add.acq_rel.gpu.global.u32 " + result + ", [" + address + "], 1;", InlinePtx::Effect::Memory)[0];
    Value blocks = NVVM::GridDimXOp::create(rewriter, loc, rewriter.getI32Type());
    Value last = arith::SubIOp::create(rewriter, loc, blocks, one);
    Value isLast = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq, before, last);
    auto branch = scf::IfOp::create(rewriter, loc, isLast, /*withElseRegion=*/false);
    rewriter.setInsertionPointToStart(branch.thenBlock());
    LLVM::StoreOp::create(rewriter, loc, zero, counter);
    LLVM::StoreOp::create(rewriter, loc, zero, finished);
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerWarpgroupIndex final : KernelPattern<WarpgroupIndexOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(WarpgroupIndexOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, kernel.threadsOf(op).warpgroup);
    return success();
  }
};

/// Registers of a thread at launch: what the multiprocessor has, in eights.
int64_t launchRegisters(int64_t threads, int64_t blocksPerSm) { return 65536 / (threads * blocksPerSm) / 8 * 8; }

void setRegisters(OpBuilder &builder, Location loc, int64_t registers, int64_t atLaunch) {
  if (registers == 0 || registers == atLaunch)
    return;
  NVVM::SetMaxRegisterOp::create(builder, loc, registers,
                                 registers < atLaunch ? NVVM::SetMaxRegisterAction::decrease
                                                      : NVVM::SetMaxRegisterAction::increase);
}

WarpSpecializeOp findWarpSpecialize(LLVM::LLVMFuncOp func) {
  for (WarpSpecializeOp op : func.getBody().front().getOps<WarpSpecializeOp>())
    return op;
  return {};
}

} // namespace

LogicalResult fovea::findPrograms(KernelLowering &kernel) {
  LLVM::LLVMFuncOp func = kernel.abi.function();
  Location loc = func.getLoc();
  OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
  Type i32 = builder.getI32Type();
  ProgramThreads block;
  block.thread = NVVM::ThreadIdXOp::create(builder, loc, i32);
  block.lane = arith::AndIOp::create(builder, loc, block.thread, i32Constant(builder, loc, 31));
  // A shuffle tells ptxas that a warp has one number: addresses made of it go to uniform registers.
  Value warp = arith::ShRUIOp::create(builder, loc, block.thread, i32Constant(builder, loc, 5));
  Value zero = i32Constant(builder, loc, 0);
  block.warp = NVVM::ShflOp::create(builder, loc, i32, i32Constant(builder, loc, -1), warp, zero,
                                    i32Constant(builder, loc, 31), NVVM::ShflKind::idx, UnitAttr());

  int64_t numWarps = cast<DenseI32ArrayAttr>(func->getAttr(NVVM::NVVMDialect::getReqntidAttrName()))[0] / 32;
  kernel.programs[&func.getBody()] = programThreads(builder, loc, block, 0, numWarps, /*isProducer=*/false);
  unsigned count = 0;
  func.walk([&](WarpSpecializeOp) { ++count; });
  WarpSpecializeOp specialize = findWarpSpecialize(func);
  if (count > 1 || (count == 1 && !specialize))
    return func.emitOpError() << "has " << count << " cta.warp_specialize, expected one at most, in no other region";
  if (!specialize)
    return success();
  int64_t firstWarp = 0;
  for (auto [i, region] : llvm::enumerate(specialize.getPrograms())) {
    builder.setInsertionPointToStart(&region.front());
    int64_t warps = specialize.getWarps()[i];
    kernel.programs[&region] =
        programThreads(builder, specialize.getLoc(), block, firstWarp, warps, specialize.getRole(i) == Role::Producer);
    firstWarp += warps;
  }
  return success();
}

void fovea::lowerWarpSpecialize(const KernelLowering &kernel) {
  LLVM::LLVMFuncOp func = kernel.abi.function();
  WarpSpecializeOp specialize = findWarpSpecialize(func);
  if (!specialize)
    return;
  Location loc = specialize.getLoc();
  OpBuilder builder(specialize);
  const ProgramThreads &block = kernel.programs.find(&func.getBody())->second;
  int64_t atLaunch = launchRegisters(32 * block.numWarps,
                                     func->getAttrOfType<GridAttr>(CtaDialect::getGridAttrName()).getBlocksPerSm());
  int64_t firstWarp = 0;
  for (auto [i, program] : llvm::enumerate(specialize.getPrograms())) {
    int64_t endWarp = firstWarp + specialize.getWarps()[i];
    OpBuilder inProgram(builder);
    if (i + 1 != specialize.getPrograms().size()) { // The last role is what is left.
      Value isMine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, block.warp,
                                           i32Constant(builder, loc, endWarp));
      auto branch = scf::IfOp::create(builder, loc, TypeRange(), isMine, /*withElseRegion=*/true);
      inProgram.setInsertionPoint(branch.thenBlock()->getTerminator());
      builder.setInsertionPoint(branch.elseBlock()->getTerminator());
    }
    setRegisters(inProgram, loc, specialize.getRegisters()[i], atLaunch);
    if (specialize.getRole(i) == Role::Producer) {
      Value isFirst = isEqual(inProgram, loc, block.thread, 32 * firstWarp);
      auto branch = scf::IfOp::create(inProgram, loc, TypeRange(), isFirst, /*withElseRegion=*/false);
      inProgram.setInsertionPoint(branch.thenBlock()->getTerminator());
    }
    Block &body = program.front();
    body.getTerminator()->erase();
    inProgram.getInsertionBlock()->getOperations().splice(inProgram.getInsertionPoint(), body.getOperations());
    firstWarp = endWarp;
  }
  specialize.erase();
}

void fovea::populateTileNumberPatterns(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                                       RewritePatternSet &patterns) {
  patterns.add<LowerFirstTile, LowerNextTile, LowerResetCounter, LowerWarpgroupIndex>(converter, patterns.getContext(),
                                                                                      kernel);
}
