//===- GpuPipelines.cpp - attention to kernels for GPUs -------------------===//
//
// The front half is that of every target; kernels leave the host at 7b and are lowered one by one.
//
//===----------------------------------------------------------------------===//

#include "GpuPipelines.h"
#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Pipelines/Pipelines.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using fovea::GpuPipelineOptions;
using fovea::GpuStage;

static void addCleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// The same between tiling and outlining: a forall of one iteration is a kernel, too.
static void addCleanUpOfTiles(OpPassManager &pm) {
  GreedyRewriteConfig config;
  // As compilers spell the name.
  pm.addPass(createCanonicalizerPass(config, {"(anonymous namespace)::ForallOpSingleOrZeroIterationDimsFolder",
                                              "{anonymous}::ForallOpSingleOrZeroIterationDimsFolder"}));
  pm.addPass(createCSEPass());
}

/// Stages 1 to 7b.
static void addKernels(OpPassManager &pm, const GpuPipelineOptions &options) {
  pm.addPass(attn::createAttnCanonicalizePass());
  pm.addPass(attn::createAttnFoldLayoutOpsPass());
  addCleanUp(pm);
  fovea::SelectGpuSchedulePassOptions select;
  select.chip = options.chip;
  select.keys = options.keys;
  select.tileM = options.tileM;
  select.tileN = options.tileN;
  select.rescaleLog2 = options.rescaleLog2;
  select.schedule = options.schedule;
  pm.addPass(fovea::createSelectGpuSchedulePass(select));
  pm.addPass(attn::createAttnRewriteOnlineSoftmaxPass());
  pm.addPass(attn::createAttnSetExpBasePass());
  pm.addPass(attn::createAttnTileParallelPass());
  addCleanUpOfTiles(pm);
  pm.addPass(attn::createAttnTileKvPass());
  addCleanUpOfTiles(pm);
  pm.addPass(fovea::createAttnOutlineKernelsPass());
  addCleanUp(pm);
}

void fovea::buildAttnToNVVMPipeline(OpPassManager &pm, const GpuPipelineOptions &options, GpuStage last) {
  auto verify = [&](OpPassManager &kernel) {
    if (options.verifySchedule)
      kernel.addPass(cta::createCtaVerifySchedulePass());
  };
  addKernels(pm, options);
  if (last < GpuStage::Tiles)
    return;
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  OpPassManager &kernel = kernels.nest<gpu::GPUFuncOp>();
  kernel.addPass(createAttnToCtaPass());
  addCleanUp(kernel);
  if (last >= GpuStage::Layouts) {
    kernel.addPass(cta::createCtaInferLayoutsPass());
    kernel.addPass(cta::createCtaRemoveLayoutConversionsPass());
  }
  if (last >= GpuStage::Schedule) {
    kernel.addPass(cta::createCtaSchedulePass());
    verify(kernel);
  }
  if (last >= GpuStage::TileLoops) {
    kernel.addPass(cta::createCtaExpandPipelinePass());
    kernel.addPass(cta::createCtaSplitRangesPass());
    kernel.addPass(cta::createCtaPersistTilesPass());
    kernel.addPass(cta::createCtaFlattenTilesPass());
    kernel.addPass(cta::createCtaBalanceSectionsPass());
    verify(kernel);
  }
  if (last >= GpuStage::Roles) {
    kernel.addPass(cta::createCtaSpecializeWarpsPass());
    verify(kernel);
  }
  if (last >= GpuStage::Barriers) {
    kernel.addPass(cta::createCtaDeriveWaitsPass());
    kernel.addPass(cta::createCtaLowerChannelsPass());
    kernel.addPass(cta::createCtaAllocateSmemPass());
    addCleanUp(kernel);
    verify(kernel);
  }
  if (last >= GpuStage::Nvvm)
    kernels.addPass(createCtaToNvvmPass());
}

/// In the order of GpuStage; the last one is `attn-to-nvvm`.
static constexpr std::pair<GpuStage, const char *> stages[] = {
    {GpuStage::Kernels, "kernels"},   {GpuStage::Tiles, "tiles"},          {GpuStage::Layouts, "layouts"},
    {GpuStage::Schedule, "schedule"}, {GpuStage::TileLoops, "tile-loops"}, {GpuStage::Roles, "roles"},
    {GpuStage::Barriers, "barriers"}};

std::optional<GpuStage> fovea::parseGpuStage(StringRef wanted) {
  for (auto [stage, name] : stages)
    if (wanted == name)
      return stage;
  return std::nullopt;
}

void fovea::registerGpuStagePipelines() {
  for (auto [stage, name] : stages)
    PassPipelineRegistration<GpuPipelineOptions>(("attn-to-cta-" + std::string(name)),
                                                 "The first stages of attn-to-nvvm",
                                                 [stage = stage](OpPassManager &pm, const GpuPipelineOptions &options) {
                                                   buildAttnToNVVMPipeline(pm, options, stage);
                                                 });
}
