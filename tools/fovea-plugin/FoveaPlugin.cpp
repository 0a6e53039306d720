//===- FoveaPlugin.cpp - Fovea inside the stock mlir-opt ------------------===//
//
//   mlir-opt --load-dialect-plugin=FoveaPlugin.so
//     --load-pass-plugin=FoveaPlugin.so
//     --pass-pipeline="builtin.module(attn-to-llvm)" FILE
//
// The host brings upstream's dialects, models and passes; the plugin adds ours.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Pipelines/Pipelines.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/Compiler.h"

static void registerDialects(mlir::DialectRegistry *registry) {
  registry->insert<mlir::attn::AttnDialect, mlir::cta::CtaDialect>();
  mlir::attn::registerBufferizableOpInterfaceModels(*registry);
}

static void registerPasses() {
  mlir::attn::registerAttnPasses();
  mlir::cta::registerCtaPasses();
  fovea::registerFoveaConversionPasses();
  fovea::registerFoveaPipelines();
}

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Fovea", FOVEA_VERSION, registerDialects};
}

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Fovea", FOVEA_VERSION, registerPasses};
}
