//===- Context.cpp - Errors and contexts ----------------------------------===//

#include "Objects.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/InitAll.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"

using namespace fovea::capi;

static std::string &getMessage() {
  static thread_local std::string message;
  return message;
}

FoveaStatus fovea::capi::fail(FoveaStatus status, const llvm::Twine &message) {
  getMessage() = message.str();
  return status;
}

FoveaStatus fovea::capi::failWithDiagnostic(FoveaStatus status, FoveaContext &context, const llvm::Twine &otherwise) {
  return fail(status, context.firstError.empty() ? otherwise : llvm::Twine(context.firstError));
}

FoveaStatus fovea::capi::failWithDiagnostic(FoveaStatus status, FoveaContext &context, const llvm::Twine &otherwise,
                                            Reproducer &reproducer) {
  std::string message = context.firstError.empty() ? otherwise.str() : context.firstError;
  std::string line = reproducer.keep(message);
  return fail(status, line.empty() ? message : message + "\n" + line);
}

const char *foveaGetErrorMessage() { return getMessage().c_str(); }

int64_t foveaCompilerVersion() { return FOVEA_PROJECT_VERSION; }

FoveaContext::FoveaContext() {
  mlir::DialectRegistry registry;
  fovea::registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) { report(diagnostic); });
}

static FoveaSeverity getSeverity(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Note:
    return FOVEA_NOTE;
  case mlir::DiagnosticSeverity::Warning:
    return FOVEA_WARNING;
  case mlir::DiagnosticSeverity::Error:
    return FOVEA_ERROR;
  case mlir::DiagnosticSeverity::Remark:
    return FOVEA_REMARK;
  }
  llvm_unreachable("covered switch");
}

void FoveaContext::report(mlir::Diagnostic &diagnostic) {
  auto place = diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>();
  std::string file = place ? place.getFilename().str() : "";
  int64_t line = place ? place.getLine() : 0;
  int64_t column = place ? place.getColumn() : 0;
  std::string message = diagnostic.str();
  FoveaSeverity severity = getSeverity(diagnostic.getSeverity());
  if (severity == FOVEA_ERROR && firstError.empty())
    firstError = place ? file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message : message;
  if (!handler)
    return;
  FoveaDiagnostic reported{severity, file.c_str(), line, column, message.c_str()};
  handler(&reported, user);
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    report(note);
}

FoveaContext *foveaContextCreate() { return new FoveaContext; }

void foveaContextDestroy(FoveaContext *context) { delete context; }

void foveaContextSetDiagnosticHandler(FoveaContext *context, FoveaDiagnosticHandler handler, void *user) {
  context->handler = handler;
  context->user = user;
}
