//===- Cta.h - the cta dialect ----------------------------------*- C++ -*-===//
//
// Dialect, attributes, types and ops of `cta`; see CtaOps.td for what they mean.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_IR_CTA_H
#define FOVEA_DIALECT_CTA_IR_CTA_H

#include "fovea/Support/RegisterLayout.h"
#include "fovea/Support/SharedTile.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <optional>

namespace mlir::cta {

/// Tiles in the block's shared memory.
struct SharedMemoryResource : SideEffects::Resource::Base<SharedMemoryResource> {
  StringRef getName() final { return "cta.SharedMemory"; }
};

/// Barriers, products in flight, bulk copies: whatever orders the threads of a block.
struct SynchronizationResource : SideEffects::Resource::Base<SynchronizationResource> {
  StringRef getName() final { return "cta.Synchronization"; }
};

} // namespace mlir::cta

#include "fovea/Dialect/Cta/IR/CtaDialect.h.inc"

#include "fovea/Dialect/Cta/IR/CtaEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "fovea/Dialect/Cta/IR/CtaAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "fovea/Dialect/Cta/IR/CtaTypes.h.inc"

#define GET_OP_CLASSES
#include "fovea/Dialect/Cta/IR/CtaOps.h.inc"

namespace mlir::cta {

/// Threads of a warpgroup, the unit that issues wgmma.
constexpr int64_t warpgroupThreads = 128;

/// Of an mbarrier in shared memory.
constexpr int64_t barrierBytes = 8;

/// Who holds which element of a register tile, by its encoding. Nothing, with the reason in `whyNot`, where there is no
/// encoding or it does not fit the shape.
std::optional<fovea::RegisterLayout> getRegisterLayout(RankedTensorType type, std::string *whyNot = nullptr);

/// How many registers (elements, not 32-bit words) of each thread a tile takes; its layout must exist.
int64_t getElementsPerThread(RankedTensorType type);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_IR_CTA_H
