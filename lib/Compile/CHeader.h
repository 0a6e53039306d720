//===- CHeader.h - Compiled functions declared in C -------------*- C++ -*-===//
//
//   void f(f_results *results, const FoveaTensor2xf32 *arg0, float arg1);
//
// A tensor is a pointer to its descriptor, a number a value. One result that is
// a number is returned, one that is a tensor fills the descriptor in front, and
// several fill a struct. A result that is an argument is not there.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_COMPILE_CHEADER_H
#define FOVEA_LIB_COMPILE_CHEADER_H

#include "fovea/Execute/Signature.h"

namespace fovea {

/// A function that C can call.
struct EntryPoint {
  Signature signature;
  /// Per argument and dimension, from the attribute `fovea.dims`; "" for none.
  llvm::SmallVector<llvm::SmallVector<std::string>> dimensionNames;
  /// Per result, the argument that it is, or -1.
  llvm::SmallVector<int64_t> returnedArguments;

  /// Fails where the name is not one that C can declare.
  static llvm::Expected<EntryPoint> of(mlir::func::FuncOp function);
};

/// The header called `headerName` for functions compiled from `sourceName`.
std::string writeCHeader(llvm::ArrayRef<EntryPoint> entryPoints, llvm::StringRef headerName,
                         llvm::StringRef sourceName);

} // namespace fovea

#endif // FOVEA_LIB_COMPILE_CHEADER_H
