//===- MatrixOperands.h - operands as a matrix unit takes them --*- C++ -*-===//
//
// The unit multiplies tiles of 16 rows of 64 bytes: A by rows, B as rows of pairs (elements 2r and 2r + 1 of a column
// side by side), C in f32. With queries along the columns of C, S^T = K Q^T and O^T += V^T P^T:
//
//   K    A: rows of keys, from where they lie, if the head dim is contiguous and a multiple of 32; else a copy
//   Q^T  B: pairs of head dims, packed once per tile of queries
//   V^T  A: rows of value dims, 32 keys each, packed once for all tiles: [key / 32][value dim][32]
//   P^T  B: pairs of keys, as the softmax writes them
//
// A unit without products of f16 takes an f16 operand as the sum of two of bf16, which is exact.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXOPERANDS_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXOPERANDS_H

#include "FlatBuffer.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

namespace fovea {

constexpr int64_t tileRows = 16;  ///< of every tile; also columns of C
constexpr int64_t tileDepth = 32; ///< 16-bit elements that one product of tiles adds up

/// How elements of an operand become elements of tiles.
struct TileElement {
  mlir::FloatType type; ///< bf16 or f16
  int64_t parts = 1;    ///< tiles whose sum is the operand's
};

/// K: element (n, k) of the op's keys is element n * stride + k of each part's buffer. Elements from the head dim to
/// the next multiple of 32 are zeros.
struct KeyRows {
  llvm::SmallVector<mlir::Value> parts;
  mlir::Value begin, stride;
};

/// Q^T: [query / 16][head dim / 32][16 pairs][16 queries * 2].
struct QueryTiles {
  llvm::SmallVector<mlir::Value> parts;
};

/// V^T: [..., key / 32][value dim][32]; keys beyond the last and value dims up to the next multiple of 16 are zeros.
struct ValueTiles {
  llvm::SmallVector<mlir::Value> parts;
  llvm::SmallVector<mlir::Value> position; ///< of the op's first block
  /// [..., key / 32]: whether values of the block that are not finite are zeros in the tiles; null for an op without a
  /// mask, where they may show in every row.
  mlir::Value notFinite;
};

/// A vector of zeros.
mlir::Value zerosOf(LaneBuilder &lanes, int64_t width, mlir::Type element);
/// Pairs of 16-bit elements as dwords, and back.
mlir::Value toDwords(LaneBuilder &lanes, mlir::Value vector);
mlir::Value fromDwords(LaneBuilder &lanes, mlir::Value dwords, mlir::Type element);
/// Two vectors of 16-bit floats as one of dwords: `even` in the low halves, `odd` in the high ones.
mlir::Value interleave(LaneBuilder &lanes, mlir::Value even, mlir::Value odd);

/// Emits the packing of the operands of one online attention: where they can be packed once, in front of the parallel
/// loop or of the loop over the keys.
class MatrixOperands {
public:
  MatrixOperands(LaneBuilder &lanes, mlir::attn::OnlineAttentionOp op, TileElement element)
      : lanes(lanes), builder(lanes.builder), loc(lanes.loc), op(op), element(element) {}

  KeyRows packKeys();
  QueryTiles packQueries(int64_t numQueries);
  ValueTiles packValues();

private:
  /// What an operand is a slice of.
  struct Source {
    mlir::Value root;
    llvm::SmallVector<mlir::Value> offsets; ///< of the slice in it
    mlir::Operation *anchor;                ///< before which it can be packed
    bool shared = false;                    ///< by all iterations of a parallel loop
    mlir::AffineMap map;
    unsigned keyAt, columnAt; ///< dimensions of the keys and of the head dim
  };
  mlir::Value allocate(const Source &source, mlir::MemRefType type, mlir::ValueRange sizes);
  Source trace(mlir::OpOperand &operand, unsigned columnDim);
  /// Runs `body` for each position of the dimensions in front (`indices`, with gaps for key and column) and block of
  /// `tileDepth` keys, in parallel if the source is shared.
  void forEachBlock(const Source &source, mlir::Value numBlocks,
                    llvm::function_ref<void(llvm::MutableArrayRef<mlir::Value> indices, mlir::Value block)> body);
  /// `value`, a scalar or a vector, as elements of tiles.
  llvm::SmallVector<mlir::Value> split(mlir::Value value);
  mlir::Value isNotFinite(mlir::Value value);
  mlir::Value maskedLoad(mlir::Value flat, mlir::Value position, mlir::Value count, int64_t width);

  LaneBuilder &lanes;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::attn::OnlineAttentionOp op;
  TileElement element;
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXOPERANDS_H
