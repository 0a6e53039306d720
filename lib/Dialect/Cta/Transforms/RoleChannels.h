//===- RoleChannels.h - loads as channels -----------------------*- C++ -*-===//
//
// Private to cta-specialize-warps.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_CTA_TRANSFORMS_ROLECHANNELS_H
#define FOVEA_LIB_DIALECT_CTA_TRANSFORMS_ROLECHANNELS_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::cta {

/// Replaces every `cta.load` by what both roles do, one after the other (acquire, tma_load; wait, slot_tile), with the
/// release where the last product that reads the tile has been waited for, and gives every `cta.store` the shared tile
/// it goes through. A tile that loops carry becomes a slot that they carry. Channels and staging tiles are created at
/// the beginning of the kernel.
LogicalResult loadsToChannels(gpu::GPUFuncOp kernel, ScheduleAttr schedule);

} // namespace mlir::cta

#endif // FOVEA_LIB_DIALECT_CTA_TRANSFORMS_ROLECHANNELS_H
