//===- AttentionRows.h - a tile of few query rows on the CPU ----*- C++ -*-===//
//
// What LowerAttentionRows.cpp describes, in parts: AttentionRowColumns.cpp reads vectors of K, V and Q,
// AttentionRowScores.cpp computes scores and weights, AttentionRowValues.cpp the products with V.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_ATTENTIONROWS_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_ATTENTIONROWS_H

#include "LaneBuilder.h"
#include "Lowerings.h"
#include "RowLoops.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"

namespace fovea {

inline constexpr int64_t keysPerChunk = mlir::attn::keysOfFewRows;
inline constexpr int64_t cacheLineBytes = 64;
/// Of K and V: a copied chunk is on the stack.
inline constexpr int64_t mostRowBytes = 4096;
/// Rows whose scores are held at a time.
inline constexpr int64_t rowsPerGroup = 8;
/// Rows that are multiplied together, at most.
inline constexpr int64_t rowsPerBlock = 4;

class RowsLowering {
public:
  RowsLowering(mlir::OpBuilder &builder, mlir::attn::OnlineAttentionOp op, VectorUnit unit)
      : builder(builder), op(op), structured(llvm::cast<mlir::attn::StructuredOpInterface>(op.getOperation())),
        scoreOp(llvm::cast<mlir::attn::ScoreOpInterface>(op.getOperation())), unit(unit),
        lanes(builder, op.getLoc(), op.getComputeType(), unit.lanes(op.getComputeType())) {}
  mlir::LogicalResult run();

private:
  /// K or V of a chunk: [key, column] with contiguous columns, and how many keys ahead its lines are asked for.
  struct Chunk {
    mlir::Value buffer;
    int64_t columns, vectorsPerLine, keysAhead;
  };
  /// Rows that are computed together.
  struct RowBlock {
    mlir::Value group; ///< number of the first row of their group
    mlir::Value begin; ///< number in the group, which is the one in the scratch
    int64_t count;
  };

