//===- VerifyBudgets.cpp - rules 6 to 8 -----------------------------------===//

#include "ScheduleModel.h"
#include "VerifySchedule.h"

using namespace mlir;
using namespace mlir::cta;

//===----------------------------------------------------------------------===//
// Rule 6
//===----------------------------------------------------------------------===//

/// What a tensor map can describe: bulk copies of a tile of `memref`.
static LogicalResult verifyBulkCopy(Operation *op, Value memory, ArrayRef<int64_t> dims) {
  auto memref = cast<MemRefType>(memory.getType());
  if (memref.getRank() > 5)
    return op->emitOpError() << "rule 6: a tensor map has at most 5 dimensions, got " << memref.getRank();
  auto [strides, offset] = memref.getStridesAndOffset();
  int64_t innermost = strides[dims.back()];
  if (!ShapedType::isDynamic(innermost) && innermost != 1)
    return op->emitOpError() << "rule 6: the columns of a bulk copy are contiguous, got a stride of " << innermost;
  return success();
}

/// The shared memory that an address lies in: through additions of scalars.
static SharedOp findShared(Value address) {
  Operation *op = address.getDefiningOp();
  if (!op)
    return nullptr;
  if (auto shared = dyn_cast<SharedOp>(op))
    return shared;
  if (op->getNumRegions() > 0)
    return nullptr;
  for (Value operand : op->getOperands())
    if (SharedOp shared = findShared(operand))
      return shared;
  return nullptr;
}

static LogicalResult verifyAlignment(SmemTileOp tile) {
  SharedOp shared = findShared(tile.getAddress());
  int64_t needed = tile.getTile().getType().getSharedTile().alignment();
  if (shared && shared.getAlignment() % needed != 0)
    return tile.emitOpError() << "rule 6: " << tile.getTile().getType() << " needs an address aligned to " << needed
                              << " bytes, got " << shared.getAlignment() << " of " << shared.getLabelAttr();
  return success();
}

static LogicalResult verifyPlacement(SharedOp shared) {
  if (std::optional<int64_t> offset = shared.getOffset(); offset && *offset % shared.getAlignment() != 0)
    return shared.emitOpError() << "rule 6: lies at offset " << *offset << ", which is no multiple of "
                                << shared.getAlignment();
  return success();
}

static LogicalResult verifySharedMemory(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  int64_t limit = fovea::sharedBytesLimit(schedule.getBlocksPerSm());
  int64_t bytes = measureSharedTiles(kernel, schedule) + sharedBytesOfBarriers;
  if (auto allocated = kernel->getAttrOfType<IntegerAttr>(CtaDialect::getSharedBytesAttrName()))
    bytes = allocated.getInt();
  if (bytes > limit)
    return kernel.emitOpError() << "rule 6: shared memory of " << bytes << " bytes, and a block has " << limit
                                << " where " << schedule.getBlocksPerSm() << " share a multiprocessor";
  return success();
}

//===----------------------------------------------------------------------===//
// Rules 7 and 8
//===----------------------------------------------------------------------===//

static LogicalResult verifyBlocks(scf::ForOp loop, int64_t registers) {
  fovea::RegisterBlocks blocks = measureBlocks(loop);
  bool overlap = productsOverlap(findRunningProducts(ExecutionOrder(*loop.getBody())));
  int64_t peak = blocks.peak(overlap), limit = fovea::blockRegisterLimit(registers);
  if (peak > limit)
    return loop.emitOpError() << "rule 7: registers: " << peak << " for tiles (scores " << blocks.scores
                              << ", accumulators " << blocks.accumulators << ", A operands " << blocks.operands
                              << (overlap ? ", overlapping" : ", in turn") << "), and of " << registers << " there are "
                              << limit;
  return success();
}

/// An instruction is compiled for the registers that threads have before setmaxnreg gives them more.
static LogicalResult verifyProduct(DotAsyncOp product, ScheduleAttr schedule) {
  int64_t columns = product.getResult().getType().getTensorType().getDimSize(1);
  int64_t launch = fovea::launchRegisters(schedule.getWarpgroups(), schedule.getBlocksPerSm());
  int64_t needed = fovea::registersOfProduct(columns);
  if (needed > launch)
    return product.emitOpError() << "rule 7: registers: a product of " << columns << " columns takes " << needed
                                 << ", and threads are launched with " << launch;
  return success();
}

static LogicalResult verifyPool(Operation *op, ScheduleAttr schedule, int64_t producer, int64_t consumer) {
  int64_t warpgroups = schedule.getWarpgroups(), blocks = schedule.getBlocksPerSm();
  if (fovea::fitsRegisterPool(warpgroups, blocks, producer, consumer))
    return success();
  int64_t launch = fovea::launchRegisters(warpgroups, blocks);
  return op->emitOpError() << "rule 8: " << producer << " + " << warpgroups << " * " << consumer
                           << " registers, and the launch has " << warpgroups + 1 << " * " << launch
                           << ": the kernel would wait for ever";
}

LogicalResult mlir::cta::verifyBudgets(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  int64_t producer = schedule.getProducerRegisters(), consumer = schedule.getConsumerRegisters();
  bool legal = true;
  kernel.walk([&](WarpSpecializeOp roles) {
    for (auto [i, registers] : llvm::enumerate(roles.getRegisters()))
      if (registers != 0)
        (roles.getRole(i) == Role::Producer ? producer : consumer) = registers;
  });
  legal &= succeeded(verifyPool(kernel, schedule, producer, consumer));
  for (scf::ForOp loop : findKeyLoops(kernel))
    if (consumer != 0)
      legal &= succeeded(verifyBlocks(loop, consumer));

  kernel.walk([&](Operation *op) {
    if (auto product = dyn_cast<DotAsyncOp>(op))
      legal &= succeeded(verifyProduct(product, schedule));
    else if (auto load = dyn_cast<LoadOp>(op))
      legal &= succeeded(verifyBulkCopy(op, load.getSource(), load.getDims()));
    else if (auto load = dyn_cast<TmaLoadOp>(op))
      legal &= succeeded(verifyBulkCopy(op, load.getSource(), load.getDims()));
    else if (auto store = dyn_cast<StoreOp>(op))
      legal &= succeeded(verifyBulkCopy(op, store.getDestination(), store.getDims()));
    else if (auto tile = dyn_cast<SmemTileOp>(op))
      legal &= succeeded(verifyAlignment(tile));
    else if (auto shared = dyn_cast<SharedOp>(op))
      legal &= succeeded(verifyPlacement(shared));
  });
  legal &= succeeded(verifySharedMemory(kernel, schedule));
  return success(legal);
}
