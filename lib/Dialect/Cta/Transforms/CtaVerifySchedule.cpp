//===- CtaVerifySchedule.cpp - the rules of a schedule (stages 10 to 13) --===//
//
//   rule  0  every op of a loop that awaits expansion has a place, after what it reads
//   rule  1  the accumulator of a product is touched only through its wait
//   rule  2  the registers of an A operand are defined while no product runs
//   rule  3  an accumulator is rescaled after the wait for it, while no product runs
//   rule  4  whether a product is issued or waited for does not depend on the warp
//   rule  5  a shared tile is read in the stage that loads it, and its slot released after the last read
//   rule  6  bulk copies: at most 5 dimensions, the innermost contiguous, aligned tiles; shared memory suffices
//   rule  7  the tiles of products fit the consumer's registers
//   rule  8  the registers of the roles fit those of the launch
//   rule  9  no product runs over the end of an iteration
//   rule 10  an exclusive section issues products and does nothing else that takes long, and what enters one leaves it
//
// Breaking 1, 5, 8 or 10 gives wrong results or a kernel that never ends; ptxas answers 2, 3, 4 and 9 by serialising
// all products, and 7 by spilling.
//
//===----------------------------------------------------------------------===//

#include "VerifySchedule.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTAVERIFYSCHEDULEPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

LogicalResult mlir::cta::verifySchedule(gpu::GPUFuncOp kernel) {
  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  if (!schedule)
    return success();
  bool legal = true;
  kernel.walk([&](scf::ForOp loop) {
    if (awaitsExpansion(loop))
      legal &= succeeded(verifyPlaces(loop));
  });
  if (!legal) // the order is not one
    return failure();

  SmallVector<ExecutionOrder> orders;
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Region &region : op->getRegions())
      for (Block &block : region)
        orders.emplace_back(block);
  });
  legal &= succeeded(verifyProducts(kernel, orders));
  legal &= succeeded(verifyChannels(kernel, orders));
  legal &= succeeded(verifyBudgets(kernel, schedule));
  return success(legal);
}

namespace {
struct CtaVerifySchedulePass final : cta::impl::CtaVerifySchedulePassBase<CtaVerifySchedulePass> {
  void runOnOperation() override {
    if (failed(verifySchedule(getOperation())))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
