//===- Transforms.h - the steps of the passes as functions ------*- C++ -*-===//
//
// Each pass of Passes.td is a walk around one of these. They leave the IR unchanged where they fail.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_TRANSFORMS_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_TRANSFORMS_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/Transforms/Algorithms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::attn {

/// Stage 1: turns the clauses of `op` into regions. Returns the new op, or `op` where it has none.
FailureOr<AttentionOp> expandClauses(RewriterBase &rewriter, AttentionOp op);

/// Stage 1: patterns that fold transposes and unit-dimension reshapes into the maps of attn ops.
void populateFoldLayoutOpsPatterns(RewritePatternSet &patterns);

/// Softmax as loops over rows in memory; `block` is the number of elements per block of SoftmaxAlgorithm::Blocked.
LogicalResult rewriteSoftmax(RewriterBase &rewriter, SoftmaxOp op, SoftmaxAlgorithm algorithm, int64_t block = 256);

/// Stage 3: `attention` -> `online_attention` + `finalize`. The clauses must have been expanded.
LogicalResult rewriteOnlineSoftmax(RewriterBase &rewriter, AttentionOp op);
/// Stage 3: `softmax` -> `online_softmax` + `normalize`.
LogicalResult rewriteOnlineSoftmax(RewriterBase &rewriter, SoftmaxOp op);
/// Stage 3: `cross_entropy` -> `online_softmax` + elementwise loss.
LogicalResult rewriteOnlineSoftmax(RewriterBase &rewriter, CrossEntropyOp op);

/// Stage 3b: keeps the state of `op`, whose incoming state must be the identity, and of the ops that read it in base 2.
/// Fails where the score region is not affine in the score.
LogicalResult setExpBaseTwo(RewriterBase &rewriter, OnlineAttentionOp op);

/// Stage 4: splits the key range of an online op into `splits` parallel parts; returns the loop over them, or
/// null where there is no key, or nothing else.
FailureOr<scf::ForallOp> splitKeys(RewriterBase &rewriter, ScoreOpInterface op, int64_t splits);

/// Stage 5: tiles the parallel dimensions of `root` (`tileM` for the last row dimension, `tileG` for the one in front
/// of it, which may be the heads that share keys and values, 1 for the others, the value dimension whole) into one
/// scf.forall and fuses its producers. Returns the loop, merged with the one over the parts of stage 4 where there is
/// one, or null where there is nothing to tile. With LoopOrder::KeyOuter the query rows of an attention stay whole.
FailureOr<scf::ForallOp> tileParallel(RewriterBase &rewriter, TilingInterface root, int64_t tileM,
                                      LoopOrder order = LoopOrder::QueryOuter, int64_t tileG = 1);

/// Stage 5b: computes `op`, whose incoming state must be the identity, relative to the number `max` (in base e), and
/// again with the running maximum where the sum of a row leaves [2^-rangeLog2, 2^rangeLog2].
LogicalResult unifyMax(RewriterBase &rewriter, OnlineAttentionOp op, double max, int64_t rangeLog2 = 32);

/// Stage 6: tiles the keys of an online op into one scf.for over the blocks of `tileN` keys that its mask can keep.
FailureOr<scf::ForOp> tileKeys(RewriterBase &rewriter, ScoreOpInterface op, int64_t tileN, int64_t granule = 0);

/// Stage 6 with LoopOrder::KeyOuter: one scf.for over blocks of keys, in it one over tiles of `tileM` query rows.
FailureOr<scf::ForOp> tileKeysOutside(RewriterBase &rewriter, OnlineAttentionOp op, int64_t tileM, int64_t tileN);

/// Types of 16 bits that the CPU multiplies with sums in f32: tiles of them (AMX), or pairs of bf16 (AVX512_BF16),
/// where that takes no longer than a multiply-add of f32.
struct MatrixTypes {
  bool bf16 = false, f16 = false, bf16Pairs = false;

  bool hasTilesOf(Type type) const { return type.isBF16() ? bf16 : type.isF16() && (f16 || bf16); }

  /// The operands whose sum an operand of `type` is: 1, or 2 for f16 as bf16; 0 where it is not multiplied so.
  int64_t partsOf(Type type) const {
    if (type.isBF16())
      return bf16 || bf16Pairs ? 1 : 0;
    return !type.isF16() ? 0 : f16 ? 1 : bf16 ? 2 : 0;
  }
};

/// CPU: keys whose scores a tile of few rows (`lanes = keys`) holds at a time; K and V of so many stay in the
/// second-level cache for its next rows.
constexpr int64_t keysOfFewRows = 256;

/// CPU: rows of a softmax up to so long are kept as exponentials between reading and writing them, a quarter of a MiB
/// of f32.
constexpr int64_t mostElementsKept = 65536;

/// CPU: packs the query tile in front of the KV loop that carries the state of `op` and transposes the accumulator.
/// Where the operands are of a type that a matrix unit multiplies (f16 also as the sum of two bf16), the query stays as
/// it is.
LogicalResult packQueries(RewriterBase &rewriter, OnlineAttentionOp op, int64_t vectorBytes,
                          MatrixTypes matrixTypes = {});

/// Attaches the models by which the ops of `attn` bufferize.
void registerBufferizableOpInterfaceModels(DialectRegistry &registry);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_TRANSFORMS_H
