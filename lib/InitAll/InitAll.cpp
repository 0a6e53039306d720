//===- InitAll.cpp - registers everything a Fovea tool needs --------------===//

#include "fovea/InitAll.h"

#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Pipelines/Pipelines.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void fovea::registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<mlir::attn::AttnDialect, mlir::cta::CtaDialect>();
  mlir::attn::registerBufferizableOpInterfaceModels(registry);
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
}

void fovea::registerAllPasses() {
  mlir::attn::registerAttnPasses();
  mlir::cta::registerCtaPasses();
  registerFoveaConversionPasses();
  registerFoveaPipelines();
  mlir::registerAllPasses();
}
