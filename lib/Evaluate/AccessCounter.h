//===- AccessCounter.h - Where tensors are while a function runs -*- C++ -*-===//
//
// Follows the tensors of a run through the two memories of fovea/Evaluate/AccessCounts.h.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_ACCESSCOUNTER_H
#define FOVEA_LIB_EVALUATE_ACCESSCOUNTER_H

#include "Frame.h"
#include "Residence.h"

#include "fovea/Evaluate/AccessCounts.h"

namespace fovea::evaluator {

class AccessCounter {
public:
  AccessCounter(int64_t onChipBytes, AccessCounts &counts) : onChipBytes(onChipBytes), counts(counts) {}

  /// Makes `arguments` tensors in memory.
  void addArguments(llvm::MutableArrayRef<Datum> arguments);
  /// Writes those results of the function that are on chip.
  void takeResults(llvm::ArrayRef<Datum> results);
  /// Counts what `op` has done; says where its results are.
  void record(mlir::Operation *op, const Frame &frame, llvm::MutableArrayRef<Datum> results);
  /// Counts what has become part of `destination` (tensor.parallel_insert_slice).
  void recordInsert(const DenseTensor &source, DenseTensor &destination);
  /// Gives tensors that nothing has been written to a place of their own, before a loop carries them.
  void separate(llvm::MutableArrayRef<Datum> carried);
  /// Around an iteration of a parallel loop.
  void enterIteration() { loadedInIteration.emplace_back(); }
  void leaveIteration();

  void addFlops(int64_t flops) { counts.flops += flops; }

private:
  void countRead(const Residence &place, int64_t elements);
  void countWrite(const Residence &place, int64_t elements);
  void hold(const std::shared_ptr<Residence> &place);
  void read(const DenseTensor &tensor);
  void overwrite(DenseTensor &result, const DenseTensor *init);
  void fill(DenseTensor &result, const DenseTensor &init);
  void insert(const DenseTensor &source, const std::shared_ptr<Residence> &destination);
  void allocate(Residence &place);
  void materialize(Residence &place);
  void recordStructured(mlir::Operation *op, const Frame &frame, llvm::MutableArrayRef<Datum> results);
  bool recordTensorOp(mlir::Operation *op, const Frame &frame, llvm::MutableArrayRef<Datum> results);
  void recordSlice(const DenseTensor &source, DenseTensor &slice);
  std::shared_ptr<Residence> makePlace(const DenseTensor &tensor);

  int64_t onChipBytes;
  AccessCounts &counts;
  /// What is held now.
  std::shared_ptr<MemoryUse> use = std::make_shared<MemoryUse>();
  std::vector<std::vector<std::weak_ptr<Residence>>> loadedInIteration;
};

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_ACCESSCOUNTER_H
