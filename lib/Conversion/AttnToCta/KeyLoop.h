//===- KeyLoop.h - the loop over blocks of keys, renumbered -----*- C++ -*-===//
//
//   scf.for %n = %begin to %end step N                       positions, ascending
// ->
//   scf.for %j = 0 to %blocks step 1 : i32                   blocks, the last keys first
//
// Block j begins at key `last - j * N`. At least one block is visited: where there is none, one that lies in front of
// all memory, whose keys are all beyond `keyEnd`, so that a row without keys needs no code of its own (S3).
//
// A block needs its mask where the old loop says so (`partial`), or where the keys end within it. Comparisons of the
// old induction variable with values from outside the loop become comparisons of j with i32 values found in front of
// it:
//
//   %n >= %b   ->   %j < count - ceil((%b - %begin) / N)       the last keys: `tail`
//   %n <  %b   ->   %j >= count - ceil((%b - %begin) / N)      the first keys: `head`
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_KEYLOOP_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_KEYLOOP_H

#include "KernelBody.h"

namespace fovea {

class KeyLoop {
public:
  /// Computes the bounds at the insertion point of `builder`, in front of the old loop.
  KeyLoop(const KernelBody &body, TileBuilder &builder);

  /// The number of blocks, i32, at least 1.
  mlir::Value blocks() const { return numBlocks; }
  /// The first key of block `j` as the old loop counts.
  mlir::Value position(TileBuilder &builder, mlir::Value j) const;

  /// Whether the keys may end within a block, or there may be none.
  bool hasKeyBound() const { return keyBound; }
  /// How many keys from `position` on there are, i32 (more than a block has, where all of it is there).
  mlir::Value remainingKeys(TileBuilder &builder, mlir::Value position) const;

  enum class Masking { Never, Always, Sometimes };
  Masking masking() const;
  /// Whether the mask region has a say in it; otherwise only the end of the keys has.
  bool needsRegion() const { return regionMasks; }
  /// For `Sometimes`: whether block `j` needs its mask.
  mlir::Value edge(TileBuilder &builder, mlir::Value j, ScalarMapping map) const;

private:
  void computeBlocks(TileBuilder &builder);
  void computeEdges(TileBuilder &builder);
  bool readPartial(TileBuilder &builder, mlir::Value partial);
  /// count - ceil((bound - begin) / N).
  mlir::Value blocksFrom(TileBuilder &builder, mlir::OpFoldResult bound);

  const KernelBody &body;
  mlir::OpFoldResult begin, count;
  mlir::Value last, keyEnd; ///< Of block 0; of the keys. Index.
  mlir::Value numBlocks;
  bool keyBound = false;
  bool alwaysMasked = false;
  bool regionMasks = false;
  mlir::Value tail, head; ///< Blocks below and from these on need the mask; null where none does.
  mlir::Value opaque;     ///< A condition of the old loop that has another form.
};

/// Copies scalars of the old loop's body into the new one's.
class BlockScalars {
public:
  BlockScalars(const KernelBody &body, TileBuilder &builder) : body(body), builder(builder) {}
  void setPosition(mlir::Value value) { position = value; }
  mlir::Value operator()(mlir::Value value);

private:
  const KernelBody &body;
  TileBuilder &builder;
  mlir::Value position; ///< Stands for the old induction variable.
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_KEYLOOP_H
