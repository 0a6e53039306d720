//===- ScheduleModel.h - what a schedule takes of an SM ---------*- C++ -*-===//
//
// Registers and shared memory of a kernel, read off its ops, at any of the stages 9 to 13.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_SCHEDULEMODEL_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_SCHEDULEMODEL_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Support/KernelBudget.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::cta {

/// The op of `block` that `op` is or lies in; null where it lies in none.
Operation *ancestorIn(Block *block, Operation *op);

/// Calls `visit` with every value that `op` or an op nested in it reads.
void forEachReadValue(Operation *op, function_ref<void(Value)> visit);

/// The loops whose bodies issue products themselves, outermost first.
SmallVector<scf::ForOp> findKeyLoops(Operation *root);

/// The products that the body of `loop` issues itself.
SmallVector<DotAsyncOp> findProducts(scf::ForOp loop);

/// The wait for a product, in the same block; null where there is none.
DotWaitOp findWait(DotAsyncOp product);

/// What `value`, an argument or result of scf control flow, may be.
SmallVector<Value> sourcesThroughControlFlow(Value value);

/// The ops that define the registers of an operand of a product: behind conversions of layout, the ties of waits and
/// what control flow carries; and, of a chain of ops on elements of 16 bits or fewer, all (a conversion may only rename
/// registers). Constants, and results of products, are no such definitions.
SetVector<Operation *> findDefinitions(Value operand);

/// 32-bit registers per thread of the tiles in the products of `loop`.
fovea::RegisterBlocks measureBlocks(scf::ForOp loop);

/// Shared memory of the kernel's tiles, in bytes: of channels where there are some, else of those that its loads and
/// stores will need with `schedule`; without barriers.
int64_t measureSharedTiles(gpu::GPUFuncOp kernel, ScheduleAttr schedule);

/// An upper bound for barriers and mailboxes.
constexpr int64_t sharedBytesOfBarriers = 1024;

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_SCHEDULEMODEL_H
