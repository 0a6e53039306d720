//===- ScalarOps.h - The scalar ops of arith and math -----------*- C++ -*-===//
//
// One function per op, found by the op's name once, when a program is compiled.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_SCALAROPS_H
#define FOVEA_LIB_EVALUATE_SCALAROPS_H

#include "Number.h"

namespace fovea::evaluator {

/// What a scalar op knows beyond its operands.
struct ScalarContext {
  /// Type of the operands (the last one: `select` has a condition in front).
  ElementType source;
  ElementType result;
  /// Of `cmpi` and `cmpf`.
  uint8_t predicate;
};

/// Computes the exact (f64 or 64-bit) result; rounding and wrapping to the
/// result's type is the caller's. Sets `fault` on undefined behaviour.
using ScalarFunction = Number (*)(const Number *operands, const ScalarContext &context, bool &fault);

/// The function of `op`, or null.
ScalarFunction findScalarFunction(mlir::Operation *op);

/// Keeps the low bits, sign-extended (`i1`: 0 or 1).
inline int64_t wrap(int64_t value, ElementType type) {
  switch (type) {
  case ElementType::I1:
    return value & 1;
  case ElementType::I8:
    return static_cast<int8_t>(value);
  case ElementType::I16:
    return static_cast<int16_t>(value);
  case ElementType::I32:
    return static_cast<int32_t>(value);
  case ElementType::UI8:
    return static_cast<uint8_t>(value);
  case ElementType::UI16:
    return static_cast<uint16_t>(value);
  case ElementType::UI32:
    return static_cast<uint32_t>(value);
  default:
    return value;
  }
}

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_SCALAROPS_H
