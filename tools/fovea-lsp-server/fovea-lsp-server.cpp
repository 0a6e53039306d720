//===- fovea-lsp-server.cpp - editors learn attn --------------------------===//
//
// Speaks the Language Server Protocol on its standard streams: diagnostics,
// hover, definitions and completion in .mlir files.
//
//===----------------------------------------------------------------------===//

#include "fovea/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  fovea::registerAllDialects(registry);
  return failed(mlir::MlirLspServerMain(argc, argv, registry)) ? 1 : 0;
}
