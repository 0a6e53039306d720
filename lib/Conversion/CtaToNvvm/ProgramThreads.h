//===- ProgramThreads.h - the threads of a program, and what they hold -*- C++ -*-===//
//
// A program is what the warps of one role execute, or all of a kernel that is not specialised. Layouts count lanes and
// warps within it.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_CTATONVVM_PROGRAMTHREADS_H
#define FOVEA_LIB_CONVERSION_CTATONVVM_PROGRAMTHREADS_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/IR/Builders.h"

namespace fovea {

/// All are i32 but the predicates; the numbers of warp and warpgroup are the same in all lanes, and known to be.
struct ProgramThreads {
  bool isProducer = false; ///< One thread executes the program.
  int64_t numWarps = 0;
  mlir::Value thread;             ///< Of the program.
  mlir::Value lane;               ///< Of the warp.
  mlir::Value warp;               ///< Of the program.
  mlir::Value warpgroup;          ///< Of the program.
  mlir::Value isFirstOfWarp;      ///< i1: lane 0.
  mlir::Value isFirstOfWarpgroup; ///< i1: thread 0 of 128.

  int64_t numWarpgroups() const { return numWarps / 4; }
};

/// Where the registers of this thread lie in a tile: a part that depends on the thread plus one that is a constant of
/// the register.
class LayoutPosition {
public:
  LayoutPosition(const RegisterLayout &layout, const ProgramThreads &threads) : layout(layout), threads(threads) {}

  /// Whether the two parts of a coordinate add: no bit of it depends on both.
  bool isSum(unsigned coordinate) const;
  /// The part of the thread, i32.
  mlir::Value ofThread(mlir::OpBuilder &builder, mlir::Location loc, unsigned coordinate) const;
  int64_t ofRegister(int64_t index, unsigned coordinate) const {
    return layout.apply({{Dim::Register, index}})[coordinate];
  }
  /// Null if every element has one holder; otherwise true (i1) in one of the threads that hold the same.
  mlir::Value isHolder(mlir::OpBuilder &builder, mlir::Location loc) const;

private:
  const RegisterLayout &layout;
  const ProgramThreads &threads;
};

/// What a linear map over GF(2) adds: bases[i] for every bit i of `index` that is set.
mlir::Value applyBases(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value index, llvm::ArrayRef<int64_t> bases);

/// a + b, a ^ b of i32; null stands for 0.
mlir::Value addOrNull(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value a, mlir::Value b);
mlir::Value xorOrNull(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value a, mlir::Value b);
mlir::Value i32Constant(mlir::OpBuilder &builder, mlir::Location loc, int64_t value);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_CTATONVVM_PROGRAMTHREADS_H
