//===- Lowering.h - A module to the LLVM dialect ----------------*- C++ -*-===//

#ifndef FOVEA_COMPILE_LOWERING_H
#define FOVEA_COMPILE_LOWERING_H

#include "fovea/Target/CpuModel.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace fovea {

class Reproducer;

struct LoweringOptions {
  CpuModel cpu = CpuModel::host();
  /// How many threads the schedule is made for.
  int64_t threads = 1;
  /// Of CpuPipelineOptions, over the above: `tile-m=64 tile-n=96`.
  std::string pipelineOptions;
  /// The code will run in other processes, which may not be allowed to use the matrix unit:
  /// CpuPipelineOptions::amxVersions.
  bool forOtherProcesses = false;
  bool unfused = false; ///< Through `attn-unfused-to-llvm` instead.
  /// Takes note of passes that fail, if not null.
  Reproducer *reproducer = nullptr;
};

/// Runs `attn-to-llvm`. Where a pass has reported an error, the one returned
/// says less.
llvm::Error lowerToLLVMDialect(mlir::ModuleOp module, const LoweringOptions &options);

/// Runs the stages of the same pipeline that are on tensors, up to bufferization.
llvm::Error lowerOnTensors(mlir::ModuleOp module, const LoweringOptions &options);

} // namespace fovea

#endif // FOVEA_COMPILE_LOWERING_H
