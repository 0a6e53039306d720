//===- Number.cpp - A scalar while it is computed with --------------------===//

#include "Number.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/TypeUtilities.h"

using namespace fovea;

std::optional<ElementType> evaluator::getElementType(mlir::Type type) {
  mlir::Type element = mlir::getElementTypeOrSelf(type);
  std::string name;
  llvm::raw_string_ostream stream(name);
  // `parseElementType` knows the spelling of MLIR, signless and unsigned alike.
  if (mlir::isa<mlir::FloatType, mlir::IntegerType, mlir::IndexType>(element))
    stream << element;
  return parseElementType(name);
}

llvm::Error evaluator::makeError(mlir::Operation *op, const llvm::Twine &message) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto file = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>())
    stream << file.getFilename().strref() << ':' << file.getLine() << ':' << file.getColumn() << ": ";
  stream << '\'' << op->getName() << "' " << message;
  return llvm::createStringError(text);
}
