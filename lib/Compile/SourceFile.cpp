//===- SourceFile.cpp - A file of MLIR that was read ----------------------===//

#include "fovea/Compile/SourceFile.h"
#include "fovea/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace fovea;

llvm::Error SourceFile::read(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!buffer)
    return llvm::createStringError(path + ": " + buffer.getError().message());
  return parse(std::move(*buffer), path);
}

llvm::Error SourceFile::parse(llvm::StringRef text, llvm::StringRef name) {
  // Copied, because the parser wants a zero behind the text.
  return parse(llvm::MemoryBuffer::getMemBufferCopy(text, name), name);
}

llvm::Error SourceFile::parse(std::unique_ptr<llvm::MemoryBuffer> buffer, llvm::StringRef name) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.printOpOnDiagnostic(false);
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  diagnostic.emplace(sources, &context);
  module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return diagnostic->take(name + ": not a module of MLIR");
  return llvm::Error::success();
}

llvm::SmallVector<mlir::func::FuncOp> fovea::getFunctions(mlir::ModuleOp module) {
  llvm::SmallVector<mlir::func::FuncOp> functions;
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (function.isPublic() && !function.isExternal())
      functions.push_back(function);
  return functions;
}

llvm::Expected<mlir::func::FuncOp> fovea::findFunction(mlir::ModuleOp module, llvm::StringRef name) {
  llvm::SmallVector<mlir::func::FuncOp> candidates = getFunctions(module);
  std::string names;
  for (mlir::func::FuncOp function : candidates) {
    if (function.getName() == name)
      return function;
    names += (names.empty() ? "@" : ", @") + function.getName().str();
  }
  if (candidates.empty())
    return llvm::createStringError("the file defines no public function");
  if (!name.empty())
    return llvm::createStringError("no public function @" + name + "; there is " + names);
  if (candidates.size() > 1)
    return llvm::createStringError("several functions; choose one of " + names);
  return candidates.front();
}
