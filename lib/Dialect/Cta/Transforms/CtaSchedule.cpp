//===- CtaSchedule.cpp - products in flight, a place for every op (stage 10)
//
//   gpu.func ... attributes {cta.schedule = #cta.schedule<warpgroups = 3>}
//     %s = cta.dot %q, %k transpose_b
//  ->
//   gpu.func ... attributes {cta.schedule = #cta.schedule<warpgroups = 3, producer_registers = 32, consumer_registers =
//   160>}
//     %f = cta.dot_async %q, %k transpose_b {cta.at = #cta.at<stage = 0, order = 0, role = consumer>}
//     %s = cta.dot_wait %f {cta.at = #cta.at<stage = 0, order = 2, role = consumer>}
//
// The text of the loop stays in the order of its data; `cta-expand-pipeline` brings it into that of the places. What is
// placed where, and why, is in PlaceLoop.cpp.
//
//===----------------------------------------------------------------------===//

#include "PlaceLoop.h"
#include "ScheduleModel.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Remarks.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTASCHEDULEPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

/// The schedule with the registers that it leaves open.
static FailureOr<ScheduleAttr> chooseRegisters(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  int64_t launch = fovea::launchRegisters(schedule.getWarpgroups(), schedule.getBlocksPerSm());
  fovea::RoleRegisters chosen = fovea::chooseRoleRegisters(schedule.getWarpgroups(), schedule.getBlocksPerSm());
  if (!fovea::fitsRegisterPool(schedule.getWarpgroups(), schedule.getBlocksPerSm(), chosen.producer, chosen.consumer)) {
    kernel.emitOpError() << "rule 8: " << schedule.getBlocksPerSm() << " blocks of " << schedule.getWarpgroups() + 1
                         << " warpgroups leave " << launch << " registers per thread, and setmaxnreg takes at least 24";
    return failure();
  }
  int64_t producer = schedule.getProducerRegisters(), consumer = schedule.getConsumerRegisters();
  return ScheduleAttr::get(kernel.getContext(), schedule.getWarpgroups(), schedule.getStages(), schedule.getOverlap(),
                           schedule.getPingPong(), schedule.getSpecialize(), schedule.getFlatten(),
                           schedule.getQueryStages(), schedule.getOutputOverQuery(), schedule.getScheduler(),
                           schedule.getOrder(), schedule.getSectionTiles(), schedule.getBlocksPerSm(),
                           producer ? producer : chosen.producer, consumer ? consumer : chosen.consumer);
}

/// Splits a product into its issue and its wait.
static void splitProduct(DotOp dot) {
  OpBuilder builder(dot);
  auto type = cast<RankedTensorType>(dot.getResult().getType());
  auto product = DotAsyncOp::create(builder, dot.getLoc(), InflightType::get(dot.getContext(), type), dot.getA(),
                                    dot.getB(), dot.getAcc(), dot.getTransposeB());
  auto wait =
      DotWaitOp::create(builder, dot.getLoc(), type, TypeRange(), product.getResult(), ValueRange(), IntegerAttr());
  dot.getResult().replaceAllUsesWith(wait.getResult());
  dot.erase();
}

static void report(gpu::GPUFuncOp kernel, scf::ForOp loop, ScheduleAttr schedule) {
  fovea::RegisterBlocks blocks = measureBlocks(loop);
  bool overlap = llvm::any_of(findProducts(loop), [](DotAsyncOp product) {
    return product->getAttrOfType<AtAttr>(CtaDialect::getAtAttrName()).getStage() > 0;
  });
  RankedTensorType scores = findProducts(loop).front().getResult().getType().getTensorType();
  remark::passed(loop.getLoc(), remark::RemarkOpts::name("Schedule").category("cta-schedule"))
      << remark::metric("tile_m", scores.getDimSize(0)) << remark::metric("tile_n", scores.getDimSize(1))
      << remark::metric("warpgroups", schedule.getWarpgroups()) << remark::metric("stages", schedule.getStages())
      << remark::metric("overlap", static_cast<int64_t>(overlap))
      << remark::metric("producer_registers", schedule.getProducerRegisters())
      << remark::metric("consumer_registers", schedule.getConsumerRegisters())
      << remark::metric("block_registers", blocks.peak(overlap))
      << remark::metric("block_register_limit", fovea::blockRegisterLimit(schedule.getConsumerRegisters()))
      << remark::metric("shared_bytes", measureSharedTiles(kernel, schedule) + sharedBytesOfBarriers);
}

LogicalResult mlir::cta::scheduleKernel(gpu::GPUFuncOp kernel) {
  SmallVector<DotOp> dots;
  kernel.walk([&](DotOp dot) { dots.push_back(dot); });
  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  if (!schedule && dots.empty())
    return success();
  if (!schedule)
    return kernel.emitOpError() << "has products and no '" << CtaDialect::getScheduleAttrName() << "'";
  for (DotOp dot : dots)
    if (!cast<RankedTensorType>(dot.getResult().getType()).getEncoding())
      return dot.emitOpError("has no layout; run cta-infer-layouts before cta-schedule");
  FailureOr<ScheduleAttr> filled = chooseRegisters(kernel, schedule);
  if (failed(filled))
    return failure();
  kernel->setAttr(CtaDialect::getScheduleAttrName(), *filled);

  SmallVector<scf::ForOp> loops = findKeyLoops(kernel);
  for (DotOp dot : dots)
    splitProduct(dot);
  for (scf::ForOp loop : loops) {
    if (failed(placeLoop(loop, *filled)))
      return failure();
    report(kernel, loop, *filled);
  }
  return success();
}

namespace {
struct CtaSchedulePass final : cta::impl::CtaSchedulePassBase<CtaSchedulePass> {
  void runOnOperation() override {
    if (failed(scheduleKernel(getOperation())))
      signalPassFailure();
  }
};
} // namespace
