//===- AttnVerifyStructure.h - checks that the ops share --------*- C++ -*-===//
//
// Maps, extents, destinations, element types and regions: what follows from the interfaces alone.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_ATTN_IR_ATTNVERIFYSTRUCTURE_H
#define FOVEA_LIB_DIALECT_ATTN_IR_ATTNVERIFYSTRUCTURE_H

#include "fovea/Dialect/Attn/IR/Attn.h"

namespace mlir::attn::detail {

ShapedType shaped(Value value);

/// Whether two extents are known to differ.
bool differ(int64_t a, int64_t b);

/// The type in which logits of `value`'s element type are computed.
FloatType computeTypeOf(Value value);

/// Number, form and rank of the maps, and the extents of the domain.
LogicalResult verifyMaps(StructuredOpInterface op);

/// Number of maps, and number of dimensions and form of each.
LogicalResult verifyMapForms(StructuredOpInterface op);

/// Checks that `operand` has every dimension of `expected` and no other; `which` says what these are.
LogicalResult verifyVariesAlong(StructuredOpInterface op, StringRef name, OpOperand &operand,
                                ArrayRef<unsigned> expected, const Twine &which);

/// Dimensions of the domain that `map` depends on, in order.
SmallVector<unsigned> dimsOf(AffineMap map);

/// Results are the types of the outputs; all tensors or all memrefs.
LogicalResult verifyDestination(DestinationStyleOpInterface op);

LogicalResult verifyNumOutputs(Operation *op, OperandRange outputs, size_t expected);

LogicalResult verifyElementType(Operation *op, StringRef name, Value value, ArrayRef<Type> allowed, StringRef rule);

/// Checks for f16, bf16, f32 or f64.
LogicalResult verifyFloat(Operation *op, StringRef name, Value value);

LogicalResult verifyScale(Operation *op, std::optional<APFloat> scale, Value scaleValue);

/// `at` and captures; what needs the regions comes in `verifyScoreRegions`.
LogicalResult verifyScoreOp(ScoreOpInterface op, std::optional<ArrayRef<int64_t>> statics, size_t numDynamic);

LogicalResult verifyScoreRegions(ScoreOpInterface op);

} // namespace mlir::attn::detail

#endif // FOVEA_LIB_DIALECT_ATTN_IR_ATTNVERIFYSTRUCTURE_H
