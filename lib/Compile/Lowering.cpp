//===- Lowering.cpp - A module to the LLVM dialect ------------------------===//

#include "fovea/Compile/Lowering.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/Pipelines/Pipelines.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

using namespace fovea;

using PipelineBuilder = void (*)(mlir::OpPassManager &, const CpuPipelineOptions &);

static llvm::Error lower(mlir::ModuleOp module, const LoweringOptions &options, PipelineBuilder build) {
  CpuPipelineOptions pipelineOptions;
  pipelineOptions.setMachine(options.cpu, options.threads);
  pipelineOptions.amxVersions = options.forOtherProcesses;
  if (failed(pipelineOptions.parseFromString(options.pipelineOptions, llvm::nulls())))
    return llvm::createStringError("pipeline options '" + options.pipelineOptions + "': not options of attn-to-llvm");
  for (auto [name, wanted, there] :
       {std::tuple("amx-bf16", pipelineOptions.amxBf16.getValue(), options.cpu.hasAmxBf16),
        std::tuple("amx-fp16", pipelineOptions.amxFp16.getValue(), options.cpu.hasAmxFp16),
        std::tuple("bf16-pairs", pipelineOptions.bf16Pairs.getValue(), options.cpu.hasAvx512Bf16)})
    if (wanted && !there)
      return llvm::createStringError("pipeline options '" + options.pipelineOptions + "': " + name +
                                     " needs a CPU that has it and a kernel that lets it be used");
  mlir::PassManager passes(module.getContext());
  build(passes, pipelineOptions);
  if (options.reproducer)
    options.reproducer->watch(passes);
  // After every pass it takes as long as the passes; once says the same here.
  passes.enableVerifier(false);
  if (failed(passes.run(module)) || failed(mlir::verify(module)))
    return llvm::createStringError("lowering failed without saying why");
  return llvm::Error::success();
}

llvm::Error fovea::lowerToLLVMDialect(mlir::ModuleOp module, const LoweringOptions &options) {
  return lower(module, options, options.unfused ? buildAttnUnfusedToLLVMPipeline : buildAttnToLLVMPipeline);
}

llvm::Error fovea::lowerOnTensors(mlir::ModuleOp module, const LoweringOptions &options) {
  return lower(module, options, options.unfused ? buildAttnUnfusedTensorPipeline : buildAttnTensorPipeline);
}
