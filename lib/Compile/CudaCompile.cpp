//===- CudaCompile.cpp - A function to a program for CUDA devices ---------===//

#include "fovea/Compile/CudaCompile.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Pipelines/Pipelines.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

#include <chrono>

using namespace mlir;
using namespace fovea;

/// Whether there is no more to do than to serialize: all kernels are in the
/// LLVM dialect, and somebody launches them.
static bool isLowered(ModuleOp module) {
  bool launches = module.walk([](cta::LaunchOp) { return WalkResult::interrupt(); }).wasInterrupted();
  return launches && llvm::all_of(module.getOps<gpu::GPUModuleOp>(), [](gpu::GPUModuleOp kernels) {
           return llvm::all_of(kernels.getOps(), [](Operation &op) { return isa<LLVM::LLVMDialect>(op.getDialect()); });
         });
}

static LogicalResult lower(ModuleOp module, const CudaCompileOptions &options) {
  GpuPipelineOptions pipelineOptions;
  pipelineOptions.chip = options.serialize.code.chip;
  if (failed(pipelineOptions.parseFromString(options.pipelineOptions, llvm::nulls())))
    return module.emitError() << "pipeline options '" << options.pipelineOptions << "': not options of attn-to-nvvm";
  PassManager passes(module.getContext());
  buildAttnToNVVMPipeline(passes, pipelineOptions);
  if (options.reproducer)
    options.reproducer->watch(passes);
  // After every pass it takes as long as the passes; once says the same here.
  passes.enableVerifier(false);
  return success(succeeded(passes.run(module)) && succeeded(verify(module)));
}

FailureOr<CudaCompilation> fovea::compileForCuda(ModuleOp module, StringRef entry, const CudaCompileOptions &options) {
  CudaCompilation compilation;
  auto start = std::chrono::steady_clock::now();
  if (!isLowered(module) && failed(lower(module, options)))
    return failure();
  compilation.loweringSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function)
    return module.emitError() << "has no function @" << entry << " after lowering";
  FailureOr<SerializedFunction> serialized = serialize(function, options.serialize);
  if (failed(serialized))
    return failure();
  compilation.function = std::move(*serialized);
  return compilation;
}
