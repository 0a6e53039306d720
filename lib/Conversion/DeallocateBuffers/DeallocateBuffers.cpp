//===- DeallocateBuffers.cpp - frees what bufferization allocated ---------===//
//
//   %b = memref.alloc()          %b = memref.alloc()
//   ...                     ->   ...
//   func.return                  memref.dealloc %b
//                                func.return
//
// Upstream's ownership-based deallocation. It takes a fifth of the time of all passes on the code of a tile, which has
// many loops and most often nothing to free, so it runs only where something may be.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace fovea {
#define GEN_PASS_DEF_DEALLOCATEBUFFERSPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

static bool isBuffer(Type type) { return isa<BaseMemRefType>(type); }

/// Whether someone may have to free a buffer because of `op`: it takes memory other than the stack's, hands a buffer
/// over a function's boundary, where it needs an owner, or belongs to the dialect that speaks of ownership.
/// Nobody has to where the op says that its owner does.
static bool concernsOwnership(Operation *op) {
  if (op->hasAttr(bufferization::BufferizationDialect::kManualDeallocation))
    return false;
  if (isa_and_nonnull<bufferization::BufferizationDialect>(op->getDialect()) || isa<memref::ReallocOp>(op))
    return true;
  if (isa<func::ReturnOp>(op))
    return llvm::any_of(op->getOperandTypes(), isBuffer);
  if (isa<CallOpInterface>(op))
    return llvm::any_of(op->getResultTypes(), isBuffer);
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  if (!effects)
    return false;
  SmallVector<MemoryEffects::EffectInstance> instances;
  effects.getEffects(instances);
  return llvm::any_of(instances, [](const MemoryEffects::EffectInstance &effect) {
    return isa<MemoryEffects::Allocate, MemoryEffects::Free>(effect.getEffect()) &&
           !isa<SideEffects::AutomaticAllocationScopeResource>(effect.getResource());
  });
}

namespace {

struct DeallocateBuffersPass final : fovea::impl::DeallocateBuffersPassBase<DeallocateBuffersPass> {
  using Base::Base;

  void runOnOperation() override {
    WalkResult found = getOperation()->walk(
        [](Operation *op) { return concernsOwnership(op) ? WalkResult::interrupt() : WalkResult::advance(); });
    if (!found.wasInterrupted())
      return;
    OpPassManager passes(ModuleOp::getOperationName());
    passes.addPass(memref::createExpandReallocPass());
    passes.addPass(bufferization::createOwnershipBasedBufferDeallocationPass());
    passes.addPass(createCanonicalizerPass());
    passes.addPass(bufferization::createBufferDeallocationSimplificationPass());
    passes.addPass(bufferization::createLowerDeallocationsPass());
    passes.addPass(createConvertBufferizationToMemRefPass());
    if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }
};

} // namespace
