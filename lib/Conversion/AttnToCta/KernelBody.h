//===- KernelBody.h - what a kernel before stage 8 says ---------*- C++ -*-===//
//
// One attention on one tile: where its operands lie in memory, which of their dimensions are rows, keys and head dims,
// how the keys are stepped through, and where the results go. All of it is found from indexing maps and slices.
//
// A tile of rows is taken to end where its slice does or where the memref does, as tiling makes them; only the keys may
// end earlier (split-KV).
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_KERNELBODY_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_KERNELBODY_H

#include "MemoryView.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace fovea {

/// Why a kernel cannot be lowered, all of it.
using Reasons = llvm::SmallVectorImpl<std::string>;

/// An operand or result of which a tile is taken: `rowDim` and `columnDim` are dimensions of the memref.
struct TiledView {
  MemoryView view;
  unsigned rowDim = 0;
  std::optional<unsigned> columnDim;
  /// Whether the tile lies in memory with its rows along the faster dimension.
  bool isTransposed() const { return columnDim && rowDim > *columnDim; }
};

enum class ResultKind { Output, LogSumExp, Maximum, StateAccumulator, StateMaximum, StateSum };

struct KernelResult {
  ResultKind kind;
  TiledView destination;
  mlir::Location loc;
};

struct KernelBody {
  mlir::gpu::GPUFuncOp kernel;
  mlir::attn::OnlineAttentionOp attention;
  mlir::scf::ForOp loop;           ///< Over the keys; null where they are one block.
  mlir::attn::FinalizeOp finalize; ///< Null where the state itself is the result.
  llvm::SmallVector<KernelResult> results;

  mlir::attn::AttentionDims dims;
  TiledView query, key, value;
  int64_t rows = 0, keys = 0, headDim = 0, valueDim = 0; ///< Of the tiles.
  int64_t step = 0;       ///< Keys per block: `keys`, or fewer where a short problem is one block.
  mlir::Value slicedKeys; ///< The tensor whose extent along `slicedKeyDim` ends the keys.
  unsigned slicedKeyDim = 0;
  mlir::FloatType operandType;

  mlir::AffineMap mapOf(mlir::OpOperand &operand) const {
    return mlir::cast<mlir::attn::StructuredOpInterface>(operand.getOwner()).getMapOf(operand);
  }
  /// Where the old loop stands.
  mlir::Value loopPosition() const { return mlir::scf::ForOp(loop).getInductionVar(); }
  bool isInLoop(mlir::Value value) const {
    return loop && mlir::scf::ForOp(loop).getRegion().isAncestor(value.getParentRegion());
  }

  /// Reads a kernel; one diagnostic with all reasons where it has another form.
  static mlir::FailureOr<KernelBody> read(mlir::gpu::GPUFuncOp kernel);
};

/// The most that a size or position can be, where a constant bounds it.
std::optional<int64_t> upperBound(mlir::OpFoldResult size);

/// The dimension of `view`'s memref that a map of a structured op takes `dim` to, if it takes it to one.
std::optional<unsigned> memoryDim(const MemoryView &view, mlir::AffineMap map, unsigned dim);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_KERNELBODY_H
