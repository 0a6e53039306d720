//===- RegionVectorizer.h - score and mask regions on lanes -----*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_REGIONVECTORIZER_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_REGIONVECTORIZER_H

#include "LaneBuilder.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {

/// Emits the body of `region` for all lanes at once and returns what it yields (uniform or varying).
///
/// `arguments` are its block arguments, each a scalar, a vector of lanes or, for a capture that the region takes whole,
/// a memref. `position` gives the value of `attn.index`. Ops whose operands are all uniform stay scalar; elementwise
/// ops become vector ops; loads at varying indices become one load per lane, at an index clamped into the buffer, since
/// lanes beyond the problem must not read beyond it; any other op is repeated per lane.
mlir::Value vectorizeRegion(LaneBuilder &lanes, mlir::Region &region, llvm::ArrayRef<mlir::Value> arguments,
                            llvm::function_ref<mlir::Value(unsigned)> position);

/// `score` as the score region of `op` makes it, if it has one, and, if `masked`, -inf where the mask region keeps no
/// key (S7). `load` gives the elements of a capture that the regions take one by one.
mlir::Value applyRegions(LaneBuilder &lanes, mlir::attn::ScoreOpInterface op, mlir::Value score, bool masked,
                         llvm::function_ref<mlir::Value(mlir::OpOperand &)> load,
                         llvm::function_ref<mlir::Value(unsigned)> position);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_REGIONVECTORIZER_H
