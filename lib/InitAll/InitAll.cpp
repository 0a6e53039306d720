//===- InitAll.cpp - registers everything a Fovea tool needs --------------===//

#include "fovea/InitAll.h"

#include "fovea/Dialect/Attn/IR/Attn.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void fovea::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registry.insert<mlir::attn::AttnDialect>();
}

void fovea::registerAllPasses() { mlir::registerAllPasses(); }
