//===- CudaCompile.h - A function to a program for CUDA devices -*- C++ -*-===//

#ifndef FOVEA_COMPILE_CUDACOMPILE_H
#define FOVEA_COMPILE_CUDACOMPILE_H

#include "fovea/Target/Kernel.h"

namespace fovea {

class Reproducer;

struct CudaCompileOptions {
  /// Of the pipeline attn-to-nvvm.
  std::string pipelineOptions;
  SerializeOptions serialize;
  /// Takes note of passes that fail, if not null.
  Reproducer *reproducer = nullptr;
};

struct CudaCompilation {
  SerializedFunction function;
  double loweringSeconds = 0; ///< MLIR passes
};

/// Lowers `module` (attn-to-nvvm) and serializes its function `entry`. Kernels
/// that are in the LLVM dialect already are only serialized. Fails with a
/// diagnostic.
mlir::FailureOr<CudaCompilation> compileForCuda(mlir::ModuleOp module, llvm::StringRef entry,
                                                const CudaCompileOptions &options = {});

} // namespace fovea

#endif // FOVEA_COMPILE_CUDACOMPILE_H
