//===- KernelAbi.h - the parameters of a lowered kernel ------------*- C++ -*-===//
//
// gpu.func @k(%q: memref<?x8x?x128xbf16, ...>, %n: index, %counter: memref<2xi32> {cta.workspace = ...})
// becomes
// llvm.func @k(%0: !llvm.ptr {llvm.byval, nvvm.grid_constant, ...}, %1: i64, %2: !llvm.ptr)
//     attributes {cta.params = [#cta.param<tensor_map, arg = 0, ...>, #cta.param<scalar, arg = 1>,
//                               #cta.param<workspace, arg = 2>], nvvm.kernel, ...}
// Only what the body uses is a parameter.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_CTATONVVM_KERNELABI_H
#define FOVEA_LIB_CONVERSION_CTATONVVM_KERNELABI_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/MapVector.h"

namespace fovea {

/// How TMA addresses an argument for the tiles of an access: the map's dims, and the offsets in their order.
struct TensorMap {
  llvm::SmallVector<int64_t> dims; ///< Columns of the tile, its rows, then the other dims from the innermost out.
  llvm::SmallVector<int64_t> box;
  int64_t swizzle;
};

/// Of boxes of `rows` of a tile that an access with `dims` moves.
TensorMap tensorMapOf(mlir::MemRefType memref, llvm::ArrayRef<int64_t> dims, const SharedTile &tile, int64_t rows);

/// What the body of a kernel needs to know of its arguments.
class KernelAbi {
public:
  /// Turns a kernel into an llvm.func in its place, whose body still holds the ops of the kernel; arguments that are
  /// memrefs are stood in for by ub.poison until those ops are lowered.
  static mlir::FailureOr<KernelAbi> lower(mlir::gpu::GPUFuncOp kernel);

  mlir::LLVM::LLVMFuncOp function() const { return func; }

  /// Of a memref that is an argument; each was found to be needed by `lower`.
  mlir::Value pointer(mlir::Value memref) const;
  mlir::Value map(mlir::Value memref, const TensorMap &map) const;
  /// As i64: a constant where the type tells.
  mlir::Value size(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref, int64_t dim) const;
  mlir::Value stride(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref, int64_t dim) const;

private:
  mlir::Value param(mlir::cta::ParamAttr param) const;
  mlir::MLIRContext *context() const { return function().getContext(); }

  mlir::LLVM::LLVMFuncOp func;
  llvm::SetVector<mlir::cta::ParamAttr> params;    ///< In the order of the function's parameters.
  llvm::DenseMap<mlir::Value, int64_t> argumentOf; ///< What stands in for a memref -> number of the argument.
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_CTATONVVM_KERNELABI_H
