//===- Kernel.h - what a compiled function is for CUDA ----------*- C++ -*-===//
//
// Stage 15: a function on tensors whose work is done by `cta.launch`es, with
// the gpu.modules of their kernels in the LLVM dialect, becomes images (PTX or
// cubins) and the launch descriptor that says how to run them on tensors of
// any sizes and strides:
//
//   func.func @causal(%q: tensor<?x16x?x128xbf16>, ...) -> ... {
//     %o = cta.launch @kernels::@causal tiles(...) ins(%q, ...) outs(...)
//     return %o }
//   gpu.module @kernels { llvm.func @causal(...) attributes {cta.params = ...} }
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TARGET_KERNEL_H
#define FOVEA_TARGET_KERNEL_H

#include "fovea/LaunchDescriptor.h"
#include "fovea/Target/NvptxCode.h"
#include "fovea/Target/Ptxas.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace fovea {

/// Images and launch descriptor. launch::write makes bytes of it, which
/// launch::readProgram and the runtime's foveaCudaPrepareProgram read.
using CudaProgram = launch::Program;

/// A function's launches, and the modules of their kernels by image number.
struct HostLaunches {
  launch::LaunchDescriptor descriptor;
  llvm::SmallVector<mlir::gpu::GPUModuleOp> images;
};

/// Describes what `function` does on the host. Its arguments are the launch's,
/// followed by one per result that is not written to an argument; other tensors
/// that it makes become workspaces. Host code is launches, shapes of tensors
/// and integer arithmetic over sizes; anything else is an error that names it,
/// as is a tensor that is read after a launch has overwritten it.
mlir::FailureOr<HostLaunches> describeLaunches(mlir::func::FuncOp function);

enum class Assemble {
  IfFound, ///< Cubins where there is a ptxas, else PTX, which the driver assembles.
  Always,
  Never
};

struct SerializeOptions {
  NvptxOptions code;
  Assemble assemble = Assemble::IfFound;
  std::string ptxas; ///< If empty, what findPtxas finds.
  /// Look for cubins in the runtime's kernel cache, and keep new ones there.
  bool useCache = true;
};

struct SerializedFunction {
  CudaProgram program;
  bool assembled = false;           ///< The images are cubins.
  std::vector<PtxasReport> reports; ///< Of each image, if assembled.
  double codegenSeconds = 0;        ///< LLVM
  double assemblySeconds = 0;       ///< ptxas
};

/// The program of `function`. What ptxas finds slow about a kernel (whyNotClean)
/// is a missed-optimization remark.
mlir::FailureOr<SerializedFunction> serialize(mlir::func::FuncOp function, const SerializeOptions &options = {});

} // namespace fovea

#endif // FOVEA_TARGET_KERNEL_H
