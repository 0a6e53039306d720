//===- Residence.h - Where a tensor is --------------------------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_RESIDENCE_H
#define FOVEA_LIB_EVALUATE_RESIDENCE_H

#include <cstdint>
#include <memory>

namespace fovea {
struct TensorAccesses;
} // namespace fovea

namespace fovea::evaluator {

/// Bytes that exist at the moment.
struct MemoryUse {
  int64_t onChip = 0, temporaries = 0;
};

/// What a tensor is stored in: an argument, or memory that the function has made.
struct Buffer {
  Buffer(TensorAccesses *accesses, int64_t elements, int64_t bytes)
      : accesses(accesses), elements(elements), bytes(bytes) {}
  ~Buffer() {
    if (use)
      (isOnChip ? use->onChip : use->temporaries) -= bytes;
  }
  Buffer(const Buffer &) = delete;

  TensorAccesses *accesses;
  int64_t elements, bytes;
  bool isOnChip = false;
  bool isFilled = false;          ///< Holds one number, which has not been written.
  std::shared_ptr<MemoryUse> use; ///< Null for arguments.
};

/// A tensor or a part of it, and whether there is a copy on chip.
struct Residence {
  ~Residence() { release(); }

  bool isOnChip() const { return isHeld || (whole && whole->isOnChip()); }
  /// Whether an access goes to memory.
  bool isInMemory() const { return buffer && !buffer->isOnChip && !isOnChip(); }
  void release() {
    if (isHeld && use)
      use->onChip -= bytes;
    isHeld = false;
  }

  std::shared_ptr<Buffer> buffer;   ///< Null as long as nothing has been written.
  std::shared_ptr<Residence> whole; ///< That this is a part of.
  int64_t elements = 0, bytes = 0;
  bool fits = false;              ///< On chip.
  bool isHeld = false;            ///< On chip, beside the buffer in memory.
  bool isDirty = false;           ///< What is held has not been written to memory.
  std::shared_ptr<MemoryUse> use; ///< That holding it adds to.
};

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_RESIDENCE_H
