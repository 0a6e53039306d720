//===- SourceFile.h - A file of MLIR that was read --------------*- C++ -*-===//

#ifndef FOVEA_COMPILE_SOURCEFILE_H
#define FOVEA_COMPILE_SOURCEFILE_H

#include "fovea/Compile/FirstDiagnostic.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <optional>

namespace fovea {

/// A module with its context, in which all dialects are registered, and what is
/// needed to report on it.
struct SourceFile {
  llvm::SourceMgr sources;
  mlir::MLIRContext context;
  std::optional<FirstDiagnostic> diagnostic;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  SourceFile() : context(mlir::MLIRContext::Threading::DISABLED) {}

  /// `-` is the standard input. Fails with the first diagnostic.
  llvm::Error read(llvm::StringRef path);
  /// The same for text that is called `name` in diagnostics.
  llvm::Error parse(llvm::StringRef text, llvm::StringRef name);
  /// What was read.
  llvm::StringRef getText() const { return sources.getMemoryBuffer(sources.getMainFileID())->getBuffer(); }

private:
  llvm::Error parse(std::unique_ptr<llvm::MemoryBuffer> buffer, llvm::StringRef name);
};

/// The public functions of `module` that have a body.
llvm::SmallVector<mlir::func::FuncOp> getFunctions(mlir::ModuleOp module);

/// The one of them called `name`; the only one if `name` is empty.
llvm::Expected<mlir::func::FuncOp> findFunction(mlir::ModuleOp module, llvm::StringRef name);

} // namespace fovea

#endif // FOVEA_COMPILE_SOURCEFILE_H
