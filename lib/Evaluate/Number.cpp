//===- Number.cpp - A scalar while it is computed with --------------------===//

#include "Number.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/TypeUtilities.h"

using namespace fovea;

std::optional<ElementType> evaluator::getElementType(mlir::Type type) {
  mlir::Type element = mlir::getElementTypeOrSelf(type);
  if (mlir::isa<mlir::IndexType>(element))
    return ElementType::Index;
  if (element.isF32())
    return ElementType::F32;
  if (element.isF64())
    return ElementType::F64;
  if (element.isF16())
    return ElementType::F16;
  if (element.isBF16())
    return ElementType::BF16;
  auto integer = mlir::dyn_cast<mlir::IntegerType>(element);
  if (!integer)
    return std::nullopt;
  // `parseElementType` knows the spelling of MLIR, signless and unsigned alike.
  llvm::StringRef prefix = integer.isUnsigned() ? "ui" : integer.isSigned() ? "si" : "i";
  return parseElementType((prefix + llvm::Twine(integer.getWidth())).str());
}

llvm::Error evaluator::makeError(mlir::Operation *op, const llvm::Twine &message) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto file = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>())
    stream << file.getFilename().strref() << ':' << file.getLine() << ':' << file.getColumn() << ": ";
  stream << '\'' << op->getName() << "' " << message;
  return llvm::createStringError(text);
}
