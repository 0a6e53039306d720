//===- CHeader.cpp - Compiled functions declared in C ---------------------===//

#include "CHeader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <set>

using namespace fovea;

static constexpr llvm::StringLiteral preamble = R"(
 * Compiled from %source% by fovea-compile. Link with fovea_runtime and, for
 * an object, with the mathematics library (-lfovea_runtime -lm).
 *
 * A tensor is passed as a pointer to its descriptor. Its element at indices i,
 * j, ... is aligned[offset + i * strides[0] + j * strides[1] + ...]: strides
 * count elements and may be any for an argument. `allocated` matters for
 * results only. f16 and bf16 elements are their 16 bits, i1 a byte, 0 or 1.
 *
 * The caller owns all memory. An argument that a result is written to must not
 * overlap another one. A result in a descriptor of its own comes in memory of
 * malloc: free(allocated), once, unless it is an argument's `allocated`.
 *
 * Sizes are not checked: the types below say what must hold, '?' is any size,
 * and equal names are equal sizes. Functions may be called from any thread.
 */
)";

/// The keywords that a name in MLIR may be.
static bool isKeyword(llvm::StringRef name) {
  static const char *const keywords[] = {
      "auto",   "bool", "break",    "case",     "char",     "const", "continue", "default", "do",     "double",
      "else",   "enum", "extern",   "false",    "float",    "for",   "goto",     "if",      "inline", "int",
      "long",   "main", "register", "restrict", "return",   "short", "signed",   "sizeof",  "static", "struct",
      "switch", "true", "typedef",  "union",    "unsigned", "void",  "volatile", "while"};
  return llvm::is_contained(keywords, name);
}

