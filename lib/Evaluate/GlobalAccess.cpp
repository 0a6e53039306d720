//===- GlobalAccess.cpp - A tile of a tensor in global memory -------------===//

#include "GlobalAccess.h"

#include <cstring>

using namespace fovea;
using namespace fovea::tiles;

GlobalAccess::GlobalAccess(HostTensor &tensor, llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> dims,
                           llvm::ArrayRef<int64_t> rows, int64_t cols)
    : tensor(tensor), base(tensor.getOffset()) {
  for (auto [d, offset] : llvm::enumerate(offsets)) {
    if (llvm::is_contained(dims, int64_t(d)))
      continue;
    isInside &= offset >= 0 && offset < tensor.getShape()[d];
    base += offset * tensor.getStrides()[d];
  }
  auto along = [&](int64_t dim, int64_t index) -> int64_t {
    if (dim < 0)
      return 0;
    int64_t position = offsets[dim] + index;
    return position >= 0 && position < tensor.getShape()[dim] ? position * tensor.getStrides()[dim] : -1;
  };
  for (int64_t row : rows)
    rowPositions.push_back(along(dims[0], row));
  for (int64_t j = 0; j != cols; ++j)
    colPositions.push_back(dims.size() == 2 ? along(dims[1], j) : 0);
}

uint8_t *GlobalAccess::at(int64_t position) const {
  return static_cast<uint8_t *>(tensor.getStorage()) + position * int64_t(getByteSize(tensor.getElementType()));
}

RegisterTileRef GlobalAccess::read(llvm::ArrayRef<int64_t> shape) const {
  auto tile = std::make_shared<RegisterTile>(tensor.getElementType(), shape);
  int64_t cols = colPositions.size();
  for (int64_t i = 0, e = rowPositions.size(); i != e; ++i)
    for (int64_t j = 0; j != cols; ++j)
      if (std::optional<int64_t> position = getPosition(i, j)) {
        Scalar scalar = tensor.loadAt(*position);
        tile->set(i * cols + j, tile->isFloat() ? Number::of(scalar.toDouble()) : Number::of(scalar.toInt()));
      }
  return tile;
}

void GlobalAccess::readTo(const SharedTileRef &tile) const {
  int64_t bytes = tile.getElementBytes();
  for (int64_t i = 0, e = rowPositions.size(); i != e; ++i) {
    uint8_t *to = tile.row(i);
    for (int64_t j = 0, cols = colPositions.size(); j != cols; ++j, to += bytes) {
      if (std::optional<int64_t> position = getPosition(i, j))
        std::memcpy(to, at(*position), bytes);
      else
        std::memset(to, 0, bytes);
    }
  }
}

void GlobalAccess::write(const RegisterTile &tile) const {
  int64_t cols = colPositions.size();
  for (int64_t i = 0, e = rowPositions.size(); i != e; ++i)
    for (int64_t j = 0; j != cols; ++j)
      if (std::optional<int64_t> position = getPosition(i, j)) {
        Number number = tile.get(i * cols + j);
        tensor.storeAt(*position, tile.isFloat() ? Scalar::ofFloat(number.floating) : Scalar::ofSigned(number.integer));
      }
}

void GlobalAccess::writeFrom(const SharedTileRef &tile, llvm::ArrayRef<int64_t> rows) const {
  int64_t bytes = tile.getElementBytes();
  for (auto [i, row] : llvm::enumerate(rows)) {
    const uint8_t *from = tile.row(row);
    for (int64_t j = 0, cols = colPositions.size(); j != cols; ++j, from += bytes)
      if (std::optional<int64_t> position = getPosition(i, j))
        std::memcpy(at(*position), from, bytes);
  }
}
