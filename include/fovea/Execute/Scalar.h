//===- Scalar.h - One number of any element type ----------------*- C++ -*-===//
//
// A number on its way between two element types. It holds every value of every
// `ElementType` exactly, so a conversion rounds at most once, when it is
// stored.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_SCALAR_H
#define FOVEA_EXECUTE_SCALAR_H

#include "fovea/Execute/ElementType.h"

namespace fovea {

class Scalar {
public:
  static Scalar ofFloat(double value);
  static Scalar ofSigned(int64_t value);
  static Scalar ofUnsigned(uint64_t value);

  /// Reads the element of `type` at `address`, which needs no alignment.
  static Scalar load(ElementType type, const void *address);

  /// Writes the nearest value of `type`, ties to even, to `address`. A number
  /// out of range becomes infinity or the nearest integer bound, NaN becomes
  /// the integer 0; `i1` takes whether the number is not zero. Returns whether
  /// the number was in the range of `type`.
  bool store(ElementType type, void *address) const;

  /// The nearest double.
  double toDouble() const;

  /// The nearest 64-bit integer; out of range the nearest bound, for NaN 0.
  int64_t toInt() const;

private:
  enum class Kind : uint8_t { Float, Signed, Unsigned };

  bool storeFloat(ElementType type, void *address) const;
  bool storeInteger(ElementType type, void *address) const;

  Kind kind = Kind::Float;
  union {
    double floating;
    int64_t signedInteger;
    uint64_t unsignedInteger;
  };
};

} // namespace fovea

#endif // FOVEA_EXECUTE_SCALAR_H