  mlir::LogicalResult checkForm();
  Chunk chunkOf(mlir::OpOperand &operand, unsigned columnDim, int64_t columns, mlir::Value begin, mlir::Value count,
                mlir::Value scratch);
  void setRow(mlir::Value row);
  void inBlocks(mlir::Value group, mlir::Value count, llvm::function_ref<void(RowBlock)> body,
                int64_t most = rowsPerBlock);
  void lowerGroup(mlir::Value group, mlir::Value rows, mlir::Value begin, mlir::Value count, const Chunk &key,
                  const Chunk &value);
  /// Rows that are multiplied with V together.
  int64_t valueRows();
  /// Whether all rows are one group, whose queries are loaded once for all chunks.
  bool queriesAreShared() { return numRows > 0 && numRows <= rowsPerGroup; }
  void loadQueries(mlir::Value group, mlir::Value count);
  void dotPass(RowBlock rows, mlir::Value count, const Chunk &key);
  llvm::SmallVector<mlir::Value> dotKeys(RowBlock rows, llvm::ArrayRef<mlir::Value> keys, const Chunk &key);
  void dotRuns(RowBlock rows, llvm::ArrayRef<mlir::Value> runs, int64_t run, mlir::Value last, const Chunk &key);
  mlir::Value sumsAcrossLanes(llvm::SmallVector<mlir::Value> vectors);
  mlir::Value scorePass(mlir::Value row, mlir::Value begin, mlir::Value count, bool masked);
  mlir::Value scoresOfRow(mlir::Value row, mlir::Value begin, mlir::Value count);
  mlir::Value applyRegions(mlir::Value score, mlir::Value key, mlir::Value lastKey, bool masked);
  void softmaxRow(mlir::Value row, mlir::Value begin, mlir::Value count);
  /// Whether products with `matrix`, K or V of so many columns, are dot products of pairs of bf16.
  bool multipliesPairs(mlir::Value matrix, int64_t columns);
  mlir::Value multiplyPairs(mlir::Value sum, mlir::Value a, mlir::Value b);
  /// Runs `body(n, numKeys, sums)` for all keys, `step` from `n` on at a time from each stream in turn, and what is
  /// left one by one.
  llvm::SmallVector<mlir::Value>
  overStreams(mlir::Value count, int64_t step, mlir::ValueRange init,
              llvm::function_ref<void(mlir::Value, int64_t, llvm::MutableArrayRef<mlir::Value>)> body);
  void valuePass(RowBlock rows, mlir::Value count, const Chunk &value, bool guard);
  void valueBlock(RowBlock rows, mlir::Value column, int64_t vectors, mlir::Value mask, mlir::Value count,
                  const Chunk &value, bool guard);
  /// `columns` in whole cache lines of `element`, then vectors, then what is left under a mask.
  void
  overColumns(int64_t columns, mlir::Type element,
              llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, int64_t, mlir::Value, mlir::ValueRange)>,
              llvm::SmallVector<mlir::Value> &carried);
  void valuePairsBlock(RowBlock rows, mlir::Value column, int64_t vectors, mlir::Value count, const Chunk &value);
  /// Where `vectors` vectors of value dims of each row lie in the accumulator, and what is there, rescaled.
  struct Sums {
    llvm::SmallVector<llvm::SmallVector<mlir::Value>> places;
    llvm::SmallVector<mlir::Value> values;
  };
  Sums loadSums(RowBlock rows, mlir::Value column, int64_t vectors, mlir::Value mask);
  void storeSums(const Sums &sums, mlir::Value mask);
  mlir::Value load(mlir::Value buffer, mlir::ValueRange indices, mlir::Value mask);
  mlir::Value loadLine(mlir::Value buffer, mlir::Value key, mlir::Value column);
  bool readsPairs(mlir::Value buffer);
  llvm::SmallVector<mlir::Value> loadColumns(mlir::Value buffer, mlir::Value key, mlir::Value column, int64_t vectors,
                                             mlir::Value mask);
  /// Halves of two vectors: lane i of the first result is lane `lanesOfFirst[i]` of both, the second has the others in
  /// order; joinLanes is the inverse.
  void splitLanes(mlir::Value &first, mlir::Value &second, llvm::ArrayRef<int64_t> lanesOfFirst);
  void joinLanes(mlir::Value &first, mlir::Value &second, llvm::ArrayRef<int64_t> lanesOfFirst);
  llvm::SmallVector<int64_t> evenLanes();
  llvm::SmallVector<int64_t> unpackedLanes();
  void prefetch(const Chunk &chunk, mlir::Value key, mlir::Value column);
  void prefetchStreams(const Chunk &chunk, mlir::Value begin, mlir::Value count);
  mlir::Value lanesMask(int64_t count);
  /// Runs `body(begin, valid)` over `count` keys by lanes, the last time with less than all of them; `valid` is null
  /// for all lanes, unless the body is to be emitted `once` only.
  llvm::SmallVector<mlir::Value>
  inLanes(mlir::Value count, bool once, mlir::ValueRange init,
          llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::Value, mlir::ValueRange)> body);
  llvm::SmallVector<mlir::Value> rowIndices(mlir::OpOperand &operand) {
    return operandIndices(lanes, structured.getMapOf(operand), position);
  }

  mlir::OpBuilder &builder;
  mlir::attn::OnlineAttentionOp op;
  mlir::attn::StructuredOpInterface structured;
  mlir::attn::ScoreOpInterface scoreOp;
  VectorUnit unit;
  LaneBuilder lanes;
  mlir::attn::AttentionDims dims;
  llvm::SmallVector<unsigned> rowDims; ///< All that the state has but the value dim, slowest first.
  llvm::SmallVector<mlir::Value> extents, at;
  DomainPosition position;
  int64_t headDim = 0, valueDim = 0, numRows = 0; ///< numRows may be dynamic
  mlir::Value queries, scores, alphas;            ///< scratch [row][k], [row][key], [row]
  mlir::Value pairQueries, pairWeights;           ///< scratch of bf16 where pairs are multiplied: [row][k], [row][key]
  mlir::Value scale;                              ///< of the dot products, or null where it is in the queries
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_ATTENTIONROWS_H
