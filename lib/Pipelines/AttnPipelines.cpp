//===- AttnPipelines.cpp - stages 1 to 6, and whole pipelines -------------===//
//
// What happens on tensors, before there is a buffer, and the lists of stages
// that have a name.
//
//===----------------------------------------------------------------------===//

#include "GpuPipelines.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Pipelines/Pipelines.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

static void addCleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void fovea::buildAttnOnlinePipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  pm.addPass(attn::createAttnCanonicalizePass());
  pm.addPass(attn::createAttnFoldLayoutOpsPass());
  pm.addPass(attn::createAttnRewriteSoftmaxPass({options.softmax, options.softmaxBlock}));
  addCleanUp(pm);
  attn::AttnSelectSchedulePassOptions schedule;
  schedule.vectorBytes = options.vectorBytes;
  schedule.l1Bytes = options.l1Bytes;
  schedule.l2Bytes = options.l2Bytes;
  schedule.threads = options.threads;
  schedule.amxBf16 = options.amxBf16;
  schedule.amxFp16 = options.amxFp16;
  schedule.bf16Pairs = options.bf16Pairs;
  pm.addPass(attn::createAttnSelectSchedulePass(schedule));
  pm.addPass(attn::createAttnRewriteOnlineSoftmaxPass());
  pm.addPass(attn::createAttnSetExpBasePass());
}

void fovea::buildAttnTilingPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  pm.addPass(attn::createAttnSplitKvPass({options.splits}));
  pm.addPass(attn::createAttnTileParallelPass({options.tileM, options.loopOrder}));
  addCleanUp(pm);
  if (options.maximum == attn::Maximum::Unified) {
    attn::AttnUnifyMaxPassOptions unify;
    unify.max = options.unifiedMax;
    pm.addPass(attn::createAttnUnifyMaxPass(unify));
  }
  constexpr int64_t granule = 32; // what the matrix unit multiplies at once
  pm.addPass(attn::createAttnTileKvPass({options.tileN, options.tileM, granule, options.loopOrder}));
  addCleanUp(pm);
}

void fovea::buildAttnTensorPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  buildAttnOnlinePipeline(pm, options);
  buildAttnTilingPipeline(pm, options);
}

void fovea::buildAttnUnfusedTensorPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  pm.addPass(attn::createAttnCanonicalizePass());
  pm.addPass(attn::createAttnRewriteSoftmaxPass({options.softmax, options.softmaxBlock}));
  pm.addPass(attn::createAttnDecomposePass());
  addCleanUp(pm);
}

void fovea::buildAttnToLLVMPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  buildAttnTensorPipeline(pm, options);
  buildCpuLoweringPipeline(pm, options);
}

void fovea::buildAttnUnfusedToLLVMPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  buildAttnUnfusedTensorPipeline(pm, options);
  buildCpuLoweringPipeline(pm, options);
}

void fovea::registerFoveaPipelines() {
  PassPipelineRegistration<CpuPipelineOptions>("attn-to-llvm",
                                               "Lower attention and softmax to fused, tiled, multi-threaded code for "
                                               "the CPU, in the LLVM dialect",
                                               buildAttnToLLVMPipeline);
  PassPipelineRegistration<CpuPipelineOptions>("attn-unfused-to-llvm",
                                               "Lower attention and softmax to plain loops over whole score matrices, "
                                               "in the LLVM dialect",
                                               buildAttnUnfusedToLLVMPipeline);
  PassPipelineRegistration<GpuPipelineOptions>(
      "attn-to-nvvm", "Lower attention to fused kernels for GPUs, in the LLVM and NVVM dialects, and their launches",
      [](OpPassManager &pm, const GpuPipelineOptions &options) { buildAttnToNVVMPipeline(pm, options); });
  registerGpuStagePipelines();
}
