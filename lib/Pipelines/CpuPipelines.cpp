//===- CpuPipelines.cpp - stage 7a: tiles to the LLVM dialect -------------===//
//
// Buffers, then vectors, then deallocation (which wants to know every op), then
// threads, then one conversion per dialect in the order that leaves nothing
// behind.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Pipelines/Pipelines.h"
#include "fovea/Target/CpuModel.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/Transforms/RequestCWrappers.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

static void addCleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void fovea::CpuPipelineOptions::setMachine(const CpuModel &cpu, int64_t threadCount) {
  vectorBytes = cpu.vectorBytes;
  vectorRegisters = cpu.vectorRegisters;
  l1Bytes = cpu.l1Bytes;
  l2Bytes = cpu.l2Bytes;
  avx512 = cpu.hasAvx512;
  avx512Bf16 = cpu.hasAvx512Bf16;
  amxBf16 = cpu.hasAmxBf16;
  amxFp16 = cpu.hasAmxFp16;
  bf16Pairs = cpu.hasFastBf16Pairs;
  readStreams = cpu.readStreams;
  prefetchBytes = cpu.prefetchBytes;
  threads = threadCount;
}

/// Whether `buffer` belongs to one tile and fits its stack: of static size, in the body of a parallel loop and in no
/// loop within it, where each iteration would take the stack again.
static bool isTileBuffer(Value buffer) {
  constexpr int64_t maxBytes = 128 * 1024;
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return false;
  int64_t bytes = type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  return bytes <= maxBytes && isa<scf::ForallOp>(buffer.getDefiningOp()->getParentOp());
}

void fovea::buildBufferizePipeline(OpPassManager &pm) {
  pm.addPass(createConvertElementwiseToLinalgPass());
  pm.addPass(createSeparateDestinationsPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion = bufferization::LayoutMapOption::FullyDynamicLayoutMap;
  bufferize.allowReturnAllocsFromLoops = true;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  addCleanUp(pm);
  pm.addPass(createDropReturnedArgumentsPass());
}

void fovea::buildDeallocatePipeline(OpPassManager &pm) {
  pm.addPass(createDeallocateBuffersPass());
  addCleanUp(pm);
}

void fovea::buildBuffersToLLVMPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  pm.addPass(createExpandCopiesPass());
  pm.addPass(createConvertLinalgToLoopsPass());
  addCleanUp(pm);
  ExpandTranscendentalsPassOptions transcendentals;
  transcendentals.avx512 = options.avx512;
  pm.addPass(createExpandTranscendentalsPass(transcendentals));
  // Before the bodies of loops become functions that nobody calls from C.
  pm.addNestedPass<func::FuncOp>(LLVM::createLLVMRequestCWrappersPass());
  pm.addPass(createForallToRuntimePass());
  addCleanUp(pm);

  VectorTransferToSCFOptions transfers;
  transfers.enableFullUnroll();
  pm.addPass(createConvertVectorToSCFPass(transfers));
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  // Tiles are carried by loops, so branches have to become LLVM's together with them.
  ConvertToLLVMPassOptions tiles;
  tiles.filterDialects = {"amx", "cf"};
  pm.addPass(createConvertToLLVMPass(tiles));
  ConvertVectorToLLVMPassOptions vectors;
  vectors.reassociateFPReductions = true;
  vectors.force32BitVectorIndices = false;
  vectors.x86Vector = options.bf16Pairs;
  vectors.vectorContractLowering = vector::VectorContractLowering::OuterProduct;
  vectors.vectorTransposeLowering = vector::VectorTransposeLowering::Shuffle1D;
  pm.addPass(createConvertVectorToLLVMPass(vectors));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  arith::ArithExpandOpsPassOptions expand;
  // LLVM would call a library that not every system has, except where there is an instruction.
  expand.includeBf16 = !options.avx512Bf16;
  pm.addPass(arith::createArithExpandOpsPass(expand));
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void fovea::buildCpuLoweringPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  if (options.amxVersions && (options.amxBf16 || options.amxFp16))
    pm.addPass(createVersionMatrixUnitPass({options.amxBf16, options.amxFp16}));
  pm.addPass(
      attn::createAttnPackQueriesPass({options.vectorBytes, options.amxBf16, options.amxFp16, options.bf16Pairs}));
  addCleanUp(pm); // the states that packing replaced
  buildBufferizePipeline(pm);
  pm.addNestedPass<func::FuncOp>(bufferization::createBufferLoopHoistingPass());
  pm.addNestedPass<func::FuncOp>(bufferization::createPromoteBuffersToStackPass(isTileBuffer));
  AttnToVectorPassOptions vectorize;
  vectorize.vectorBytes = options.vectorBytes;
  vectorize.vectorRegisters = options.vectorRegisters;
  vectorize.avx512 = options.avx512;
  vectorize.amxBf16 = options.amxBf16;
  vectorize.amxFp16 = options.amxFp16;
  vectorize.bf16Pairs = options.bf16Pairs;
  vectorize.readStreams = options.readStreams;
  vectorize.prefetchBytes = options.prefetchBytes;
  pm.addPass(createAttnToVectorPass(vectorize));
  pm.addPass(createCheckLoweredPass());
  buildDeallocatePipeline(pm);
  buildBuffersToLLVMPipeline(pm, options);
}