static bool isIdentifier(llvm::StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

llvm::Expected<EntryPoint> EntryPoint::of(mlir::func::FuncOp function) {
  llvm::StringRef name = function.getName();
  if (!isIdentifier(name) || isKeyword(name))
    return llvm::createStringError("@" + name + ": C cannot declare a function of this name");
  llvm::Expected<Signature> signature = Signature::of(function);
  if (!signature)
    return signature.takeError();
  EntryPoint entry;
  entry.signature = std::move(*signature);
  for (auto [number, argument] : llvm::enumerate(entry.signature.arguments)) {
    auto names = function.getArgAttrOfType<mlir::ArrayAttr>(number, "fovea.dims");
    llvm::SmallVector<std::string> &known = entry.dimensionNames.emplace_back();
    known.resize(argument.shape.size());
    for (size_t dim = 0; names && dim < known.size() && dim < names.size(); ++dim)
      if (auto text = llvm::dyn_cast<mlir::StringAttr>(names[dim]); text && text.getValue() != "*")
        known[dim] = text.str();
  }
  return entry;
}

/// An element of a tensor, in C.
static llvm::StringRef getElementType(ElementType type) {
  switch (type) {
  case ElementType::F16:
  case ElementType::BF16:
  case ElementType::UI16:
    return "uint16_t";
  case ElementType::F32:
    return "float";
  case ElementType::F64:
    return "double";
  case ElementType::I1:
    return "bool";
  case ElementType::I8:
    return "int8_t";
  case ElementType::I16:
    return "int16_t";
  case ElementType::I32:
    return "int32_t";
  case ElementType::I64:
  case ElementType::Index:
    return "int64_t";
  case ElementType::UI8:
    return "uint8_t";
  case ElementType::UI32:
    return "uint32_t";
  case ElementType::UI64:
    return "uint64_t";
  }
  llvm_unreachable("covered switch");
}

/// A number, or a descriptor.
static std::string getCType(const ValueType &type) {
  if (!type.isScalar)
    return ("FoveaTensor" + llvm::Twine(type.shape.size()) + "x" + getName(type.elementType)).str();
  if (type.elementType == ElementType::F16)
    return "_Float16";
  if (type.elementType == ElementType::BF16)
    return "__bf16";
  return getElementType(type.elementType).str();
}

/// Several headers may declare the same descriptor.
static void writeDescriptor(llvm::raw_ostream &os, const ValueType &type) {
  std::string name = getCType(type);
  std::string guard = "FOVEA_TENSOR_" + std::to_string(type.shape.size()) + "X" + getName(type.elementType).upper();
  llvm::StringRef element = getElementType(type.elementType);
  os << "#ifndef " << guard << "\n#define " << guard << "\ntypedef struct " << name << " {\n  " << element
     << " *allocated;\n  " << element << " *aligned;\n  int64_t offset;\n";
  if (!type.shape.empty())
    os << "  int64_t sizes[" << type.shape.size() << "];\n  int64_t strides[" << type.shape.size() << "];\n";
  os << "} " << name << ";\n#endif\n\n";
}

/// `batch x 16 x queries x 64 of f32`.
static std::string describe(const ValueType &type, llvm::ArrayRef<std::string> names) {
  std::string text;
  for (auto [dim, size] : llvm::enumerate(type.shape)) {
    text += text.empty() ? "" : " x ";
    bool isDynamic = mlir::ShapedType::isDynamic(size);
    if (dim < names.size() && !names[dim].empty())
      text += names[dim] + (isDynamic ? "" : " = " + std::to_string(size));
    else
      text += isDynamic ? "?" : std::to_string(size);
  }
  return text + (text.empty() ? "" : " of ") + getName(type.elementType).str();
}

static void writeDeclaration(llvm::raw_ostream &os, const EntryPoint &entry) {
  const Signature &signature = entry.signature;
  os << "/** @" << signature.name << "\n";
  for (auto [number, type] : llvm::enumerate(signature.arguments)) {
    os << " *  arg" << number << ": " << describe(type, entry.dimensionNames[number]);
    for (auto [result, argument] : llvm::enumerate(entry.returnedArguments))
      if (argument == int64_t(number))
        os << "; receives result " << result;
    os << "\n";
  }
  llvm::SmallVector<size_t> returned;
  for (auto [number, argument] : llvm::enumerate(entry.returnedArguments))
    if (argument < 0)
      returned.push_back(number);
  for (size_t number : returned)
    os << " *  result " << number << ": " << describe(signature.results[number], {}) << "\n";
  os << " */\n";

  std::string type = "void", parameters;
  if (returned.size() > 1) {
    std::string name = signature.name + "_results";
    os << "typedef struct " << name << " {\n";
    for (size_t number : returned)
      os << "  " << getCType(signature.results[number]) << " result" << number << ";\n";
    os << "} " << name << ";\n";
    parameters = name + " *results";
  } else if (returned.size() == 1) {
    const ValueType &result = signature.results[returned.front()];
    if (result.isScalar)
      type = getCType(result);
    else
      parameters = getCType(result) + " *result";
  }
  for (auto [number, argument] : llvm::enumerate(signature.arguments)) {
    parameters += parameters.empty() ? "" : ",\n    ";
    parameters += argument.isScalar ? getCType(argument) + " " : "const " + getCType(argument) + " *";
    parameters += "arg" + std::to_string(number);
  }
  os << type << " " << signature.name << "(" << (parameters.empty() ? "void" : parameters) << ");\n\n";
}

std::string fovea::writeCHeader(llvm::ArrayRef<EntryPoint> entryPoints, llvm::StringRef headerName,
                                llvm::StringRef sourceName) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string guard = "FOVEA_COMPILED_";
  for (char c : llvm::sys::path::filename(headerName == "-" ? sourceName : headerName))
    guard += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  std::string introduction = preamble.str();
  static constexpr llvm::StringLiteral placeholder = "%source%";
  introduction.replace(introduction.find(placeholder), placeholder.size(), llvm::sys::path::filename(sourceName).str());
  os << "/*" << introduction << "\n#ifndef " << guard << "\n#define " << guard
     << "\n\n#include <stdbool.h>\n#include <stdint.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";

  std::set<std::string> declared;
  for (const EntryPoint &entry : entryPoints)
    for (const auto *types : {&entry.signature.arguments, &entry.signature.results})
      for (const ValueType &type : *types)
        if (!type.isScalar && declared.insert(getCType(type)).second)
          writeDescriptor(os, type);
  for (const EntryPoint &entry : entryPoints)
    writeDeclaration(os, entry);
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return text;
}
