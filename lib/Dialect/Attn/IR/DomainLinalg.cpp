//===- DomainLinalg.cpp - linalg ops over an attn op's domain -------------===//

#include "fovea/Dialect/Attn/IR/DomainLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::attn;

DomainLinalg::DomainLinalg(OpBuilder &builder, TilingInterface op)
    : builder(op.getLoc(), builder), domain(op.getIterationDomain(builder)) {}

DomainTensor DomainLinalg::generic(ArrayRef<DomainTensor> inputs, DomainTensor output, Body body) {
  SmallVector<DomainTensor> all(inputs);
  all.push_back(output);
  // The loops: the dimensions of the domain that some operand has.
  SmallVector<AffineExpr> loopOf(numDims(), builder.getAffineConstantExpr(0));
  SmallVector<utils::IteratorType> iterators;
  for (unsigned d = 0; d != numDims(); ++d)
    if (llvm::any_of(all, [&](const DomainTensor &term) { return term.map.isFunctionOfDim(d); })) {
      loopOf[d] = builder.getAffineDimExpr(iterators.size());
      iterators.push_back(output.map.isFunctionOfDim(d) ? utils::IteratorType::parallel
                                                        : utils::IteratorType::reduction);
    }
  SmallVector<AffineMap> maps;
  SmallVector<Value> values;
  for (const DomainTensor &term : all)
    maps.push_back(term.map.replaceDimsAndSymbols(loopOf, {}, iterators.size(), 0));
  for (const DomainTensor &term : inputs)
    values.push_back(term.tensor);
  auto generic = linalg::GenericOp::create(builder, output.tensor.getType(), values, output.tensor, maps, iterators,
                                           [&](OpBuilder &nested, Location loc, ValueRange elements) {
                                             ImplicitLocOpBuilder bodyBuilder(loc, nested);
                                             Value result = body(bodyBuilder, elements);
                                             linalg::YieldOp::create(bodyBuilder, result);
                                           });
  return {generic.getResult(0), output.map};
}

DomainTensor DomainLinalg::empty(ArrayRef<unsigned> dims, Type elementType) {
  SmallVector<OpFoldResult> sizes;
  SmallVector<AffineExpr> exprs;
  for (unsigned d : dims) {
    sizes.push_back(size(d));
    exprs.push_back(builder.getAffineDimExpr(d));
  }
  return {tensor::EmptyOp::create(builder, sizes, elementType),
          AffineMap::get(numDims(), 0, exprs, builder.getContext())};
}

DomainTensor DomainLinalg::filled(ArrayRef<unsigned> dims, Value element) {
  DomainTensor init = empty(dims, element.getType());
  return {linalg::FillOp::create(builder, element, init.tensor).getResult(0), init.map};
}

Value mlir::attn::floatConstant(ImplicitLocOpBuilder &builder, Type type, double value) {
  return arith::ConstantOp::create(builder, builder.getFloatAttr(type, value));
}

Value mlir::attn::convertFloat(ImplicitLocOpBuilder &builder, Value value, Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (from < to)
    return arith::ExtFOp::create(builder, type, value);
  if (from > to)
    return arith::TruncFOp::create(builder, type, value);
  return value;
}
