//===- NvptxCode.h - from the LLVM dialect to PTX ---------------*- C++ -*-===//
//
//   gpu.module @kernels { llvm.func @k(...) attributes {nvvm.kernel, ...} }
//     ->   .version 8.7  .target sm_90a  .visible .entry k(...)
//
// Kernels arrive scheduled: the order of their instructions is the point of
// them. So nothing optimizes here but instruction selection and register
// coalescing, and inline assembly is pinned to where it stands.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TARGET_NVPTXCODE_H
#define FOVEA_TARGET_NVPTXCODE_H

#include "mlir/IR/Operation.h"
#include "llvm/Support/Error.h"

#include <string>

namespace fovea {

/// What LLVM is told of a chip.
struct NvptxChip {
  llvm::StringRef name;     ///< LLVM's and ptxas's: `sm_90a`.
  llvm::StringRef features; ///< The oldest PTX that has all we use.
  int computeCapability;    ///< 10 * major + minor.
};

/// The chips that kernels are made for.
llvm::ArrayRef<NvptxChip> getNvptxChips();

/// Null if there is none of that name.
const NvptxChip *findNvptxChip(llvm::StringRef name);

struct NvptxOptions {
  std::string chip = "sm_90a";
  /// Of LLVM's code generator, 0 to 3. From 1 on kernels are equally fast.
  unsigned optimizationLevel = 1;
};

/// PTX of the kernels in `module`, a gpu.module or builtin.module of the LLVM
/// and NVVM dialects, which stays as it is. The context must have the
/// translations to LLVM IR (fovea::registerAllDialects). May be called from any
/// thread for modules that no other thread changes.
llvm::Expected<std::string> translateToPtx(mlir::Operation *module, const NvptxOptions &options = {});

} // namespace fovea

#endif // FOVEA_TARGET_NVPTXCODE_H
