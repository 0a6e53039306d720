//===- CtaAllocateSmem.cpp - stage 13: where things lie in shared memory --===//
//
//   %t = cta.alloc_tile : !tile                 %s = cta.shared "staging" bytes(32768) align(1024) at(65536) : i32
//   %k = cta.shared "K" bytes(65536)      ->    %t = cta.smem_tile %s : !tile
//            align(1024) : i32                  %k = cta.shared "K" bytes(65536) align(1024) at(0) : i32
//
// In the order of falling alignment, so that nothing is lost between them: tiles, then barriers, then scalars.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Roles.h"
#include "fovea/Support/KernelBudget.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTAALLOCATESMEMPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

static LogicalResult lowerAllocTile(AllocTileOp alloc, unsigned number) {
  TileType type = alloc.getTile().getType();
  if (type.getSwizzle() == 0)
    return alloc.emitOpError("has no swizzle: run cta-infer-layouts first");
  fovea::SharedTile tile = type.getSharedTile();
  OpBuilder builder(alloc);
  std::string label = "staging";
  if (number != 0)
    label += "." + std::to_string(number);
  Value address = SharedOp::create(builder, alloc.getLoc(), builder.getI32Type(), label, tile.bytes(), tile.alignment(),
                                   /*offset=*/IntegerAttr());
  alloc.replaceAllUsesWith(SmemTileOp::create(builder, alloc.getLoc(), type, address).getTile());
  alloc.erase();
  return success();
}

LogicalResult mlir::cta::allocateSharedMemory(gpu::GPUFuncOp kernel) {
  SmallVector<AllocTileOp> tiles;
  kernel.walk([&](AllocTileOp alloc) { tiles.push_back(alloc); });
  for (auto [number, alloc] : llvm::enumerate(tiles))
    if (failed(lowerAllocTile(alloc, number)))
      return failure();

  SmallVector<SharedOp> parts;
  kernel.walk([&](SharedOp part) { parts.push_back(part); });
  for (SharedOp part : parts)
    if (part.getBytes() == 0 || !llvm::isPowerOf2_64(part.getAlignment()))
      return part.emitOpError() << "takes at least one byte at a multiple of a power of two, got " << part.getBytes()
                                << " at a multiple of " << part.getAlignment();
  DenseMap<Operation *, size_t> places;
  for (auto [place, part] : llvm::enumerate(parts))
    places[part] = place;
  llvm::sort(parts, [&](SharedOp a, SharedOp b) {
    return std::make_pair(-a.getAlignment(), places.lookup(a)) < std::make_pair(-b.getAlignment(), places.lookup(b));
  });
  int64_t end = 0;
  for (SharedOp part : parts) {
    end = llvm::alignTo(end, part.getAlignment());
    part.setOffset(end);
    end += part.getBytes();
  }

  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  int64_t blocks = schedule ? schedule.getBlocksPerSm() : 1;
  int64_t limit = fovea::sharedBytesLimit(blocks);
  if (end > limit) {
    InFlightDiagnostic error = kernel.emitOpError()
                               << "needs " << end << " bytes of shared memory; a thread block has " << limit;
    if (blocks != 1)
      error << " where " << blocks << " share a multiprocessor";
    for (auto [i, part] : llvm::enumerate(parts))
      error << (i ? ", " : ": ") << part.getLabel() << " " << part.getBytes();
    return error;
  }
  kernel->setAttr(CtaDialect::getSharedBytesAttrName(), Builder(kernel.getContext()).getI64IntegerAttr(end));
  remark::analysis(kernel.getLoc(), remark::RemarkOpts::name("SharedMemory").category("cta-allocate-smem"))
      << remark::metric("bytes", end) << remark::metric("limit", limit) << remark::metric("blocks_per_sm", blocks);
  return success();
}

namespace {
struct CtaAllocateSmemPass final : cta::impl::CtaAllocateSmemPassBase<CtaAllocateSmemPass> {
  void runOnOperation() override {
    if (failed(allocateSharedMemory(getOperation())))
      signalPassFailure();
  }
};
} // namespace
