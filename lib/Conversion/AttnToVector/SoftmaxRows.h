//===- SoftmaxRows.h - rows of a softmax on lanes ---------------*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SOFTMAXROWS_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SOFTMAXROWS_H

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RowLoops.h"

namespace fovea {

/// Elements whose scores are held while their maximum is found.
constexpr int64_t elementsPerChunk = 2048;

/// What online_softmax and normalize share: walking rows and evaluating scores on lanes, for an op on memrefs.
class SoftmaxRows {
public:
  SoftmaxRows(mlir::OpBuilder &builder, mlir::attn::ScoreOpInterface op, VectorUnit unit);

  /// Emits `body` for every row, once for unit strides along the softmax dimension of `buffers` and once for others.
  void forEachRow(llvm::MutableArrayRef<mlir::Value> buffers, llvm::function_ref<void()> body) {
    walk(buffers, rows, body);
  }
  /// The same for every position of the row dimensions but the last, whose loop is the business of `body`.
  void forEachRun(llvm::MutableArrayRef<mlir::Value> buffers, llvm::function_ref<void()> body) {
    walk(buffers, llvm::ArrayRef(rows).drop_back(), body);
  }

  /// Lanes of `buffer` (indexed as x is) from `begin` on; `valid` counts those that exist, null for all.
  mlir::Value loadLanes(mlir::Value buffer, mlir::Value begin, mlir::Value valid);
  /// `streaming` stores bypass the cache; they want `begin` to be at a multiple of a vector's size in memory.
  void storeLanes(mlir::Value vector, mlir::Value buffer, mlir::Value begin, mlir::Value valid, bool streaming = false);
  /// Whether results of the size and shape of `buffer` are better stored past the cache.
  mlir::Value isWorthStreaming(mlir::Value buffer);
  /// Elements from `begin` on in the row of `buffer` that lie before a multiple of a vector's size in memory, or `end`.
  mlir::Value headLength(mlir::Value buffer, mlir::Value begin, mlir::Value end);
  /// Scores of the lanes from `begin` on, -inf for lanes that do not exist.
  mlir::Value scores(mlir::Value input, mlir::Value begin, mlir::Value valid);
  /// Runs `body(begin, valid)` over [begin, end) by lanes, several at a time, the last time with less than all lanes.
  void inLanes(mlir::Value begin, mlir::Value end, llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  /// The same with a running value, of which independent copies are kept in the main loop; `combine` joins them. They
  /// start from `identity`.
  mlir::Value reduceInLanes(mlir::Value begin, mlir::Value end, mlir::Value identity,
                            llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, mlir::Value)> body,
                            llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);
  /// Asks for the line of element `begin + at` of the row, and where `begin` is beyond its end for that of element `at`
  /// of the next. That may lie beyond the buffer, where a prefetch does no harm.
  void prefetch(mlir::Value input, mlir::Value begin, mlir::Value at);
  llvm::SmallVector<mlir::Value> rowIndices(mlir::AffineMap map) { return operandIndices(lanes, map, position); }

  mlir::OpBuilder &builder;
  mlir::attn::ScoreOpInterface op;
  VectorUnit unit;
  mlir::attn::StructuredOpInterface structured;
  LaneBuilder lanes;
  unsigned dimension;
  llvm::SmallVector<mlir::Value> extents, at;
  llvm::SmallVector<unsigned> rows;
  DomainPosition position;
  bool unitStride = false;

private:
  /// Where the parts of a loop end whose steps are several vectors, one and a part of one.
  struct Bounds {
    mlir::Value blocksEnd, vectorsEnd, rest;
  };
  void walk(llvm::MutableArrayRef<mlir::Value> buffers, llvm::ArrayRef<unsigned> dims, llvm::function_ref<void()> body);
  /// Whether there are stores that bypass the cache for the elements of `buffer`.
  bool canStorePastCache(mlir::Value buffer) const;
  /// The address in bytes of element `begin` of the row of `buffer`, as an index.
  mlir::Value addressOf(mlir::Value buffer, mlir::Value begin);
  void storePastCache(mlir::Value vector, mlir::Value buffer, mlir::Value begin);
  int64_t copies();
  Bounds boundsOf(mlir::Value begin, mlir::Value end);
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SOFTMAXROWS_H
