//===- RowLoops.h - loops over the dimensions of a structured op -*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_ROWLOOPS_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_ROWLOOPS_H

#include "LaneBuilder.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

namespace fovea {

/// Positions of the dimensions of an op's domain; null where no loop has set one.
using DomainPosition = llvm::SmallVector<mlir::Value>;

/// Extents of the domain of `op` on memrefs.
llvm::SmallVector<mlir::Value> domainExtents(LaneBuilder &lanes, mlir::attn::StructuredOpInterface op);

/// Nested loops over `dims`; `body` sees their positions.
void forEach(LaneBuilder &lanes, llvm::ArrayRef<unsigned> dims, llvm::ArrayRef<mlir::Value> extents,
             DomainPosition &position, llvm::function_ref<void()> body);

/// Indices of an operand with `map` at `position`.
llvm::SmallVector<mlir::Value> operandIndices(LaneBuilder &lanes, mlir::AffineMap map, const DomainPosition &position);

/// Dimensions that are results of `map`, in order.
llvm::SmallVector<unsigned> dimsOf(mlir::AffineMap map);

/// Elements of `buffer` at `position` as one per lane from `begin` on along `dim`, where the lanes beyond `last` repeat
/// that element unless it is null; a scalar where `map` does not have the dimension.
mlir::Value loadAlong(LaneBuilder &lanes, mlir::Value buffer, mlir::AffineMap map, DomainPosition position,
                      unsigned dim, mlir::Value begin, mlir::Value last);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_ROWLOOPS_H
