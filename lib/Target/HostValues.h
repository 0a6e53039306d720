//===- HostValues.h - what values of a host function are --------*- C++ -*-===//
//
// A function that launches kernels computes nothing itself: its tensors are
// views of arguments, results and workspaces, and its integers are expressions
// over their sizes.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_TARGET_HOSTVALUES_H
#define FOVEA_LIB_TARGET_HOSTVALUES_H

#include "ShapeExpressions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

namespace fovea {

/// A tensor in device memory.
struct DeviceTensor {
  launch::Buffer buffer;
  launch::ElementType type = launch::ElementType::F32;
  llvm::SmallVector<ShapeExpressions::Index> sizes;
  llvm::SmallVector<ShapeExpressions::Index> strides; ///< In elements.
};

/// Nothing for a type that no tensor on a device has.
std::optional<launch::ElementType> getLaunchType(mlir::Type elementType);

class HostValues {
public:
  using Index = ShapeExpressions::Index;

  /// Adds arguments and results to `descriptor`, workspaces and guards to
  /// `variant`.
  HostValues(mlir::func::FuncOp function, launch::LaunchDescriptor &descriptor, launch::Variant &variant)
      : function(function), descriptor(descriptor), variant(variant), expressions(descriptor) {}

  /// Fails with a diagnostic.
  mlir::LogicalResult analyze();

  ShapeExpressions &getExpressions() { return expressions; }
  const DeviceTensor &getTensor(mlir::Value value) const { return tensors.find(value)->second; }
  /// Of a value of integer or index type, if it has a known form.
  std::optional<Index> getInteger(mlir::Value value) const;
  /// The number of the launch's argument that this scalar is, if it is one.
  std::optional<uint32_t> getScalarArgument(mlir::Value value) const;

  /// What guards and errors call the memory of a tensor.
  std::string getName(const launch::Buffer &buffer) const;
  /// A condition of the launch. One that always holds is dropped.
  void addGuard(Index condition, const std::string &text);

private:
  mlir::LogicalResult addArguments();
  mlir::LogicalResult addResults();
  mlir::LogicalResult addShapes();
  mlir::LogicalResult addInteger(mlir::Operation *op);
  mlir::LogicalResult addStorage();
  mlir::LogicalResult checkOrder();

  /// The tensor whose memory `value` lies in: an argument or what made it.
  mlir::Value getRoot(mlir::Value value) const;
  llvm::SmallVector<Index> getSizes(mlir::Value value) const { return shapes.find(value)->second; }
  llvm::SmallVector<Index> getSizes(llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Row-major strides.
  llvm::SmallVector<Index> getContiguousStrides(llvm::ArrayRef<Index> sizes);
  /// Strides of dimensions of these `sizes` that groups of `strides` are split into.
  llvm::SmallVector<Index> split(llvm::ArrayRef<Index> strides, llvm::ArrayRef<mlir::ReassociationIndices> groups,
                                 llvm::ArrayRef<Index> sizes);
  /// Strides of the groups that dimensions are merged to; guards that they can be.
  llvm::SmallVector<Index> merge(const launch::Buffer &buffer, llvm::ArrayRef<Index> strides,
                                 llvm::ArrayRef<mlir::ReassociationIndices> groups, llvm::ArrayRef<Index> sizes);
  void makeResult(mlir::tensor::EmptyOp empty, mlir::Value returned, uint32_t argument);
  void makeWorkspace(mlir::tensor::EmptyOp empty);

  mlir::func::FuncOp function;
  launch::LaunchDescriptor &descriptor;
  launch::Variant &variant;
  ShapeExpressions expressions;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Index>> shapes;
  llvm::DenseMap<mlir::Value, DeviceTensor> tensors;
  llvm::DenseMap<mlir::Value, Index> integers;
  /// The result that a tensor.empty becomes.
  llvm::DenseMap<mlir::Value, unsigned> resultOfRoot;
};

} // namespace fovea

#endif // FOVEA_LIB_TARGET_HOSTVALUES_H
