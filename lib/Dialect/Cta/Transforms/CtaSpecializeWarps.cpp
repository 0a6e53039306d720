//===- CtaSpecializeWarps.cpp - stage 12: roles ---------------------------===//
//
//   scf.while ... {                          %K = cta.channel "arg1"
//     %k = cta.load %K[...]                  cta.warp_specialize role(producer) ... {
//     %f = cta.dot_async %q, %k                scf.while ... { cta.acquire %K; cta.tma_load ... }
//     %s = cta.dot_wait %f             ->    } role(consumer) ... {
//     ...                                      scf.while ... { cta.wait %K; cta.dot_async; cta.dot_wait;
//   }                                                          cta.release; ... }
//                                            }
//
// Loads become what both roles do with a channel (RoleChannels.cpp); then the program is cloned, and each clone keeps
// what its role's effects need (RoleLiveness.cpp). So both roles pass the same loops with the same trip counts.
// Scalars that the kernel computes once stay before the roles.
//
//===----------------------------------------------------------------------===//

#include "RoleChannels.h"
#include "SinkScalars.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Roles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTASPECIALIZEWARPSPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

/// A producer runs on one warpgroup: setmaxnreg is given to warpgroups.
static constexpr int64_t producerWarps = 4, warpsPerWarpgroup = 4;
/// The producer is at most one tile ahead of what the consumers have asked for.
static constexpr int64_t tileChannelDepth = 2;

//===----------------------------------------------------------------------===//
// What can be specialised
//===----------------------------------------------------------------------===//

static FailureOr<ScheduleAttr> getSchedule(gpu::GPUFuncOp kernel) {
  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  if (!schedule)
    return kernel.emitOpError() << "has no '" << CtaDialect::getScheduleAttrName() << "', which names its roles";
  if (!schedule.getSpecialize())
    return kernel.emitOpError("shall not be specialised (specialize = false), but loads without a producer are not "
                              "supported yet");
  return schedule;
}

