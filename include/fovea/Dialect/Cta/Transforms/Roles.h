//===- Roles.h - warp roles, channels, barriers (stages 12, 13) -*- C++ -*-===//
//
// What the passes of these stages do, on a given kernel. All of them leave the kernel unchanged in meaning and explain
// every failure by a diagnostic.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_ROLES_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_ROLES_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::cta {

/// Named barriers that exclusive sections may use are 1 to 7; stores use those from 8 on.
constexpr int64_t firstSectionBarrier = 1, firstStoreBarrier = 8;

/// Turns the one program of a kernel into a `cta.warp_specialize`, loads into channels (stage 12).
LogicalResult specializeWarps(gpu::GPUFuncOp kernel);

/// Sets `pending` and `tied` of every `cta.dot_wait` (stage 13).
LogicalResult deriveWaits(gpu::GPUFuncOp kernel);

/// Lowers channels and exclusive sections to barriers and addresses (stage 13).
LogicalResult lowerChannels(gpu::GPUFuncOp kernel);

/// Gives every `cta.shared` its offset and the kernel its `cta.shared_bytes` (stage 13).
LogicalResult allocateSharedMemory(gpu::GPUFuncOp kernel);

/// Erases from `program` (scf.for, scf.if, scf.while and ops without regions) what none of its `roots` needs: values
/// that loops carry only for themselves are dropped with them. A loop stays if a root is in it.
void keepOnly(Region &program, function_ref<bool(Operation *)> isRoot);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_ROLES_H
