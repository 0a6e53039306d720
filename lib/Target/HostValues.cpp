//===- HostValues.cpp - what values of a host function are ----------------===//

#include "HostValues.h"
#include "fovea/Dialect/Cta/IR/Cta.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fovea;
using Arithmetic = launch::Operation;
using ExpressionIndex = ShapeExpressions::Index;

std::optional<launch::ElementType> fovea::getLaunchType(Type type) {
  if (type.isIndex())
    return launch::ElementType::I64;
  if (auto integer = dyn_cast<IntegerType>(type))
    switch (integer.getWidth()) {
    case 1: // one byte each, as MLIR stores them
    case 8:
      return launch::ElementType::I8;
    case 16:
      return launch::ElementType::I16;
    case 32:
      return launch::ElementType::I32;
    case 64:
      return launch::ElementType::I64;
    default:
      return std::nullopt;
    }
  return llvm::TypeSwitch<Type, std::optional<launch::ElementType>>(type)
      .Case<Float16Type>([](Type) { return launch::ElementType::F16; })
      .Case<BFloat16Type>([](Type) { return launch::ElementType::BF16; })
      .Case<Float32Type>([](Type) { return launch::ElementType::F32; })
      .Case<Float64Type>([](Type) { return launch::ElementType::F64; })
      .Case<Float8E4M3FNType>([](Type) { return launch::ElementType::F8E4M3; })
      .Case<Float8E5M2Type>([](Type) { return launch::ElementType::F8E5M2; })
      .Default([](Type) { return std::nullopt; });
}

std::string HostValues::getName(const launch::Buffer &buffer) const {
  return buffer.kind == launch::Buffer::Kind::Argument ? "'" + descriptor.arguments[buffer.index].name + "'"
                                                       : "workspace " + std::to_string(buffer.index);
}

void HostValues::addGuard(ExpressionIndex condition, const std::string &text) {
  bool isKnown = llvm::any_of(variant.guards, [&](const launch::Guard &guard) { return guard.condition == condition; });
  if (!expressions.isTrue(condition) && !isKnown)
    variant.guards.push_back({condition, text});
}

std::optional<ExpressionIndex> HostValues::getInteger(Value value) const {
  auto found = integers.find(value);
  return found == integers.end() ? std::nullopt : std::optional(found->second);
}

std::optional<uint32_t> HostValues::getScalarArgument(Value value) const {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  return argument.getArgNumber();
}

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

LogicalResult HostValues::addArguments() {
  for (BlockArgument argument : function.getArguments()) {
    uint32_t number = argument.getArgNumber();
    launch::Argument &added = descriptor.arguments.emplace_back();
    added.name = "arg" + std::to_string(number);
    auto tensor = dyn_cast<RankedTensorType>(argument.getType());
    std::optional<launch::ElementType> type = getLaunchType(tensor ? tensor.getElementType() : argument.getType());
    added.isTensor = bool(tensor);
    if (!type || (!tensor && *type != launch::ElementType::I64 && *type != launch::ElementType::F32 &&
                  *type != launch::ElementType::F64))
      return function.emitError() << "argument " << number << " has type " << argument.getType()
                                  << ", expected a ranked tensor of numbers or an index, i64, f32 or f64";
    added.type = *type;
    if (!tensor) {
      if (added.type == launch::ElementType::I64)
        integers[argument] = expressions.scalar(number);
      continue;
    }
    added.rank = tensor.getRank();
    DeviceTensor &view = tensors[argument];
    view.buffer = {launch::Buffer::Kind::Argument, number};
    view.type = *type;
    ExpressionIndex fits = expressions.constant(1);
    for (auto [dim, size] : llvm::enumerate(tensor.getShape())) {
      view.strides.push_back(expressions.stride(number, dim));
      if (ShapedType::isDynamic(size)) {
        view.sizes.push_back(expressions.size(number, dim));
        continue;
      }
      view.sizes.push_back(expressions.constant(size));
      fits = expressions.both(expressions.withConstant(Arithmetic::Equal, expressions.size(number, dim), size), fits);
    }
    shapes[argument] = view.sizes;
    std::string text;
    llvm::raw_string_ostream(text) << "'" << added.name << "' is a " << tensor;
    addGuard(fits, text);
  }
  return success();
}

