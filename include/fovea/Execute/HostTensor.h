//===- HostTensor.h - A strided tensor in host memory -----------*- C++ -*-===//
//
// The tensors that are handed to compiled code, read from files and compared:
// an element type, a shape, any strides, and the storage they lie in. A new
// tensor is poisoned, so that an element that nobody writes, and a read of the
// padding between rows, both show.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_HOSTTENSOR_H
#define FOVEA_EXECUTE_HOSTTENSOR_H

#include "fovea/Execute/ElementType.h"
#include "fovea/Execute/Scalar.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <cstdlib>
#include <memory>
#include <string>

namespace fovea {

/// Row-major strides of a tensor without gaps.
llvm::SmallVector<int64_t> getContiguousStrides(llvm::ArrayRef<int64_t> shape);

/// `[0, 3, 1]`.
std::string formatIndices(llvm::ArrayRef<int64_t> indices);

class HostTensor {
public:
  /// Alignment of the storage, in bytes: a cache line and an AVX-512 vector.
  static constexpr size_t alignment = 64;

  /// A poisoned tensor in row-major order. Fails on a negative size and on a
  /// size that this machine's memory cannot hold, as `strided` does.
  static llvm::Expected<HostTensor> contiguous(ElementType type, llvm::ArrayRef<int64_t> shape);

  /// A poisoned tensor whose element at `indices` lies `offset + sum(indices *
  /// strides)` elements into the storage. Strides may leave gaps, repeat
  /// elements (0) and run backwards (negative, given an offset that keeps every
  /// element in the storage).
  static llvm::Expected<HostTensor> strided(ElementType type, llvm::ArrayRef<int64_t> shape,
                                            llvm::ArrayRef<int64_t> strides, int64_t offset = 0);

  ElementType getElementType() const { return elementType; }
  int64_t getRank() const { return shape.size(); }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  /// In elements.
  llvm::ArrayRef<int64_t> getStrides() const { return strides; }
  /// In elements.
  int64_t getOffset() const { return offset; }
  /// Product of the shape; 1 for rank 0.
  int64_t getNumElements() const;
  /// `2x3xf32`.
  std::string getTypeString() const;

  /// Start of the storage; `alignment` holds here, never null.
  void *getStorage() { return storage.get(); }
  const void *getStorage() const { return storage.get(); }
  int64_t getStorageBytes() const { return storageBytes; }

  /// Elements into the storage at which the element at `indices` lies.
  int64_t getPosition(llvm::ArrayRef<int64_t> indices) const;
  Scalar loadAt(int64_t position) const;
  /// As `Scalar::store`: false if `value` is out of the element type's range.
  bool storeAt(int64_t position, Scalar value);

  /// Converting access to one element, with the rules of `Scalar`.
  double getDouble(llvm::ArrayRef<int64_t> indices) const;
  int64_t getInt(llvm::ArrayRef<int64_t> indices) const;
  void setDouble(llvm::ArrayRef<int64_t> indices, double value);
  void setInt(llvm::ArrayRef<int64_t> indices, int64_t value);

  /// Fills the whole storage, gaps included, with NaN, or with an integer that
  /// is no plausible value (0x5a in every byte; false for `i1`, of which other
  /// bytes are undefined).
  void poison();

  /// Takes the stored bits for elements of `type`, which has the same size.
  void reinterpret(ElementType type);

  /// Takes the elements of `source`, converted; fails if the shapes differ or
  /// a value is out of this element type's range.
  llvm::Error assign(const HostTensor &source);

  /// A row-major tensor of `type` with these elements; fails as `assign` does.
  llvm::Expected<HostTensor> convert(ElementType type) const;

private:
  struct Free {
    void operator()(void *pointer) const { std::free(pointer); }
  };

  HostTensor() = default;

  ElementType elementType = ElementType::F32;
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<int64_t> strides;
  int64_t offset = 0;
  std::unique_ptr<char, Free> storage;
  int64_t storageBytes = 0;
};

/// Walks the elements of a tensor in row-major order, whatever its strides.
/// Cursors of tensors of one shape stay in step.
class ElementCursor {
public:
  explicit ElementCursor(const HostTensor &tensor);

  bool atEnd() const { return done; }
  void advance();
  llvm::ArrayRef<int64_t> getIndices() const { return indices; }
  /// For `HostTensor::loadAt` and `storeAt`.
  int64_t getPosition() const { return position; }

private:
  llvm::ArrayRef<int64_t> shape;
  llvm::ArrayRef<int64_t> strides;
  llvm::SmallVector<int64_t> indices;
  int64_t position;
  bool done;
};

} // namespace fovea

#endif // FOVEA_EXECUTE_HOSTTENSOR_H