static LogicalResult checkProgram(gpu::GPUFuncOp kernel) {
  if (!kernel.getBody().hasOneBlock())
    return kernel.emitOpError() << "must have structured control flow, got " << kernel.getBody().getBlocks().size()
                                << " blocks";
  WalkResult result = kernel.getBody().walk([](Operation *op) {
    if (isa<WarpSpecializeOp>(op))
      return op->emitOpError("is in the program already"), WalkResult::interrupt();
    if (isa<TileIndexOp>(op))
      return op->emitOpError("must be gone before roles: run cta-persist-tiles first"), WalkResult::interrupt();
    if (isa<DotOp>(op))
      return op->emitOpError("is not scheduled: run cta-schedule first"), WalkResult::interrupt();
    if (op->getNumRegions() != 0 && !isa<scf::ForOp, scf::IfOp, scf::WhileOp>(op))
      return op->emitOpError("has regions; roles are cut out of scf.for, scf.if and scf.while only"),
             WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

/// Scalars that every thread can compute once, channels and shared tiles stay before the roles. Register tiles do not:
/// they would take registers of the producer.
static bool staysBefore(Operation *op, Region &body) {
  if (!isa<ChannelOp, AllocTileOp>(op) &&
      (op->getNumRegions() != 0 || !isMemoryEffectFree(op) || llvm::any_of(op->getResultTypes(), [](Type type) {
         return !type.isIntOrIndexOrFloat() && !isa<MemRefType>(type);
       })))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Operation *def = operand.getDefiningOp();
    return !def || def->getParentRegion() == &body;
  });
}

/// `cta.next_tile` with a counter counts for the whole block: the producer does it and tells the consumers.
static bool isClaim(Operation *op) {
  auto next = dyn_cast<NextTileOp>(op);
  return next && next.getCounter();
}

static bool isProducerRoot(Operation *op) { return isa<AcquireOp, TmaLoadOp, SendOp, ResetCounterOp>(op); }

static bool isConsumerRoot(Operation *op) {
  if (isa<AcquireOp, TmaLoadOp, SendOp, NextTileOp, ResetCounterOp>(op) || op->hasTrait<OpTrait::IsTerminator>() ||
      op->getNumRegions() != 0 || isMemoryEffectFree(op))
    return false;
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  return !effects || !effects.onlyHasEffect<MemoryEffects::Read>();
}

static LogicalResult splitRoles(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  MLIRContext *context = kernel.getContext();
  Block &body = kernel.getBody().front();
  Operation *terminator = body.getTerminator();
  bool claims = kernel.walk([](Operation *op) { return isClaim(op) ? WalkResult::interrupt() : WalkResult::advance(); })
                    .wasInterrupted();
  bool stores = kernel.walk([](StoreOp) { return WalkResult::interrupt(); }).wasInterrupted();

  OpBuilder builder(terminator);
  Value tiles;
  if (claims)
    tiles = ChannelOp::create(builder, kernel.getLoc(),
                              ChannelType::get(context, builder.getI32Type(), tileChannelDepth), "tile");
  auto role = [&](Role role) { return RoleAttr::get(context, role); };
  auto specialize = WarpSpecializeOp::create(
      builder, kernel.getLoc(), builder.getArrayAttr({role(Role::Producer), role(Role::Consumer)}),
      ArrayRef<int64_t>{producerWarps, warpsPerWarpgroup * schedule.getWarpgroups()},
      ArrayRef<int64_t>{schedule.getProducerRegisters(), schedule.getConsumerRegisters()}, /*programsCount=*/2);
  Block &producer = specialize.getPrograms()[0].emplaceBlock();
  Block &consumer = specialize.getPrograms()[1].emplaceBlock();

  for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
    if (&op != specialize && !staysBefore(&op, kernel.getBody()))
      op.moveBefore(&consumer, consumer.end());
  IRMapping mapping;
  builder.setInsertionPointToEnd(&producer);
  for (Operation &op : consumer)
    builder.clone(op, mapping);
  YieldOp::create(builder, kernel.getLoc());
  builder.setInsertionPointToEnd(&consumer);
  if (stores) // Shared memory must outlive the copies out of it.
    StoreWaitOp::create(builder, kernel.getLoc(), /*complete=*/true);
  YieldOp::create(builder, kernel.getLoc());

  specialize.getPrograms()[0].walk([&](NextTileOp next) {
    if (!isClaim(next))
      return;
    builder.setInsertionPointAfter(next);
    SendOp::create(builder, next.getLoc(), next.getNext(), tiles);
  });
  specialize.getPrograms()[1].walk([&](NextTileOp next) {
    if (!isClaim(next))
      return;
    // Where it is first used: nobody need wait for the answer to the claim before.
    Operation *first = next->getBlock()->getTerminator();
    for (Operation *user : next->getUsers())
      if (Operation *inBlock = next->getBlock()->findAncestorOpInBlock(*user); inBlock->isBeforeInBlock(first))
        first = inBlock;
    builder.setInsertionPoint(first);
    next.replaceAllUsesWith(ReceiveOp::create(builder, next.getLoc(), builder.getI32Type(), tiles).getValue());
    next.erase();
  });
  keepOnly(specialize.getPrograms()[0], isProducerRoot);
  keepOnly(specialize.getPrograms()[1], isConsumerRoot);
  sinkScalars(specialize.getPrograms()[1]);
  kernel.walk([](Operation *op) { op->removeDiscardableAttr(CtaDialect::getAtAttrName()); });
  return success();
}

LogicalResult mlir::cta::specializeWarps(gpu::GPUFuncOp kernel) {
  FailureOr<ScheduleAttr> schedule = getSchedule(kernel);
  if (failed(schedule) || failed(checkProgram(kernel)) || failed(loadsToChannels(kernel, *schedule)))
    return failure();
  if (failed(splitRoles(kernel, *schedule)))
    return failure();
  kernel.walk([&](WarpSpecializeOp specialize) {
    remark::passed(kernel.getLoc(), remark::RemarkOpts::name("Roles").category("cta-specialize-warps"))
        << remark::metric("producer_warps", specialize.getWarps(Role::Producer))
        << remark::metric("consumer_warps", specialize.getWarps(Role::Consumer))
        << remark::metric("producer_registers", schedule->getProducerRegisters())
        << remark::metric("consumer_registers", schedule->getConsumerRegisters());
  });
  return success();
}

namespace {
struct CtaSpecializeWarpsPass final : cta::impl::CtaSpecializeWarpsPassBase<CtaSpecializeWarpsPass> {
  void runOnOperation() override {
    if (failed(specializeWarps(getOperation())))
      signalPassFailure();
  }
};
} // namespace
