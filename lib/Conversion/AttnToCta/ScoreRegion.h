//===- ScoreRegion.h - score and mask regions on tiles ----------*- C++ -*-===//
//
// Every value of a region is a scalar, the same for all elements, and computed once in front of the key loop; or a tile
// of rows x keys. Positions (index) become i32: they are taken to be below 2^31.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOCTA_SCOREREGION_H
#define FOVEA_LIB_CONVERSION_ATTNTOCTA_SCOREREGION_H

#include "KernelBody.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {

/// Appends what the regions of `attention` hold that has no form on tiles.
void checkRegions(mlir::attn::OnlineAttentionOp attention, Reasons &reasons);

/// The regions of one attention, computed in one iteration of the loop over its keys.
class RegionTiles {
public:
  /// `beforeLoop` is where scalars go; `map` takes scalars of the old body to where `builder` stands.
  RegionTiles(const KernelBody &body, TileBuilder &builder, mlir::Operation *loop, ScalarMapping map)
      : body(body), builder(builder), loop(loop), map(map) {}

  /// The score region at the builder's insertion point.
  mlir::Value score(mlir::Value scores);
  /// The mask region: a tile of i1.
  mlir::Value mask();
  /// The coordinate within the tile along rows (0) or keys (1), as i32.
  mlir::Value coordinate(int64_t dim);

private:
  mlir::Value lower(mlir::Region &region, mlir::Value scores);
  void lowerOp(mlir::Operation &op);
  mlir::Value lowerIndex(unsigned dim);
  mlir::Value lowerExtract(mlir::Value capture, mlir::ValueRange indices);
  mlir::Value lowerElementwise(mlir::Operation &op);
  mlir::Value lowerIndexCast(mlir::Value value, mlir::Type to, bool isUnsigned);
  mlir::Value readCapture(mlir::OpOperand &operand);
  mlir::Value gatherCapture(const MemoryView &view, mlir::AffineMap map);

  mlir::Value lookup(mlir::Value value);
  mlir::Value asTile(mlir::Value value);
  mlir::RankedTensorType tileOf(mlir::Type element) { return builder.tile({body.rows, body.keys}, element); }
  /// Runs `make` in front of the loop.
  mlir::Value invariant(llvm::function_ref<mlir::Value()> make);

  const KernelBody &body;
  TileBuilder &builder;
  mlir::Operation *loop;
  ScalarMapping map;
  mlir::IRMapping values;
  llvm::DenseMap<unsigned, mlir::Value> captures; ///< By their number.
  mlir::Region *region = nullptr;
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOCTA_SCOREREGION_H
