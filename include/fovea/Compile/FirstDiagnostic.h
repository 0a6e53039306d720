//===- FirstDiagnostic.h - The first error as text --------------*- C++ -*-===//
//
// Libraries do not print: the first error of MLIR becomes an llvm::Error with
// the line of the source that it points at.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_COMPILE_FIRSTDIAGNOSTIC_H
#define FOVEA_COMPILE_FIRSTDIAGNOSTIC_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/SourceMgr.h"

namespace fovea {

class FirstDiagnostic {
public:
  FirstDiagnostic(llvm::SourceMgr &sources, mlir::MLIRContext *context)
      : os(text), printer(sources, context, os), collector(context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && text.empty())
            printer.emitDiagnostic(diagnostic.getLocation(), diagnostic.str(), diagnostic.getSeverity());
        }) {}

  /// The error that was seen, or else `otherwise`.
  llvm::Error take(const llvm::Twine &otherwise) {
    std::string message = text.empty() ? otherwise.str() : llvm::StringRef(text).rtrim().str();
    return llvm::createStringError(message);
  }
  llvm::Error take(llvm::Error otherwise) { return take(toString(std::move(otherwise))); }

private:
  std::string text;
  llvm::raw_string_ostream os;
  mlir::SourceMgrDiagnosticHandler printer;
  /// Registered last, so asked first.
  mlir::ScopedDiagnosticHandler collector;
};

} // namespace fovea

#endif // FOVEA_COMPILE_FIRSTDIAGNOSTIC_H
