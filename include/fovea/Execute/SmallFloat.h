//===- SmallFloat.h - f16 and bf16 in software ------------------*- C++ -*-===//
//
// Conversions between f64 and the 16-bit floating-point types, in integer
// arithmetic, so that they are the same on every machine. Encoding rounds to
// nearest, ties to even, once: going through f32 would round twice.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_SMALLFLOAT_H
#define FOVEA_EXECUTE_SMALLFLOAT_H

#include <cstdint>

namespace fovea {

/// The bits of `value` in IEEE binary16. Overflow gives infinity; NaN stays
/// NaN, quiet, with its sign.
uint16_t encodeF16(double value);

/// The bits of `value` in bfloat16, by the same rules.
uint16_t encodeBF16(double value);

/// The value of IEEE binary16 `bits`, exact.
double decodeF16(uint16_t bits);

/// The value of bfloat16 `bits`, exact.
double decodeBF16(uint16_t bits);

} // namespace fovea

#endif // FOVEA_EXECUTE_SMALLFLOAT_H
