//===- VerifySchedule.h - the rules of a schedule ---------------*- C++ -*-===//
//
// Groups of rules; each function reports every violation that it finds.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_VERIFYSCHEDULE_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_VERIFYSCHEDULE_H

#include "ExecutionOrder.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::cta {

/// Rule 0 and the carried part of 3 and 5: every op of a key loop has a place after what it reads.
LogicalResult verifyPlaces(scf::ForOp loop);

/// Rules 1 to 4 and 9: products and the registers that they use.
LogicalResult verifyProducts(gpu::GPUFuncOp kernel, ArrayRef<ExecutionOrder> orders);

/// Rules 5 and 10: shared tiles, slots and exclusive sections.
LogicalResult verifyChannels(gpu::GPUFuncOp kernel, ArrayRef<ExecutionOrder> orders);

/// Rules 6 to 8: what the multiprocessor has.
LogicalResult verifyBudgets(gpu::GPUFuncOp kernel, ScheduleAttr schedule);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_VERIFYSCHEDULE_H
