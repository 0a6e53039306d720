//===- GlobalAccess.h - A tile of a tensor in global memory -----*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_GLOBALACCESS_H
#define FOVEA_LIB_EVALUATE_GLOBALACCESS_H

#include "TileValues.h"

namespace fovea::tiles {

/// Where the elements of a tile lie in a tensor, by the offsets and dims of the access ops.
class GlobalAccess {
public:
  /// Of rows `rows` of a tile of `cols` columns; a vector has one column and one entry in `dims`.
  GlobalAccess(HostTensor &tensor, llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> dims,
               llvm::ArrayRef<int64_t> rows, int64_t cols);

  /// Element (i, j) of the tile; nothing outside of the tensor.
  std::optional<int64_t> getPosition(int64_t i, int64_t j) const {
    if (!isInside || rowPositions[i] < 0 || colPositions[j] < 0)
      return std::nullopt;
    return base + rowPositions[i] + colPositions[j];
  }

  /// Zero outside of the tensor.
  RegisterTileRef read(llvm::ArrayRef<int64_t> shape) const;
  void readTo(const SharedTileRef &tile) const;
  void write(const RegisterTile &tile) const;
  /// Rows of a shared tile that the access was made for.
  void writeFrom(const SharedTileRef &tile, llvm::ArrayRef<int64_t> rows) const;

private:
  uint8_t *at(int64_t position) const;

  HostTensor &tensor;
  bool isInside = true; ///< By the dimensions that do not run along the tile.
  int64_t base;
  /// Elements from the base along each coordinate; -1 outside of the tensor.
  std::vector<int64_t> rowPositions, colPositions;
};

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_GLOBALACCESS_H
