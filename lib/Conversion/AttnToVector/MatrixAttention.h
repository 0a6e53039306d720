//===- MatrixAttention.h - the fused tile on a matrix unit ------*- C++ -*-===//
//
// What LowerMatrixAttention.cpp describes, in parts: MatrixAttentionScores.cpp computes scores, maxima and weights,
// MatrixAttentionValues.cpp the products with V.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXATTENTION_H
#define FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXATTENTION_H

#include "MatrixUnit.h"

#include <optional>

namespace fovea {

class MatrixTileLowering {
public:
  MatrixTileLowering(LaneBuilder &lanes, mlir::attn::OnlineAttentionOp op, TileElement element, MatrixUnit &unit)
      : builder(lanes.builder), loc(op.getLoc()), op(op), element(element), lanes(lanes), unit(unit) {}
  mlir::LogicalResult run();

  static constexpr int64_t keysPerBlock = 256; ///< between products with V
  static constexpr int64_t keysPerChunk = 64;
  static constexpr int64_t panelTiles = PanelProduct::panelTiles;
  static constexpr int64_t panelWidth = PanelProduct::panelWidth;
  static constexpr int64_t groupHeight = 2 * tileRows; ///< keys or value dims of one product

private:
  mlir::LogicalResult checkForm();
  void lowerBlock(mlir::Value begin, mlir::Value count);
  void copyTail(mlir::Value begin, mlir::Value count);
  void dotBlock(mlir::Value panel, mlir::Value keyBegin, mlir::Value blockCount, mlir::Value chunk, mlir::Value rows);
  llvm::SmallVector<mlir::Value> maxPass(mlir::Value rows);
  mlir::Value raiseMaximum(mlir::Value panel, llvm::ArrayRef<mlir::Value> chunkMax, mlir::Value block, mlir::Value done,
                           mlir::Value upTo);
  void weightPass(mlir::Value panel, mlir::Value chunk, mlir::Value rows);
  void storeWeights(llvm::ArrayRef<mlir::Value> weights, mlir::Value group, mlir::Value pair, int64_t vector);
  void valuePass(mlir::Value panel, mlir::Value block, mlir::Value from, mlir::Value to);
  void addNotFinite(mlir::Value panel, mlir::Value block, mlir::Value from, mlir::Value to);
  void valueBlock(mlir::Value target, mlir::Value row, mlir::Value column, mlir::Value d, int64_t rows,
                  mlir::Value block, mlir::Value from, mlir::Value to);

  mlir::Value splat(double value) { return lanes.splat(value); }
  mlir::Value roundUp(mlir::Value count, int64_t multiple) {
    mlir::Value blocks = mlir::arith::CeilDivUIOp::create(builder, loc, count, lanes.index(multiple));
    return mlir::arith::MulIOp::create(builder, loc, blocks, lanes.index(multiple));
  }
  mlir::Value divide(mlir::Value value, int64_t by) {
    return mlir::arith::DivUIOp::create(builder, loc, value, lanes.index(by));
  }
  llvm::SmallVector<mlir::Value> column(mlir::Value panel, int64_t vector) {
    return {lanes.add(panel, vector * tileRows)};
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::attn::OnlineAttentionOp op;
  TileElement element;
  LaneBuilder &lanes;
  MatrixUnit &unit;
  KeyRows keys;
  QueryTiles queries;
  ValueTiles values;
  mlir::Value accumulator, maximum, sum, numKeys;
  llvm::SmallVector<mlir::Value> at;
  mlir::Value scores;                      ///< scratch [keysPerChunk][panelWidth]
  llvm::SmallVector<mlir::Value> weights;  ///< scratch, each part [keysPerBlock / 32][panelTiles][16 pairs][32]
  llvm::SmallVector<mlir::Value> tailKeys; ///< scratch, each part [32 keys][width]
  mlir::Value valueTail;                   ///< scratch [16][panelWidth] for value dims that fill no granule, or null
  int64_t numQueries = 0, headDim = 0, valueDim = 0, steps = 0;
  bool sumIsReturned = false;        ///< in f32, with the LSE
  double lag = 0;                    ///< of the maximum, in the state's base
  mlir::Value scale;                 ///< that the regions apply to the score, a scalar, or null
  std::optional<double> foldedScale; ///< that the subtraction of the maximum applies
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_ATTNTOVECTOR_MATRIXATTENTION_H
