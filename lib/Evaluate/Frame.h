//===- Frame.h - The values of one call of a function -----------*- C++ -*-===//
//
// What the evaluators of single ops see: the values of their operands, and the
// precision to compute in.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_FRAME_H
#define FOVEA_LIB_EVALUATE_FRAME_H

#include "DenseTensor.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

namespace fovea::evaluator {

using Data = llvm::SmallVector<Datum, 2>;
class AccessCounter;

class Frame {
public:
  explicit Frame(Precision precision, AccessCounter *counter = nullptr) : precision(precision), counter(counter) {}

  Precision getPrecision() const { return precision; }
  /// What accesses are counted by, or null.
  AccessCounter *getCounter() const { return counter; }

  void set(mlir::Value value, Datum datum) { data.insert_or_assign(value, std::move(datum)); }
  void forget(mlir::Value value) { data.erase(value); }

  const Datum &get(mlir::Value value) const { return data.find(value)->second; }
  const DenseTensor &getTensor(mlir::Value value) const { return std::get<DenseTensor>(get(value)); }
  Number getNumber(mlir::Value value) const { return std::get<Number>(get(value)); }
  int64_t getIndex(mlir::Value value) const { return getNumber(value).integer; }
  int64_t getIndex(mlir::OpFoldResult value) const {
    if (auto dynamic = llvm::dyn_cast<mlir::Value>(value))
      return getIndex(dynamic);
    return *mlir::getConstantIntValue(value);
  }
  llvm::SmallVector<int64_t> getIndices(llvm::ArrayRef<mlir::OpFoldResult> values) const {
    return llvm::map_to_vector(values, [&](mlir::OpFoldResult value) { return getIndex(value); });
  }

private:
  Precision precision;
  AccessCounter *counter;
  llvm::DenseMap<mlir::Value, Datum> data;
};

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_FRAME_H