Value HostValues::getRoot(Value value) const {
  while (true) {
    if (auto op = value.getDefiningOp<cta::LaunchOp>())
      value = op.getTiedOpOperand(cast<OpResult>(value))->get();
    else if (auto op = value.getDefiningOp<tensor::CastOp>())
      value = op.getSource();
    else if (auto op = value.getDefiningOp<tensor::ExpandShapeOp>())
      value = op.getSrc();
    else if (auto op = value.getDefiningOp<tensor::CollapseShapeOp>())
      value = op.getSrc();
    else
      return value;
  }
}

/// Every result gets an argument: that which it is written to, or a new one.
LogicalResult HostValues::addResults() {
  auto terminator = cast<func::ReturnOp>(function.front().getTerminator());
  for (auto [number, returned] : llvm::enumerate(terminator.getOperands())) {
    auto type = dyn_cast<RankedTensorType>(returned.getType());
    if (!type)
      return terminator.emitError() << "result " << number << " has type " << returned.getType()
                                    << "; the results of a launch are tensors";
    Value root = getRoot(returned);
    launch::Result &result = descriptor.results.emplace_back();
    auto sizeOf = [&](uint32_t dim) {
      return type.isDynamicDim(dim) ? expressions.size(result.argument, dim)
                                    : expressions.constant(type.getDimSize(dim));
    };
    if (auto argument = dyn_cast<BlockArgument>(root)) {
      if (root.getType() != type)
        return terminator.emitError() << "result " << number << " of type " << type << " is a view of argument "
                                      << argument.getArgNumber() << " of type " << root.getType();
      result.argument = argument.getArgNumber();
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        result.sizes.push_back(sizeOf(dim));
      continue;
    }
    if (!root.getDefiningOp<tensor::EmptyOp>())
      continue; // refused where it is made
    if (!resultOfRoot.try_emplace(root, number).second)
      return terminator.emitError() << "result " << number << " is in the memory of result " << resultOfRoot[root];
    result.argument = descriptor.arguments.size();
    launch::Argument &added = descriptor.arguments.emplace_back();
    added.name = "result" + std::to_string(number);
    added.rank = type.getRank();
    if (auto elementType = getLaunchType(type.getElementType()))
      added.type = *elementType;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes and integers, in the order of the function
//===----------------------------------------------------------------------===//

SmallVector<ExpressionIndex> HostValues::getSizes(ArrayRef<OpFoldResult> sizes) {
  SmallVector<ExpressionIndex> indices;
  for (OpFoldResult size : sizes)
    indices.push_back(isa<Attribute>(size) ? expressions.constant(*getConstantIntValue(size))
                                           : *getInteger(cast<Value>(size)));
  return indices;
}

static std::optional<Arithmetic> getBinary(mlir::Operation *op) {
  return llvm::TypeSwitch<mlir::Operation *, std::optional<Arithmetic>>(op)
      .Case<arith::AddIOp>([](auto) { return Arithmetic::Add; })
      .Case<arith::SubIOp>([](auto) { return Arithmetic::Sub; })
      .Case<arith::MulIOp>([](auto) { return Arithmetic::Mul; })
      .Case<arith::FloorDivSIOp>([](auto) { return Arithmetic::FloorDiv; })
      .Case<arith::CeilDivSIOp>([](auto) { return Arithmetic::CeilDiv; })
      .Case<arith::MinSIOp>([](auto) { return Arithmetic::Min; })
      .Case<arith::MaxSIOp>([](auto) { return Arithmetic::Max; })
      .Case<arith::CmpIOp>([](arith::CmpIOp compare) -> std::optional<Arithmetic> {
        switch (compare.getPredicate()) {
        case arith::CmpIPredicate::eq:
          return Arithmetic::Equal;
        case arith::CmpIPredicate::ne:
          return Arithmetic::NotEqual;
        case arith::CmpIPredicate::slt:
        case arith::CmpIPredicate::sgt:
          return Arithmetic::Less;
        case arith::CmpIPredicate::sle:
        case arith::CmpIPredicate::sge:
          return Arithmetic::LessEqual;
        default:
          return std::nullopt;
        }
      })
      .Default([](auto) { return std::nullopt; });
}

/// Whether the operands of a comparison change places.
static bool isSwapped(mlir::Operation *op) {
  auto compare = dyn_cast<arith::CmpIOp>(op);
  return compare &&
         (compare.getPredicate() == arith::CmpIPredicate::sgt || compare.getPredicate() == arith::CmpIPredicate::sge);
}

LogicalResult HostValues::addInteger(mlir::Operation *op) {
  SmallVector<ExpressionIndex> operands;
  for (Value operand : op->getOperands())
    if (std::optional<ExpressionIndex> known = getInteger(operand))
      operands.push_back(*known);
  bool areKnown = operands.size() == op->getNumOperands();
  auto applyMap = [&](AffineMap map) {
    SmallVector<ExpressionIndex> results;
    ArrayRef<ExpressionIndex> all = operands;
    for (AffineExpr expression : map.getResults())
      results.push_back(
          expressions.affine(expression, all.take_front(map.getNumDims()), all.drop_front(map.getNumDims())));
    return results;
  };
  auto reduce = [&](Arithmetic operation, ArrayRef<ExpressionIndex> values) {
    ExpressionIndex result = values.front();
    for (ExpressionIndex value : values.drop_front())
      result = expressions.binary(operation, result, value);
    return result;
  };
  std::optional<ExpressionIndex> value;
  APInt constant;
  if (matchPattern(op, m_ConstantInt(&constant)) && constant.getBitWidth() <= 64) {
    // A true i1 is 1, as comparisons have it.
    value =
        expressions.constant(constant.getBitWidth() == 1 ? int64_t(constant.getZExtValue()) : constant.getSExtValue());
  } else if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    SmallVector<ExpressionIndex> sizes = getSizes(dim.getSource());
    if (!index || *index < 0 || *index >= int64_t(sizes.size()))
      return op->emitOpError() << "asks for a dimension that is no constant below " << sizes.size();
    value = sizes[*index];
  } else if (!areKnown) {
    return op->emitOpError() << "computes on the host with what is no size and no integer argument";
  } else if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    value = applyMap(apply.getAffineMap()).front();
  } else if (auto minimum = dyn_cast<affine::AffineMinOp>(op)) {
    value = reduce(Arithmetic::Min, applyMap(minimum.getAffineMap()));
  } else if (auto maximum = dyn_cast<affine::AffineMaxOp>(op)) {
    value = reduce(Arithmetic::Max, applyMap(maximum.getAffineMap()));
  } else if (isa<arith::IndexCastOp>(op) && !op->getOperand(0).getType().isInteger(1)) {
    value = operands[0];
  } else if (isa<arith::SelectOp>(op)) {
    value = expressions.select(operands[0], operands[1], operands[2]);
  } else if (std::optional<Arithmetic> operation = getBinary(op)) {
    bool swapped = isSwapped(op);
    value = expressions.binary(*operation, operands[swapped], operands[!swapped]);
  }
  if (!value)
    return op->emitOpError() << "is integer arithmetic that a launch cannot express";
  integers[op->getResult(0)] = *value;
  return success();
}

