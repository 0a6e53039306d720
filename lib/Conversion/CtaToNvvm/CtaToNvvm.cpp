//===- CtaToNvvm.cpp - kernels as code of their threads --------------------===//
//
//   gpu.func @k(%q: memref<...>) kernel { ... cta.dot_async ... }
// becomes
//   llvm.func @k(%q: !llvm.ptr {llvm.byval, ...}) attributes {nvvm.kernel, ...} { ... llvm.inline_asm "wgmma..." ... }
// in these steps, a file each: the kernel's parameters (KernelAbi); the threads of its programs (LowerRoles); register
// tiles to scalars, 1 to N, and the ops of cta (the other Lower*.cpp); roles to branches; control flow and scalar
// arithmetic to LLVM (DeviceMath, and upstream's patterns).
//
//===----------------------------------------------------------------------===//

#include "DeviceMath.h"
#include "Lowerings.h"
#include "fovea/Conversion/Passes.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

namespace fovea {
#define GEN_PASS_DEF_CTATONVVMPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

/// Every register tile needs a layout, and few elements per thread; the patterns count on it.
static LogicalResult checkLayouts(LLVM::LLVMFuncOp func) {
  // Four times the registers that there are: what is beyond makes no kernel, but code without end.
  constexpr int64_t maxElements = 1024;
  WalkResult result = func.walk([&](Operation *op) {
    for (Value value : op->getResults()) {
      Type type = value.getType();
      if (auto inflight = dyn_cast<InflightType>(type))
        type = inflight.getTensorType();
      auto tensor = dyn_cast<RankedTensorType>(type);
      std::string whyNot;
      if (tensor && !getRegisterLayout(tensor, &whyNot)) {
        op->emitOpError() << "computes " << tensor << ": " << whyNot;
        return WalkResult::interrupt();
      }
      if (tensor && getElementsPerThread(tensor) > maxElements) {
        op->emitOpError() << "computes " << tensor << ": a thread has " << getElementsPerThread(tensor)
                          << " elements of it, expected at most " << maxElements;
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// The external array in which a kernel's dynamic shared memory lies. (An internal one would be made static.)
static LLVM::GlobalOp sharedMemoryOf(gpu::GPUModuleOp module) {
  constexpr StringLiteral name = "smem";
  if (auto global = module.lookupSymbol<LLVM::GlobalOp>(name))
    return global;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  return LLVM::GlobalOp::create(builder, module.getLoc(), LLVM::LLVMArrayType::get(builder.getI8Type(), 0),
                                /*isConstant=*/false, LLVM::Linkage::External, name, Attribute(),
                                /*alignment=*/1024, static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared));
}

static Value sharedAddress(LLVM::LLVMFuncOp func, LLVM::GlobalOp global) {
  OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
  Value pointer = LLVM::AddressOfOp::create(builder, func.getLoc(), global);
  return LLVM::PtrToIntOp::create(builder, func.getLoc(), builder.getI32Type(), pointer);
}

/// Tiles to scalars, ops of cta to NVVM and inline PTX.
static LogicalResult lowerTiles(const KernelLowering &kernel) {
  LLVM::LLVMFuncOp func = kernel.abi.function();
  MLIRContext *context = func.getContext();
  RegisterTypeConverter converter;
  RewritePatternSet patterns(context);
  ConversionTarget target(*context);
  target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
  target.addIllegalDialect<CtaDialect, affine::AffineDialect>();
  target.addIllegalOp<memref::DimOp, memref::LoadOp>();
  target.addLegalOp<WarpSpecializeOp, cta::YieldOp>();
  auto hasNoTiles = [](Operation *op) {
    auto isTile = [](Type type) { return isa<RankedTensorType>(type); };
    return llvm::none_of(op->getOperandTypes(), isTile) && llvm::none_of(op->getResultTypes(), isTile);
  };
  target.markUnknownOpDynamicallyLegal(hasNoTiles);
  populateElementwisePatterns(converter, patterns);
  populateAffineToStdConversionPatterns(patterns);
  for (LoweringPatterns *populate :
       {populateBulkCopyPatterns, populateGlobalAccessPatterns, populateLayoutPatterns, populateProductPatterns,
        populateReductionPatterns, populateSynchronizationPatterns, populateTileNumberPatterns})
    populate(converter, kernel, patterns);
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, target);
  return applyFullConversion(func, target, std::move(patterns));
}

namespace {
/// thread + constant <= bound  ->  constant <= bound - thread: the difference is the same for all columns of a row, and
/// the constant an immediate.
struct CompareConstants final : OpRewritePattern<arith::CmpIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::CmpIOp op, PatternRewriter &rewriter) const override {
    auto sum = op.getLhs().getDefiningOp<arith::AddIOp>();
    bool isSigned = op.getPredicate() >= arith::CmpIPredicate::slt && op.getPredicate() <= arith::CmpIPredicate::sge;
    if (!sum || !isSigned || !bitEnumContainsAll(sum.getOverflowFlags(), arith::IntegerOverflowFlags::nsw) ||
        !matchPattern(sum.getRhs(), m_Constant()) || matchPattern(op.getRhs(), m_Constant()))
      return rewriter.notifyMatchFailure(op, "is no comparison of a thread's value plus a constant");
    Value difference = arith::SubIOp::create(rewriter, op.getLoc(), op.getRhs(), sum.getLhs());
    rewriter.replaceOpWithNewOp<arith::CmpIOp>(op, op.getPredicate(), sum.getRhs(), difference);
    return success();
  }
};
} // namespace

/// Scalars and branches to LLVM.
static LogicalResult lowerScalars(LLVM::LLVMFuncOp func) {
  MLIRContext *context = func.getContext();
  LLVMTypeConverter converter(context);
  RewritePatternSet patterns(context);
  LLVMConversionTarget target(*context);
  target.addLegalDialect<NVVM::NVVMDialect>();
  target.addLegalOp<UnrealizedConversionCastOp>();
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  ub::populateUBToLLVMConversionPatterns(converter, patterns);
  populateMathToLLVMConversionPatterns(converter, patterns);
  populateDeviceMathPatterns(converter, patterns);
  return applyFullConversion(func, target, std::move(patterns));
}

namespace {
struct CtaToNvvmPass final : fovea::impl::CtaToNvvmPassBase<CtaToNvvmPass> {
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    // Where an op is in the schedule matters no more.
    module.walk([](Operation *op) { op->removeDiscardableAttr(CtaDialect::getAtAttrName()); });
    if (failed(checkDeviceMath(module)))
      return signalPassFailure();
    for (auto kernel : llvm::make_early_inc_range(module.getOps<gpu::GPUFuncOp>())) {
      if (!kernel.isKernel()) {
        kernel.emitOpError("is no kernel");
        return signalPassFailure();
      }
      if (failed(lowerKernel(module, kernel)))
        return signalPassFailure();
    }
  }

private:
  /// Which copies one thread starts for all, and which every thread makes of its elements.
  static void reportAccess(Location loc, LLVM::LLVMFuncOp func) {
    int64_t bulk = 0, elementwise = 0;
    func.walk([&](Operation *op) {
      auto store = dyn_cast<StoreOp>(op);
      bulk += isa<TmaLoadOp>(op) || (store && store.getVia());
      elementwise += isa<ReadOp, WriteOp, GatherOp, memref::LoadOp>(op) || (store && !store.getVia());
    });
    remark::analysis(loc, remark::RemarkOpts::name("GlobalAccess").category("cta-to-nvvm"))
        << remark::metric("bulk_copies", bulk) << remark::metric("elementwise", elementwise);
  }

  LogicalResult lowerKernel(gpu::GPUModuleOp module, gpu::GPUFuncOp op) {
    FailureOr<KernelAbi> abi = KernelAbi::lower(op);
    if (failed(abi))
      return failure();
    LLVM::LLVMFuncOp func = abi->function();
    reportAccess(func.getLoc(), func);
    KernelLowering kernel{*abi, sharedAddress(func, sharedMemoryOf(module)),
                          llvm::DenseMap<Region *, ProgramThreads>()};
    if (failed(checkLayouts(func)) || failed(findPrograms(kernel)) || failed(lowerTiles(kernel)))
      return failure();
    lowerWarpSpecialize(kernel);
    RewritePatternSet compare(&getContext());
    compare.add<CompareConstants>(&getContext());
    if (failed(applyPatternsGreedily(func, std::move(compare))))
      return failure();
    sinkLoads(func);

    OpPassManager simplify(LLVM::LLVMFuncOp::getOperationName());
    simplify.addPass(createCanonicalizerPass());
    simplify.addPass(createCSEPass());
    OpPassManager toBranches = simplify;
    toBranches.addPass(createSCFToControlFlowPass());
    OpPassManager finish = simplify;
    finish.addPass(createReconcileUnrealizedCastsPass());
    if (failed(runPipeline(toBranches, func)) || failed(lowerScalars(func)) || failed(runPipeline(finish, func)))
      return failure();
    return success();
  }
};
} // namespace
