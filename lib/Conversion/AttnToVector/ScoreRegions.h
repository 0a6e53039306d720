//===- ScoreRegions.h - score and mask regions on a block of scores -*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SCOREREGIONS_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SCOREREGIONS_H

#include "LaneBuilder.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

namespace fovea {

/// Scores of some keys and a panel of queries, keys by queries, in a scratch buffer.
struct ScoreBlock {
  mlir::Value scores;
  mlir::Value queryBegin; ///< first query, counted from the tile's
  int64_t vectors;        ///< of queries
  mlir::Value keyBegin;   ///< first key, counted from the op's
  mlir::Value numKeys;    ///< rows of `scores` that are keys
  mlir::Value scale = {}; ///< factor of the dot products, a scalar, unless they have it
};

/// Evaluates the regions of an online attention whose queries lie along the lanes.
class ScoreRegions {
public:
  /// `at` is the position of the op, one index per dimension (query, key, head dims).
  ScoreRegions(LaneBuilder &lanes, mlir::attn::OnlineAttentionOp op, llvm::ArrayRef<mlir::Value> at)
      : lanes(lanes), op(op), at(at) {}

  /// Sends the scores of `block` through the score region and, unless the op knows at run time that it keeps every key,
  /// through the mask region; returns the maxima of what comes out, one vector for each of queries. Where nothing is to
  /// be evaluated they are those that `plain` emits or, with `scale`, those of the scaled scores.
  llvm::SmallVector<mlir::Value> run(const ScoreBlock &block,
                                     llvm::function_ref<llvm::SmallVector<mlir::Value>()> plain);

private:
  llvm::SmallVector<mlir::Value> pass(const ScoreBlock &block, bool masked);
  mlir::Value evaluate(mlir::Value queryPosition, mlir::Value keyPosition, mlir::Value score, bool masked);

  LaneBuilder &lanes;
  mlir::attn::OnlineAttentionOp op;
  llvm::ArrayRef<mlir::Value> at;
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_SCOREREGIONS_H
