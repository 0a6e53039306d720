//===- DenseTensor.h - A tensor while it is computed with -------*- C++ -*-===//
//
// The value of an SSA tensor: immutable for all who share it, row-major,
// without gaps.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_DENSETENSOR_H
#define FOVEA_LIB_EVALUATE_DENSETENSOR_H

#include "Number.h"

#include <memory>
#include <vector>

namespace fovea::evaluator {

struct Residence;

class DenseTensor {
public:
  /// Poisoned: NaN, or an integer that is no plausible value. Fails on a size
  /// that is negative or beyond this machine's memory.
  static llvm::Expected<DenseTensor> create(ElementType type, llvm::ArrayRef<int64_t> shape);

  /// The elements of `source`, rounded to `type` (always: these are inputs).
  static llvm::Expected<DenseTensor> fromHost(const HostTensor &source, ElementType type);

  /// Floating-point elements stay f64 in the reference.
  llvm::Expected<HostTensor> toHost(Precision precision) const;

  /// The same elements in row-major order under another shape of equal size.
  DenseTensor reshape(llvm::ArrayRef<int64_t> newShape) const;

  ElementType getElementType() const { return type; }
  bool isFloat() const { return fovea::isFloat(type); }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getNumElements() const { return data->size(); }

  const Number *getData() const { return data->data(); }
  /// Unshares the elements first.
  Number *getMutableData();

  /// Where the tensor is in a run that counts accesses; copies are in the same place.
  const std::shared_ptr<Residence> &getResidence() const { return residence; }
  void setResidence(std::shared_ptr<Residence> place) { residence = std::move(place); }

private:
  DenseTensor() = default;

  ElementType type = ElementType::F32;
  llvm::SmallVector<int64_t> shape;
  std::shared_ptr<std::vector<Number>> data;
  std::shared_ptr<Residence> residence;
};

/// The value of an SSA value.
using Datum = std::variant<Number, DenseTensor>;

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_DENSETENSOR_H