LogicalResult HostValues::addShapes() {
  for (mlir::Operation &op : function.front().without_terminator()) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
      shapes[empty] = getSizes(empty.getMixedSizes());
    } else if (auto cast = dyn_cast<tensor::CastOp>(op); cast && shapes.contains(cast.getSource())) {
      SmallVector<ExpressionIndex> sizes = getSizes(cast.getSource());
      for (auto [dim, size] : llvm::enumerate(cast.getType().getShape()))
        if (!ShapedType::isDynamic(size) && !expressions.getConstant(sizes[dim])) {
          addGuard(expressions.withConstant(Arithmetic::Equal, sizes[dim], size),
                   "a tensor has size " + std::to_string(size) + " in dimension " + std::to_string(dim));
          sizes[dim] = expressions.constant(size);
        }
      shapes[cast] = std::move(sizes);
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      shapes[expand] = getSizes(expand.getMixedOutputShape());
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      SmallVector<ExpressionIndex> sizes = getSizes(collapse.getSrc()), merged;
      for (const ReassociationIndices &group : collapse.getReassociationIndices()) {
        SmallVector<ExpressionIndex> factors;
        for (int64_t dim : group)
          factors.push_back(sizes[dim]);
        merged.push_back(expressions.product(factors));
      }
      shapes[collapse] = merged;
    } else if (auto launch = dyn_cast<cta::LaunchOp>(op)) {
      for (auto [result, output] : llvm::zip_equal(launch.getResults(), launch.getOutputs()))
        shapes[result] = getSizes(output);
    } else if (op.getNumResults() == 1 && op.getNumRegions() == 0 && op.getResult(0).getType().isIntOrIndex()) {
      if (failed(addInteger(&op)))
        return failure();
    } else if (!isa<arith::ConstantOp>(op) || isa<ShapedType>(op.getResult(0).getType())) {
      return op.emitOpError() << "is left on the host, where a launch has only kernels, shapes of tensors and integer "
                                 "arithmetic over sizes";
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

SmallVector<ExpressionIndex> HostValues::getContiguousStrides(ArrayRef<ExpressionIndex> sizes) {
  SmallVector<ExpressionIndex> strides(sizes.size());
  ExpressionIndex stride = expressions.constant(1);
  for (size_t dim = sizes.size(); dim-- > 0;) {
    strides[dim] = stride;
    stride = expressions.binary(Arithmetic::Mul, stride, sizes[dim]);
  }
  return strides;
}

SmallVector<ExpressionIndex> HostValues::split(ArrayRef<ExpressionIndex> strides, ArrayRef<ReassociationIndices> groups,
                                               ArrayRef<ExpressionIndex> sizes) {
  // Groups of nothing stand for dimensions of one element: any stride will do.
  SmallVector<ExpressionIndex> result(sizes.size(), expressions.constant(1));
  for (auto [group, innermost] : llvm::zip_equal(groups, strides)) {
    ExpressionIndex stride = innermost;
    for (int64_t dim : llvm::reverse(group)) {
      result[dim] = stride;
      stride = expressions.binary(Arithmetic::Mul, stride, sizes[dim]);
    }
  }
  return result;
}

SmallVector<ExpressionIndex> HostValues::merge(const launch::Buffer &buffer, ArrayRef<ExpressionIndex> strides,
                                               ArrayRef<ReassociationIndices> groups, ArrayRef<ExpressionIndex> sizes) {
  SmallVector<ExpressionIndex> result;
  for (const ReassociationIndices &group : groups) {
    // The stride of a dimension of one element says nothing.
    SmallVector<int64_t> dims;
    llvm::copy_if(group, std::back_inserter(dims),
                  [&](int64_t dim) { return expressions.getConstant(sizes[dim]) != 1; });
    if (dims.empty()) {
      result.push_back(expressions.constant(1));
      continue;
    }
    ExpressionIndex fits = expressions.constant(1);
    for (size_t i = dims.size() - 1; i > 0; --i) {
      ExpressionIndex next = expressions.binary(Arithmetic::Mul, strides[dims[i]], sizes[dims[i]]);
      ExpressionIndex adjoins = expressions.binary(Arithmetic::Equal, strides[dims[i - 1]], next);
      fits = expressions.both(
          expressions.either(expressions.withConstant(Arithmetic::LessEqual, sizes[dims[i - 1]], 1), adjoins), fits);
    }
    result.push_back(strides[dims.back()]);
    addGuard(fits, getName(buffer) + " has no gaps between dimensions that a kernel sees as one");
  }
  return result;
}

/// The memory is that of the returned tensor, seen through the views between the two.
void HostValues::makeResult(tensor::EmptyOp empty, Value returned, uint32_t argument) {
  launch::Buffer buffer{launch::Buffer::Kind::Argument, argument};
  SmallVector<ExpressionIndex> strides;
  for (size_t dim = 0; dim < shapes[returned].size(); ++dim)
    strides.push_back(expressions.stride(argument, dim));
  for (Value value = returned; value != empty.getResult();) {
    if (auto op = value.getDefiningOp<cta::LaunchOp>()) {
      value = op.getTiedOpOperand(cast<OpResult>(value))->get();
    } else if (auto op = value.getDefiningOp<tensor::CollapseShapeOp>()) {
      strides = split(strides, op.getReassociationIndices(), getSizes(op.getSrc()));
      value = op.getSrc();
    } else if (auto op = value.getDefiningOp<tensor::ExpandShapeOp>()) {
      strides = merge(buffer, strides, op.getReassociationIndices(), getSizes(value));
      value = op.getSrc();
    } else {
      value = value.getDefiningOp<tensor::CastOp>().getSource();
    }
  }
  DeviceTensor &view = tensors[empty];
  view.buffer = buffer;
  view.type = descriptor.arguments[argument].type;
  view.sizes = getSizes(empty);
  view.strides = strides;
}

void HostValues::makeWorkspace(tensor::EmptyOp empty) {
  DeviceTensor &view = tensors[empty];
  view.buffer = {launch::Buffer::Kind::Workspace, uint32_t(variant.workspaces.size())};
  view.type = *getLaunchType(empty.getType().getElementType());
  view.sizes = getSizes(empty);
  view.strides = getContiguousStrides(view.sizes);
  ExpressionIndex bytes =
      expressions.withConstant(Arithmetic::Mul, expressions.product(view.sizes), byteSize(view.type));
  variant.workspaces.push_back({bytes, /*zeroFill=*/false});
}

LogicalResult HostValues::addStorage() {
  auto terminator = cast<func::ReturnOp>(function.front().getTerminator());
  for (mlir::Operation &op : function.front().without_terminator()) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
      if (!getLaunchType(empty.getType().getElementType()))
        return op.emitOpError() << "makes elements of a type that no launch knows";
      auto result = resultOfRoot.find(empty);
      if (result == resultOfRoot.end())
        makeWorkspace(empty);
      else
        makeResult(empty, terminator.getOperand(result->second), descriptor.results[result->second].argument);
    } else if (auto launch = dyn_cast<cta::LaunchOp>(op)) {
      for (auto [result, output] : llvm::zip_equal(launch.getResults(), launch.getOutputs()))
        tensors[result] = DeviceTensor(getTensor(output));
    } else if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
      DeviceTensor view = getTensor(op.getOperand(0));
      if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
        view.strides = split(view.strides, expand.getReassociationIndices(), getSizes(expand.getResult()));
      else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
        view.strides = merge(view.buffer, view.strides, collapse.getReassociationIndices(), view.sizes);
      view.sizes = getSizes(op.getResult(0));
      tensors[op.getResult(0)] = std::move(view);
    }
  }
  for (auto [root, number] : resultOfRoot) {
    SmallVector<ExpressionIndex> sizes = getSizes(terminator.getOperand(number));
    descriptor.results[number].sizes.assign(sizes.begin(), sizes.end());
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

/// A launch overwrites its outputs. Tensors are values, so nobody may look at
/// the memory for what was there before.
LogicalResult HostValues::checkOrder() {
  llvm::DenseMap<Value, unsigned> writes; // to a root, so far
  llvm::DenseMap<Value, unsigned> seen;   // of those, when a value was made
  auto isCurrent = [&](Value value) { return seen.lookup(value) == writes.lookup(getRoot(value)); };
  for (mlir::Operation &op : function.front()) {
    if (isa<cta::LaunchOp, func::ReturnOp>(op))
      for (Value operand : op.getOperands())
        if (isa<RankedTensorType>(operand.getType()) && !isCurrent(operand))
          return op.emitOpError() << "reads a tensor of type " << operand.getType()
                                  << " that a launch before has overwritten";
    auto launch = dyn_cast<cta::LaunchOp>(op);
    if (!launch) {
      if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
        seen[op.getResult(0)] = seen.lookup(op.getOperand(0));
      continue;
    }
    llvm::SmallPtrSet<Value, 8> roots;
    for (Value input : launch.getInputs())
      roots.insert(getRoot(input));
    for (auto [result, output] : llvm::zip_equal(launch.getResults(), launch.getOutputs())) {
      Value root = getRoot(output);
      if (!roots.insert(root).second)
        return op.emitOpError() << "writes to memory of type " << output.getType() << " that it also reads or writes";
      seen[result] = ++writes[root];
    }
  }
  return success();
}

LogicalResult HostValues::analyze() {
  if (failed(addArguments()) || failed(addResults()) || failed(addShapes()) || failed(checkOrder()))
    return failure();
  return addStorage();
}
