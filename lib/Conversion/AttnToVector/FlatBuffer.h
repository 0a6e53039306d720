//===- FlatBuffer.h - a buffer as one dimension of elements -----*- C++ -*-===//
//
// Vector and tile loads want elements side by side in the innermost dimension of a memref, which strides that are known
// at run time only do not promise, and which dimension it is depends on the map. A flat buffer leaves addressing to
// whoever knows.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_FLATBUFFER_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_FLATBUFFER_H

#include "LaneBuilder.h"

namespace fovea {

struct FlatBuffer {
  mlir::Value elements;                   ///< memref<?xT, strided<[1], offset: ?>>
  llvm::SmallVector<mlir::Value> strides; ///< of the original dimensions, in elements

  /// A view of all that `buffer` can address.
  static FlatBuffer of(LaneBuilder &lanes, mlir::Value buffer);

  /// Where the element at `indices` of the original dimensions lies.
  mlir::Value position(LaneBuilder &lanes, mlir::ValueRange indices) const;
};

/// Whether `stride` is 1: an i1, constant where the type of the buffer said so.
mlir::Value isUnitStride(LaneBuilder &lanes, mlir::Value stride);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_FLATBUFFER_H
