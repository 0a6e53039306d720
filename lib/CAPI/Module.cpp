//===- Module.cpp - Modules and pipelines ---------------------------------===//

#include "Objects.h"
#include "fovea-c/Registration.h"
#include "fovea/Compile/Reproducer.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace fovea::capi;

FoveaStatus foveaModuleParse(FoveaContext *context, const char *text, size_t length, const char *name,
                             FoveaModule **module) {
  if (!context || !text || !module)
    return fail(FOVEA_INVALID_ARGUMENT, "foveaModuleParse: context, text and module must not be NULL");
  context->firstError.clear();
  // Copied, because the parser wants a zero behind the text.
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(text, length), name ? name : "<module>"), llvm::SMLoc());
  auto parsed = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context->context);
  if (!parsed)
    return failWithDiagnostic(FOVEA_INVALID_MODULE, *context, "not a module of MLIR");
  *module = new FoveaModule{context, std::move(parsed)};
  return FOVEA_OK;
}

void foveaModuleDestroy(FoveaModule *module) { delete module; }

std::string fovea::capi::print(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  os << "\n";
  return text;
}

void foveaModulePrint(const FoveaModule *module, FoveaStringCallback callback, void *user) {
  std::string text = print(*module->module);
  callback(text.data(), text.size(), user);
}

FoveaStatus foveaModuleRunPipeline(FoveaModule *module, const char *pipeline, const char *options) {
  if (!module || !pipeline)
    return fail(FOVEA_INVALID_ARGUMENT, "foveaModuleRunPipeline: module and pipeline must not be NULL");
  foveaRegisterAllPasses();
  module->context->firstError.clear();
  std::string text = pipeline;
  if (options)
    text += "{" + std::string(options) + "}";
  if (!llvm::StringRef(pipeline).starts_with("builtin.module("))
    text = "builtin.module(" + text + ")";
  std::string message;
  llvm::raw_string_ostream os(message);
  auto passes = mlir::parsePassPipeline(text, os);
  if (failed(passes))
    return fail(FOVEA_INVALID_ARGUMENT, llvm::StringRef(message).rtrim());
  mlir::PassManager manager(&module->context->context);
  static_cast<mlir::OpPassManager &>(manager) = std::move(*passes);
  fovea::Reproducer reproducer("foveaModuleRunPipeline");
  if (reproducer.isWanted()) {
    reproducer.addFile("input.mlir", print(*module->module));
    reproducer.setCommand({"fovea-opt", "input.mlir", "--pass-pipeline=" + text, "-o", "output.mlir"});
  }
  reproducer.watch(manager);
  if (failed(manager.run(*module->module)))
    return failWithDiagnostic(FOVEA_COMPILATION_FAILED, *module->context, "the pipeline failed without saying why",
                              reproducer);
  return FOVEA_OK;
}
