//===- MemoryView.h - the memref behind a tensor ----------------*- C++ -*-===//
//
//   %t = bufferization.to_tensor %m
//   %a = tensor.extract_slice %t[%b, %h, %i, 0] [1, 1, %n, 128]
//   %s = tensor.extract_slice %a[0, 0, %j, 0] [1, 1, %r, 128]
//
// %s is a view of %m at [%b + 0, %h + 0, %i + %j, 0 + 0]. Bounds are those of the memref: whoever reads a tile
// zero-fills what lies beyond them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_MEMORYVIEW_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_MEMORYVIEW_H

#include "TileBuilder.h"

namespace fovea {

struct MemoryView {
  mlir::Value memref;
  /// Per dimension of the memref, the terms that add up to where the view begins; constants 0 are left out.
  llvm::SmallVector<llvm::SmallVector<mlir::OpFoldResult>> offsets;
  /// Per dimension of the view, that of the memref.
  llvm::SmallVector<unsigned> dims;

  mlir::MemRefType type() const { return mlir::cast<mlir::MemRefType>(memref.getType()); }
  bool isWhole() const;
  /// Where the view begins along a dimension of the memref; `map` takes values to where they may be used.
  mlir::Value offset(TileBuilder &builder, unsigned dim, ScalarMapping map) const;
  llvm::SmallVector<mlir::Value> allOffsets(TileBuilder &builder, ScalarMapping map) const;

  /// The view that a tensor or memref is, or nothing with the reason.
  static std::optional<MemoryView> of(mlir::Value value, std::string &whyNot);
};

/// The extent of a tensor in a kernel, in terms of values that exist: the size of a slice, or `memref.dim`.
mlir::OpFoldResult extentOf(TileBuilder &builder, mlir::Value tensor, unsigned dim);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_MEMORYVIEW_H
