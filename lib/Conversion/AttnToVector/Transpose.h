//===- Transpose.h - between rows and lanes, in squares ---------*- C++ -*-===//
//
// A row in memory is a vector of consecutive columns; on the lanes a vector is a column of as many rows. The one
// becomes the other by transposing squares of vectors, with log2(n) shuffles for each of n vectors instead of n loads
// and inserts.
//
// A square of more vectors than fit 16 bytes goes through a buffer on the stack, as two loops of few vectors. In
// registers the shuffles would be as many, and their ports, not the buffer's loads and stores, are what bounds both;
// but a straight line of 64 shuffles that depend on one another takes LLVM's instruction selection
// longer than all else in a tile.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_TRANSPOSE_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_TRANSPOSE_H

#include "LaneBuilder.h"

namespace fovea {

/// Emits the transposition of squares of n vectors of n elements, a power of two.
class SquareTranspose {
public:
  /// Transposes `count` squares of vectors of `type` at a time, with a buffer for the insertion point's parallel body
  /// or function.
  SquareTranspose(LaneBuilder &lanes, mlir::VectorType type, int64_t count = 1);

  /// Vector `i` of each square; `carried` are the values that the call takes along, to be replaced.
  using GetRow =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value i, llvm::MutableArrayRef<mlir::Value> carried)>;
  /// Receives the vector of elements `i` of the vectors of square number `square`.
  using PutColumn = llvm::function_ref<void(int64_t square, mlir::Value i, mlir::Value column)>;
  /// Returns what became of `carried`.
  llvm::SmallVector<mlir::Value> emit(GetRow getRow, PutColumn putColumn, mlir::ValueRange carried = {});

private:
  LaneBuilder &lanes;
  mlir::VectorType type;
  int64_t length; ///< of a vector, and of the square
  int64_t unit;   ///< vectors of the first loop: elements in 16 bytes
  llvm::SmallVector<mlir::Value> buffers;
};

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
