//===- CpuCode.h - from the LLVM dialect to optimized LLVM IR ---*- C++ -*-===//
//
// What compiling in this process and compiling to a file have in common.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TARGET_CPUCODE_H
#define FOVEA_TARGET_CPUCODE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace fovea {

struct CpuModel;

/// Machines for code on `cpu`, this process's architecture, at LLVM's
/// optimization level 0 to 3.
llvm::orc::JITTargetMachineBuilder getTargetMachineBuilder(const CpuModel &cpu, unsigned level);

/// Translates `module`, whose context must have the translations to LLVM IR,
/// for `machine`.
llvm::Expected<std::unique_ptr<llvm::Module>> translateToLLVMIR(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                                const llvm::TargetMachine &machine);

/// Runs the passes of `level`: 0 none, 1 those that our vector code needs, 2 also those for other loops in it, 3 LLVM's
/// default pipeline.
void optimize(llvm::Module &module, llvm::TargetMachine &machine, unsigned level);

/// Which of its arguments each of the `numResults` results of the function is
/// that lowering has dropped (fovea-drop-returned-arguments), -1 for a result
/// that the function returns.
llvm::SmallVector<int64_t> getReturnedArguments(mlir::ModuleOp module, llvm::StringRef function, size_t numResults);

} // namespace fovea

#endif // FOVEA_TARGET_CPUCODE_H
