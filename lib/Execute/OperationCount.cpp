//===- OperationCount.cpp - The arithmetic that an attention is -----------===//

#include "OperationCount.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace fovea;

namespace {

/// Sizes of tensors in the body of a function, from those of its arguments.
class SizeFinder {
public:
  SizeFinder(mlir::func::FuncOp function, const std::vector<HostTensor> &arguments)
      : function(function), arguments(arguments) {}

  std::optional<int64_t> getSize(mlir::Value tensor, int64_t dim) const;

private:
  std::optional<int64_t> getValue(mlir::Value size) const;

  mlir::func::FuncOp function;
  const std::vector<HostTensor> &arguments;
};

} // namespace

std::optional<int64_t> SizeFinder::getSize(mlir::Value tensor, int64_t dim) const {
  auto type = llvm::cast<mlir::ShapedType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return type.getDimSize(dim);
  if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(tensor)) {
    if (argument.getOwner()->getParentOp() != function)
      return std::nullopt;
    return arguments[argument.getArgNumber()].getShape()[dim];
  }
  auto result = llvm::cast<mlir::OpResult>(tensor);
  mlir::Operation *op = result.getOwner();
  if (auto cast = llvm::dyn_cast<mlir::tensor::CastOp>(op))
    return getSize(cast.getSource(), dim);
  if (auto empty = llvm::dyn_cast<mlir::tensor::EmptyOp>(op))
    return getValue(empty.getDynamicSize(dim));
  if (auto destination = llvm::dyn_cast<mlir::DestinationStyleOpInterface>(op))
    return getSize(destination.getTiedOpOperand(result)->get(), dim);
  return std::nullopt;
}

std::optional<int64_t> SizeFinder::getValue(mlir::Value size) const {
  if (std::optional<int64_t> constant = mlir::getConstantIntValue(size))
    return constant;
  auto dim = size.getDefiningOp<mlir::tensor::DimOp>();
  if (!dim || !dim.getConstantIndex())
    return std::nullopt;
  return getSize(dim.getSource(), *dim.getConstantIndex());
}

/// The extent of each dimension of the op's domain, from whichever operand
/// shows it.
static std::optional<llvm::SmallVector<int64_t>> getDomain(mlir::attn::AttentionOp op, const SizeFinder &sizes) {
  llvm::SmallVector<mlir::AffineMap> maps = op.getMappedOperandMaps();
  llvm::SmallVector<int64_t> domain(maps.front().getNumDims(), -1);
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), maps))
    for (auto [position, expression] : llvm::enumerate(map.getResults())) {
      auto dim = llvm::dyn_cast<mlir::AffineDimExpr>(expression);
      if (!dim || domain[dim.getPosition()] >= 0)
        continue;
      if (auto size = sizes.getSize(operand->get(), position))
        domain[dim.getPosition()] = *size;
    }
  if (llvm::is_contained(domain, -1))
    return std::nullopt;
  return domain;
}

static std::optional<double> countAttention(mlir::attn::AttentionOp op, const SizeFinder &sizes) {
  auto domain = getDomain(op, sizes);
  llvm::SmallVector<mlir::AffineMap> maps = op.getMappedOperandMaps();
  auto dims = mlir::attn::AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (!domain || llvm::failed(dims))
    return std::nullopt;
  double scores = 1;
  for (unsigned dim : dims->batch)
    scores *= (*domain)[dim];
  for (unsigned dim : dims->rows)
    scores *= (*domain)[dim];
  scores *= (*domain)[dims->key];
  return 2 * scores * ((*domain)[dims->qk] + (*domain)[dims->value]);
}

std::optional<OperationCount> fovea::countOperations(mlir::func::FuncOp function,
                                                     const std::vector<HostTensor> &arguments) {
  SizeFinder sizes(function, arguments);
  OperationCount count;
  for (auto op : function.getBody().getOps<mlir::attn::AttentionOp>()) {
    std::optional<double> flops = countAttention(op, sizes);
    if (!flops)
      return std::nullopt;
    count.flops += *flops;
    count.masked |= op.hasMask() || op.getCausal() || op.getKeep() || op.getWindowLeft() || op.getWindowRight();
  }
  if (count.flops == 0)
    return std::nullopt;
  return count;
}
