//===- TileValues.h - The values of a kernel ---------------------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_TILEVALUES_H
#define FOVEA_LIB_EVALUATE_TILEVALUES_H

#include "Number.h"
#include "fovea/Dialect/Cta/IR/Cta.h"

#include <memory>
#include <variant>

namespace fovea::tiles {

using evaluator::Number;
class Channel;

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

/// The rows of a register tile that a thread holds (RowOwnership.h), row-major.
struct RegisterTile {
  ElementType type = ElementType::F32;
  llvm::SmallVector<int64_t, 2> shape;
  /// Elements of f16, bf16 and f32: values of that type.
  std::vector<float> floats;
  /// All others, as in a Number.
  std::vector<int64_t> integers;
  /// A constant is made anew wherever it is used, so that no product holds it.
  bool isConstant = false;

  /// Of zeros.
  RegisterTile(ElementType type, llvm::ArrayRef<int64_t> shape);

  bool isFloat() const { return fovea::isFloat(type); }
  int64_t rows() const { return shape[0]; }
  /// 1 for a vector.
  int64_t cols() const { return shape.size() == 2 ? shape[1] : 1; }
  int64_t size() const { return rows() * cols(); }
  Number get(int64_t i) const { return isFloat() ? Number::of(double(floats[i])) : Number::of(integers[i]); }
  /// Rounds or wraps to the type.
  void set(int64_t i, Number value);
  void fill(Number value);
};

using RegisterTileRef = std::shared_ptr<const RegisterTile>;

/// Rows `rows` of `tile`, in that order.
RegisterTileRef takeRows(const RegisterTile &tile, llvm::ArrayRef<int64_t> rows);

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

/// A piece of shared memory; all ones (NaN in every type) where it holds nothing.
class SharedBuffer {
public:
  SharedBuffer(std::string label, int64_t bytes, int64_t depth = 1) : storage(bytes, 0xff) {
    addRegion(std::move(label), 0, bytes, depth);
  }

  /// Calls `bytes` bytes from `begin` on `label`; `depth` slots. The first region is the whole buffer.
  void addRegion(std::string label, int64_t begin, int64_t bytes, int64_t depth = 1);
  void setDepth(llvm::StringRef label, int64_t depth);
  /// `"K" (slot 1)`.
  std::string describe(int64_t offset) const;

  int64_t getBytes() const { return storage.size(); }
  uint8_t *at(int64_t offset) { return storage.data() + offset; }
  void poison(int64_t begin, int64_t bytes);

  struct Region {
    std::string label;
    int64_t begin, bytes, depth;
  };
  /// The narrowest region around an offset.
  const Region *findRegion(int64_t offset) const;
  const Region *findRegion(llvm::StringRef label) const;
  /// One that has bytes of these, other than the whole buffer.
  const Region *findOverlap(int64_t begin, int64_t bytes) const;

private:
  std::vector<uint8_t> storage;
  std::vector<Region> regions;
};

/// A tile in shared memory, row-major there: where the hardware's layout puts an element within the tile shows nowhere.
struct SharedTileRef {
  std::shared_ptr<SharedBuffer> buffer;
  int64_t offset = 0;
  mlir::cta::TileType type;

  ElementType getElementType() const { return *evaluator::getElementType(type.getElementType()); }
  int64_t getElementBytes() const { return getByteSize(getElementType()); }
  /// Bytes that a copy into it counts at a barrier.
  int64_t getCopiedBytes() const;
  int64_t getBytes() const { return type.getRows() * type.getCols() * getElementBytes(); }
  uint8_t *row(int64_t i) const { return buffer->at(offset + i * type.getCols() * getElementBytes()); }
  void poison() const { buffer->poison(offset, getBytes()); }
};

/// Rows of a shared tile.
std::vector<uint8_t> copyRows(const SharedTileRef &tile, llvm::ArrayRef<int64_t> rows);

/// Rows of a shared tile as numbers; `holdsNothing` becomes true if an element was never written, or poisoned since.
std::vector<float> decodeRows(const SharedTileRef &tile, llvm::ArrayRef<int64_t> rows, bool &holdsNothing);

//===----------------------------------------------------------------------===//
// What is under way
//===----------------------------------------------------------------------===//

/// A matrix product that was issued.
struct Product {
  mlir::Operation *op;
  /// How many products the thread had issued before.
  int64_t number;
  RegisterTileRef result;
  /// Registers that must not be touched.
  RegisterTileRef a, acc;
  /// Rows that must not change, with what they held at the issue.
  struct Read {
    SharedTileRef tile;
    std::vector<int64_t> rows;
    std::vector<uint8_t> bytes;
  };
  llvm::SmallVector<Read, 2> reads;
  bool isComplete = false;
};

/// The slot that a channel used for the `use`-th time; -1 where nothing was waited for.
struct SlotRef {
  Channel *channel;
  int64_t use;
};

using TileValue = std::variant<std::monostate, Number, RegisterTileRef, SharedTileRef, HostTensor *,
                               std::shared_ptr<Product>, Channel *, SlotRef>;

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_TILEVALUES_H
