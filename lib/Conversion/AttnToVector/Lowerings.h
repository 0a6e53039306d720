//===- Lowerings.h - one lowering per op --------------------------*- C++ -*-===//
//
// Each takes an op on memrefs, emits its code before it and leaves erasing it to the caller. They fail with a
// diagnostic on forms that the passes before do not make.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_LOWERINGS_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_LOWERINGS_H

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"

namespace fovea {

/// The vector unit that code is made for.
struct VectorUnit {
  int64_t bytes;     ///< of one register
  int64_t registers; ///< that a loop body can use
  bool avx512;       ///< whether instructions of AVX-512 can be named
  bool bf16Pairs;    ///< whether dot products of pairs of bf16 are as fast as multiply-adds of f32
  /// How memory is read fastest where that is all there is to do: in how many equal parts of a range in turn (a power
  /// of two), and how far ahead lines are asked for, 0 being not at all (CpuModel says what was measured).
  int64_t readStreams, prefetchBytes;

  int64_t lanes(mlir::FloatType type) const { return bytes / (type.getWidth() / 8); }
  /// Vectors of queries side by side and rows (keys or value dims) per register block: 4 x 6 leaves room for the loaded
  /// vectors in 32 registers, 2 x 6 in 16.
  int64_t panelVectors() const { return registers >= 32 ? 4 : 2; }
  int64_t blockRows() const { return 6; }
};

/// Whether a finalize of the function, which may be the one that reads the state of `op`, has the result that
/// `isReturned` asks for. In f32 an LSE shows how exact the sum is, and a maximum whether it keeps a NaN beside
/// infinity.
bool mayReturn(mlir::attn::OnlineAttentionOp op, bool (mlir::attn::FinalizeOp::*isReturned)());

mlir::LogicalResult lowerOnlineAttention(mlir::OpBuilder &builder, mlir::attn::OnlineAttentionOp op, VectorUnit unit);
/// For tiles of few rows: keys along the lanes (`lanes = keys` in the op's config).
mlir::LogicalResult lowerAttentionRows(mlir::OpBuilder &builder, mlir::attn::OnlineAttentionOp op, VectorUnit unit);
/// The form whose query lies as it came, not transposed; the state has the queries innermost.
mlir::LogicalResult lowerMatrixAttention(mlir::OpBuilder &builder, mlir::attn::OnlineAttentionOp op,
                                         mlir::attn::MatrixTypes types);
mlir::LogicalResult lowerFinalize(mlir::OpBuilder &builder, mlir::attn::FinalizeOp op, VectorUnit unit);
mlir::LogicalResult lowerMerge(mlir::OpBuilder &builder, mlir::attn::MergeOp op, VectorUnit unit);
mlir::LogicalResult lowerPack(mlir::OpBuilder &builder, mlir::attn::PackOp op, VectorUnit unit);
mlir::LogicalResult lowerOnlineSoftmax(mlir::OpBuilder &builder, mlir::attn::OnlineSoftmaxOp op, VectorUnit unit);
mlir::LogicalResult lowerNormalize(mlir::OpBuilder &builder, mlir::attn::NormalizeOp op, VectorUnit unit);
/// `online` and then `normalize`, which reads what it leaves, at the place of the latter.
mlir::LogicalResult lowerSoftmaxRows(mlir::OpBuilder &builder, mlir::attn::OnlineSoftmaxOp online,
                                     mlir::attn::NormalizeOp normalize, VectorUnit unit);
/// The normalize that reads the state of `op` in the same block with nothing in between that could see a difference,
/// or null.
mlir::attn::NormalizeOp findNormalize(mlir::attn::OnlineSoftmaxOp op);

/// Replaces a fill of rows of floats that lie in unit stride and hold a vector; leaves any other alone.
void lowerFill(mlir::linalg::FillOp op, VectorUnit unit);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_LOWERINGS_H
