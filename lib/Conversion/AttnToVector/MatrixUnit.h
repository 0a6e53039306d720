//===- MatrixUnit.h - what multiplies 16-bit operands -----------*- C++ -*-===//
//
// Operands are in the layouts of MatrixOperands.h whatever multiplies them: tiles of AMX, or the dot products of pairs
// that AVX512_BF16 has. What the two need beside that, and in which blocks they compute, is behind this interface.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXUNIT_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXUNIT_H

#include "MatrixOperands.h"

#include <memory>

namespace fovea {

/// C = A B or C += A B for one panel of queries, where C is [rows][panelWidth] of f32 and what is summed over comes in
/// steps of `tileDepth` elements.
struct PanelProduct {
  static constexpr int64_t panelTiles = 2;                     ///< of queries
  static constexpr int64_t panelWidth = panelTiles * tileRows; ///< queries

  using Indices = llvm::SmallVector<mlir::Value>;

  int64_t rows = 0; ///< a multiple of the unit's granule, and no more than two tiles have
  llvm::ArrayRef<mlir::Value> left;
  /// Where a row of A has its elements of a step, side by side.
  llvm::function_ref<Indices(mlir::Value row, mlir::Value step)> leftAt;
  mlir::Value leftStride; ///< between rows, or null where it is that of the last dimension but one
  llvm::ArrayRef<mlir::Value> right;
  /// Where a tile of B begins, in the last two dimensions of its buffer.
  llvm::function_ref<Indices(mlir::Value step, int64_t tile)> rightAt;
  mlir::Value from, to; ///< steps
  mlir::Value target, row, column;
  bool accumulate = false;
  /// Whether the product of two second parts shows: 2^-14 of the whole at most, which is nothing beside the rounding of
  /// a 16-bit result, but shows in an LSE in f32.
  bool exact = false;
};

class MatrixUnit {
public:
  virtual ~MatrixUnit() = default;
  /// For remarks.
  virtual llvm::StringRef name() const = 0;
  /// C has a multiple of so many rows.
  virtual int64_t rowGranule() const = 0;
  virtual void emit(const PanelProduct &product) = 0;
};

/// Tiles of AMX, in groups of two by two.
std::unique_ptr<MatrixUnit> createTileUnit(LaneBuilder &lanes, TileElement element);
/// AVX512_BF16: an instruction multiplies a pair of A, the same for all lanes, with sixteen of B.
std::unique_ptr<MatrixUnit> createPairUnit(LaneBuilder &lanes);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXUNIT_H
