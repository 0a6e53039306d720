//===- Transpose.h - between rows and lanes in registers --------*- C++ -*-===//
//
// A row in memory is a vector of consecutive columns; on the lanes a vector is a column of as many rows. The one
// becomes the other by transposing a square of vectors in registers, which takes n/2 * log2(n) * 2 shuffles for n lanes
// instead of n * n loads and inserts.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_TRANSPOSE_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_TRANSPOSE_H

#include "LaneBuilder.h"

namespace fovea {

/// Element j of vector i for element i of vector j, of as many vectors as each has elements, a power of two.
llvm::SmallVector<mlir::Value> transpose(LaneBuilder &lanes, llvm::ArrayRef<mlir::Value> rows);

/// A buffer as one whose last dimension has a static stride of 1, and whether that is so: an i1, constant where the
/// type says it.
struct UnitStrideView {
  mlir::Value buffer, isUnit;
  UnitStrideView(LaneBuilder &lanes, mlir::Value buffer);
};

/// The greatest multiple of `lanes.lanes` in `extent` where `condition` holds, otherwise 0: where the part of a loop
/// ends that takes a vector at a time.
mlir::Value vectorEnd(LaneBuilder &lanes, mlir::Value extent, mlir::Value condition);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_TRANSPOSE_H
