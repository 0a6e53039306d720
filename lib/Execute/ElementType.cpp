//===- ElementType.cpp - Element types of host tensors --------------------===//
//
// One table row per element type answers every question about it.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/ElementType.h"

#include "llvm/Support/ErrorHandling.h"

using namespace fovea;

namespace {

enum class Kind : uint8_t { Float, Signed, Unsigned };

struct Row {
  ElementType type;
  llvm::StringLiteral name;
  unsigned byteSize;
  Kind kind;
};

constexpr Row table[] = {
    {ElementType::F16, "f16", 2, Kind::Float},      {ElementType::BF16, "bf16", 2, Kind::Float},
    {ElementType::F32, "f32", 4, Kind::Float},      {ElementType::F64, "f64", 8, Kind::Float},
    {ElementType::I1, "i1", 1, Kind::Unsigned},     {ElementType::I8, "i8", 1, Kind::Signed},
    {ElementType::I16, "i16", 2, Kind::Signed},     {ElementType::I32, "i32", 4, Kind::Signed},
    {ElementType::I64, "i64", 8, Kind::Signed},     {ElementType::Index, "index", 8, Kind::Signed},
    {ElementType::UI8, "ui8", 1, Kind::Unsigned},   {ElementType::UI16, "ui16", 2, Kind::Unsigned},
    {ElementType::UI32, "ui32", 4, Kind::Unsigned}, {ElementType::UI64, "ui64", 8, Kind::Unsigned},
};

const Row &getRow(ElementType type) {
  const Row &row = table[static_cast<unsigned>(type)];
  assert(row.type == type && "the table is in the order of the enum");
  return row;
}

} // namespace

unsigned fovea::getByteSize(ElementType type) { return getRow(type).byteSize; }

llvm::StringRef fovea::getName(ElementType type) { return getRow(type).name; }

std::optional<ElementType> fovea::parseElementType(llvm::StringRef name) {
  for (const Row &row : table)
    if (row.name == name)
      return row.type;
  return std::nullopt;
}

bool fovea::isFloat(ElementType type) { return getRow(type).kind == Kind::Float; }

bool fovea::isUnsignedInteger(ElementType type) { return getRow(type).kind == Kind::Unsigned; }

bool fovea::isSignedInteger(ElementType type) { return getRow(type).kind == Kind::Signed; }

double fovea::getUnitRoundoff(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return 0x1p-11;
  case ElementType::BF16:
    return 0x1p-8;
  case ElementType::F32:
    return 0x1p-24;
  case ElementType::F64:
    return 0x1p-53;
  default:
    llvm_unreachable("integers do not round");
  }
}
