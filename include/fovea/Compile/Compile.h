//===- Compile.h - A file to compiled code ----------------------*- C++ -*-===//
//
// What fovea-compile does, as a function: every public function of the file
// becomes a C function of its name, which takes tensors by descriptor
// (CHeader.h). Such code needs fovea_runtime and the C library, nothing else.
// For CUDA, one function becomes a program that the runtime launches.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_COMPILE_COMPILE_H
#define FOVEA_COMPILE_COMPILE_H

#include "fovea/Compile/Lowering.h"

#include <string>

namespace fovea {

enum class Emit {
  Object,        ///< For a static linker.
  SharedLibrary, ///< Linked with fovea_runtime.
  LLVMIR,        ///< Text, optimized.
  Header,        ///< The declarations in C.
  Ptx,           ///< Kernels of one function, for sm_90a.
  Cubin,         ///< The same, assembled.
  CudaProgram,   ///< Kernels with their launch descriptor: for foveaCudaPrepareProgram.
  Launch,        ///< The launch descriptor in lines for a reader.
};

/// As fovea-compile spells it.
llvm::StringRef getName(Emit emit);

struct CompileOptions {
  std::string file; ///< `-` is the standard input.
  Emit emit = Emit::Object;
  std::string output; ///< `-` is the standard output, not for a library.
  std::string header; ///< Where to write the declarations too, if not empty.
  LoweringOptions lowering;
  /// The function to compile for CUDA; may be empty where the file has one public function.
  std::string entry;
  unsigned optimizationLevel = 2; ///< Of LLVM, 0 to 3.
  /// The C compiler that links a shared library; if empty, the first of cc,
  /// clang and gcc in PATH.
  std::string linker;
};

/// Fails with one diagnostic.
llvm::Error compileFile(const CompileOptions &options);

} // namespace fovea

#endif // FOVEA_COMPILE_COMPILE_H
