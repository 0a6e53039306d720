//===- MaskAnalysis.h - which keys a mask region can keep -------*- C++ -*-===//
//
// Reads the mask region of an op as comparisons of the query's and the key's
// position (fovea/Support/MaskPredicate.h) and computes, as index arithmetic in
// the IR, which blocks of keys the rows of the op can see (MaskRange.h). A mask
// that a user wrote by hand gets the same block skipping as `causal`.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_MASKANALYSIS_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_MASKANALYSIS_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Support/MaskPredicate.h"
#include "mlir/IR/Builders.h"
#include <string>

namespace mlir::attn {

/// The arithmetic of MaskRange.h as folded affine ops at the builder's
/// insertion point.
class IndexArith {
public:
  using Int = OpFoldResult;
  IndexArith(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Int constant(int64_t value) { return builder.getIndexAttr(value); }
  Int add(Int a, Int b) { return apply(d0() + d1(), {a, b}); }
  Int sub(Int a, Int b) { return apply(d0() - d1(), {a, b}); }
  Int mulConst(Int a, int64_t factor) { return apply(d0() * factor, {a}); }
  Int floorDivConst(Int a, int64_t divisor) { return apply(d0().floorDiv(divisor), {a}); }
  Int ceilDivConst(Int a, int64_t divisor) { return apply(d0().ceilDiv(divisor), {a}); }
  Int min(Int a, Int b);
  Int max(Int a, Int b);

private:
  AffineExpr d0() { return builder.getAffineDimExpr(0); }
  AffineExpr d1() { return builder.getAffineDimExpr(1); }
  Int apply(AffineExpr expr, ArrayRef<OpFoldResult> operands);

  OpBuilder &builder;
  Location loc;
};

/// A mask region read as a predicate. Row and key are counted from the start of
/// the op, which may be a tile.
struct MaskReading {
  fovea::MaskPredicate<OpFoldResult> predicate;
  /// What could not be expressed, if anything: opaque in the predicate.
  std::string opaque;
};

/// Reads the mask region of `op`; true where there is none. Positions and the
/// offsets between them are taken to be below 2^31, as index computations in
/// i32 are. Emits the values that are the same for the whole op in front of it.
MaskReading readMask(OpBuilder &builder, ScoreOpInterface op);

/// Keys by their position in the op, in whole blocks: none outside [begin, end)
/// is visible to any row, all in [fullBegin, fullEnd), which lies within, are
/// visible to every row. All are multiples of the block size, but for the end
/// of the keys.
struct KeyBlocks {
  OpFoldResult begin, end, fullBegin, fullEnd;
};

/// The blocks of `blockSize` keys that the rows of `op` see, as index
/// arithmetic in front of it. A remark says what the analysis understood.
KeyBlocks computeKeyBlocks(OpBuilder &builder, ScoreOpInterface op, int64_t blockSize);

/// The dimension of the query's position, or of the last row of a softmax; none
/// where there are no rows.
std::optional<unsigned> getQueryDim(ScoreOpInterface op);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_MASKANALYSIS_H
