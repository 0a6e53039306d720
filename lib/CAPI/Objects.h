//===- Objects.h - What the opaque types of the C API are -------*- C++ -*-===//

#ifndef FOVEA_LIB_CAPI_OBJECTS_H
#define FOVEA_LIB_CAPI_OBJECTS_H

#include "fovea-c/Fovea.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

struct FoveaContext {
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  FoveaDiagnosticHandler handler = nullptr;
  void *user = nullptr;
  /// Of the call in progress.
  std::string firstError;

  FoveaContext();
  void report(mlir::Diagnostic &diagnostic);
};

struct FoveaModule {
  FoveaContext *context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

namespace fovea {
class Reproducer;
} // namespace fovea

namespace fovea::capi {

/// Leaves the message for foveaGetErrorMessage.
FoveaStatus fail(FoveaStatus status, const llvm::Twine &message);

/// The same, with the first error that `context` reported if there was one.
FoveaStatus failWithDiagnostic(FoveaStatus status, FoveaContext &context, const llvm::Twine &otherwise);
/// The same with a reproducer, which the message then names.
FoveaStatus failWithDiagnostic(FoveaStatus status, FoveaContext &context, const llvm::Twine &otherwise,
                               Reproducer &reproducer);

std::string print(mlir::ModuleOp module);

} // namespace fovea::capi

#endif // FOVEA_LIB_CAPI_OBJECTS_H
