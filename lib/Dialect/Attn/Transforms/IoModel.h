//===- IoModel.h - what forms of an attention move and compute --*- C++ -*-===//
//
// The counts of fovea/Evaluate/AccessCounts.h without running anything: sums over the tiles and blocks that each form
// visits. M is the on-chip memory; a tensor that the function makes is in memory only if it is larger than that.
//
//   unfused       scores and probabilities are tensors, every step is a pass over them: Theta(N d + N^2)
//   query_outer   the state of a query tile stays on chip, K and V are read once per tile
//   key_outer     K and V are read once, queries and states once per block of keys: Theta(N^2 d^2 / M) with the tiles
//                 of FlashAttention (theorem 2), times the share of blocks that the mask leaves (theorem 4)
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_IOMODEL_H
#define FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_IOMODEL_H

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Support/MaskPredicate.h"

namespace mlir::attn {

/// What one form costs.
struct IoCounts {
  StringRef form;
  int64_t flops = 0;
  int64_t readBytes = 0, writtenBytes = 0;
  int64_t temporaryBytes = 0; ///< In memory, beyond inputs and outputs, for one batch and head at a time where tiled.
  int64_t onChipBytes = 0;    ///< Of a tiled form.

  int64_t getBytes() const { return readBytes + writtenBytes; }
};

struct IoTiles {
  int64_t rows, keys; ///< Per tile.
  int64_t onChipBytes;
};

/// An attention of known extents, without clauses.
class IoModel {
public:
  /// Fails, with the reason, where the counts would depend on values at run time.
  static FailureOr<IoModel> create(AttentionOp op, std::string &whyNot);

  /// What FlashAttention takes: blocks of M / 4d keys and as many rows up to d; less keys where their scores would not
  /// fit beside them.
  IoTiles getFittingTiles(int64_t onChipBytes) const;

  IoCounts countUnfused(const IoTiles &tiles) const;
  IoCounts countQueryOuter(const IoTiles &tiles) const;
  IoCounts countKeyOuter(const IoTiles &tiles) const;

  /// Blocks of keys that some tile of rows visits, and how many there are without a mask.
  std::pair<int64_t, int64_t> countBlocks(const IoTiles &tiles) const;

  /// N_q N_k d^2 / M with M in elements, for all batches and heads: the order of theorem 2.
  double getTheorem2(int64_t onChipBytes) const;

private:
  /// A tensor that the op reads or writes.
  struct Operand {
    AffineMap map;
    int64_t elementBytes;
    int64_t elements; ///< Of all of it.
  };
  /// Rows [begin, end) of a tile; blocks [firstBlock, lastBlock) of keys that it sees.
  struct Tile {
    int64_t rows, firstBlock, lastBlock;
  };

  std::vector<Tile> getTiles(const IoTiles &tiles) const;
  int64_t numBlocks(const IoTiles &tiles) const { return llvm::divideCeil(extents[dims.key], tiles.keys); }
  int64_t keysOf(int64_t block, const IoTiles &tiles) const {
    return std::min(tiles.keys, extents[dims.key] - block * tiles.keys);
  }
  /// Bytes of the part of an operand that a tile of rows and keys sees.
  int64_t tileBytes(const Operand &operand, int64_t rows, int64_t keys) const;
  int64_t sumTileBytes(ArrayRef<Operand> operands, bool withKeys, int64_t rows, int64_t keys) const;
  int64_t flopsOfBlock(int64_t rows, int64_t keys) const;
  int64_t flopsOfFinalize(int64_t rows) const;
  int64_t stateBytes(int64_t rows) const { return rows * (extents[dims.value] + 2) * computeBytes; }

  AttentionDims dims;
  SmallVector<int64_t> extents;
  SmallVector<Operand> inputs, outputs; ///< Query, key, value and captures; the sink is read with the state.
  std::optional<Operand> sink;
  fovea::MaskPredicate<int64_t> mask = fovea::MaskPredicate<int64_t>::constant(true);
  bool hasLse = false, hasMax = false;
  bool roundsWeights = false; ///< P has another type than the scores (S12).
  int64_t heads = 1;          ///< Batches, heads and other rows, each of which is tiled alone.
  int64_t computeBytes = 4, scoreFlops = 0;
};

} // namespace mlir::attn

#endif // FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_IOMODEL_H
