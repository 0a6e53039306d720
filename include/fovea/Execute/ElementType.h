//===- ElementType.h - Element types of host tensors ------------*- C++ -*-===//
//
// The element types that a tensor on the host may have: those of `attn`
// operands and results, and the unsigned integers that `.npy` files bring.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_ELEMENTTYPE_H
#define FOVEA_EXECUTE_ELEMENTTYPE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace fovea {

enum class ElementType : uint8_t {
  F16,
  BF16,
  F32,
  F64,
  I1, ///< One byte per element, 0 or 1, as MLIR stores it in memory.
  I8,
  I16,
  I32,
  I64,
  Index, ///< 64 bits, signed.
  UI8,
  UI16,
  UI32,
  UI64,
};

/// Bytes that one element takes in memory.
unsigned getByteSize(ElementType type);

/// The name as MLIR spells it: `bf16`, `i32`, `index`, `ui8`.
llvm::StringRef getName(ElementType type);

/// The type that `name` spells, if any.
std::optional<ElementType> parseElementType(llvm::StringRef name);

bool isFloat(ElementType type);

/// True for `i1` and the `ui` types.
bool isUnsignedInteger(ElementType type);

/// True for the integers that have a sign, `index` among them.
bool isSignedInteger(ElementType type);

/// Largest relative error of one rounding to the floating-point `type`.
double getUnitRoundoff(ElementType type);

} // namespace fovea

#endif // FOVEA_EXECUTE_ELEMENTTYPE_H
