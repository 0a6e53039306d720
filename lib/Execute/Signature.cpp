//===- Signature.cpp - What a function takes and returns ------------------===//

#include "fovea/Execute/Signature.h"

#include "llvm/ADT/StringExtras.h"

using namespace fovea;

/// The type in MLIR's words, for a message.
static std::string toString(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

std::string ValueType::str() const {
  std::string text;
  for (int64_t size : shape)
    text += (mlir::ShapedType::isDynamic(size) ? "?" : std::to_string(size)) + "x";
  return text + getName(elementType).str();
}

bool ValueType::accepts(const TensorView &tensor) const {
  if (tensor.elementType != elementType || tensor.shape.size() != shape.size())
    return false;
  for (auto [size, expected] : llvm::zip_equal(tensor.shape, shape))
    if (!mlir::ShapedType::isDynamic(expected) && size != expected)
      return false;
  return true;
}

std::string TensorView::getTypeString() const { return ValueType{/*isScalar=*/false, elementType, shape}.str(); }

llvm::Expected<ValueType> ValueType::of(mlir::Type type) {
  ValueType value;
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  value.isScalar = !tensor;
  if (tensor)
    value.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
  mlir::Type element = tensor ? tensor.getElementType() : type;
  std::optional<ElementType> elementType = parseElementType(toString(element));
  // Compiled code knows no signs.
  if (!elementType || (!element.isSignlessIntOrIndexOrFloat()))
    return llvm::createStringError("'" + toString(type) +
                                   "' is neither a number nor a ranked tensor "
                                   "of f16, bf16, f32, f64, i1, i8, i16, i32, "
                                   "i64 or index");
  value.elementType = *elementType;
  return value;
}

/// Appends the types; `what` they are is for the message.
static llvm::Error addTypes(llvm::StringRef function, llvm::StringRef what, mlir::TypeRange types,
                            llvm::SmallVectorImpl<ValueType> &values) {
  for (auto [number, type] : llvm::enumerate(types)) {
    llvm::Expected<ValueType> value = ValueType::of(type);
    if (!value)
      return llvm::createStringError("@" + function + ": the type of " + what + " " + llvm::Twine(number) + ", " +
                                     llvm::toString(value.takeError()));
    values.push_back(std::move(*value));
  }
  return llvm::Error::success();
}

llvm::Expected<Signature> Signature::of(mlir::func::FuncOp function) {
  Signature signature;
  signature.name = function.getName().str();
  if (llvm::Error error = addTypes(signature.name, "argument", function.getArgumentTypes(), signature.arguments))
    return error;
  if (llvm::Error error = addTypes(signature.name, "result", function.getResultTypes(), signature.results))
    return error;
  return signature;
}
