//===- Number.h - A scalar while it is computed with ------------*- C++ -*-===//
//
// Floating-point numbers are doubles and integers 64-bit, whatever their type;
// a type shows only in how a result is rounded or wrapped.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_NUMBER_H
#define FOVEA_LIB_EVALUATE_NUMBER_H

#include "fovea/Evaluate/Evaluator.h"
#include "fovea/Execute/SmallFloat.h"

#include <optional>

namespace fovea::evaluator {

/// Which member is alive follows from the type of the value that it belongs to.
/// Integers are sign-extended, but `i1` is 0 or 1.
union Number {
  double floating;
  int64_t integer;

  static Number of(double value) {
    Number number;
    number.floating = value;
    return number;
  }
  static Number of(int64_t value) {
    Number number;
    number.integer = value;
    return number;
  }
};

enum class Rounding : uint8_t { None, F32, F16, BF16 };

inline double roundTo(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::None:
    return value;
  case Rounding::F32:
    return static_cast<float>(value);
  case Rounding::F16:
    return decodeF16(encodeF16(value));
  case Rounding::BF16:
    return decodeBF16(encodeBF16(value));
  }
  llvm_unreachable("all roundings are handled");
}

/// How a result of `type` is rounded; the reference rounds nothing.
inline Rounding getRounding(ElementType type, Precision precision) {
  if (precision == Precision::Reference)
    return Rounding::None;
  switch (type) {
  case ElementType::F16:
    return Rounding::F16;
  case ElementType::BF16:
    return Rounding::BF16;
  case ElementType::F32:
    return Rounding::F32;
  default:
    return Rounding::None;
  }
}

/// The element type of a scalar or of a shaped type's elements, if it is one
/// that a host tensor has.
std::optional<ElementType> getElementType(mlir::Type type);

/// Bits of an integer type; 64 for `index`.
inline unsigned getBitWidth(ElementType type) { return type == ElementType::I1 ? 1 : 8 * getByteSize(type); }

/// `file:line:col: 'op' message`.
llvm::Error makeError(mlir::Operation *op, const llvm::Twine &message);

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_NUMBER_H
