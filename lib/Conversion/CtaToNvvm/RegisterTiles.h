//===- RegisterTiles.h - register tiles as the registers of a thread -*- C++ -*-===//
//
//   tensor<128x128xf32, #acc>  ->  f32 x 64       tensor<128x128xbf16, #acc>  ->  i32 x 32, two elements in each
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_CTATONVVM_REGISTERTILES_H
#define FOVEA_LIB_CONVERSION_CTATONVVM_REGISTERTILES_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Transforms/DialectConversion.h"

namespace fovea {

/// Whether two elements share a register: those of 16 bits in the layouts of matrix products, where registers 2i and
/// 2i + 1 are adjacent columns.
bool isPacked(mlir::RankedTensorType type);

/// One scalar per element from the registers of a tile, and back.
llvm::SmallVector<mlir::Value> unpackElements(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                                              mlir::ValueRange registers);
llvm::SmallVector<mlir::Value> packElements(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                                            mlir::ValueRange elements);

/// Two f32 as one register of two 16-bit elements, the first in the low half.
mlir::Value convertPair(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type element, mlir::Value low,
                        mlir::Value high);

/// Register tiles, products in flight (the registers of their result) and shared tiles (an address, i32).
class RegisterTypeConverter : public mlir::TypeConverter {
public:
  RegisterTypeConverter();
};

/// arith and math on register tiles become the same ops on every element.
void populateElementwisePatterns(const RegisterTypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_CTATONVVM_REGISTERTILES_H
