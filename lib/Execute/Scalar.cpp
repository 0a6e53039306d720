//===- Scalar.cpp - One number of any element type ------------------------===//
//
// All conversions between element types meet here.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Scalar.h"
#include "fovea/Execute/SmallFloat.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>

using namespace fovea;

static_assert(llvm::endianness::native == llvm::endianness::little,
              "an element's low bytes come first, in memory and in .npy files");

namespace {

template <typename T> T loadAs(const void *address) {
  T value;
  std::memcpy(&value, address, sizeof(T));
  return value;
}

template <typename T> void storeAs(T value, void *address) { std::memcpy(address, &value, sizeof(T)); }

/// A double that any narrower type rounds as it would round `magnitude`: bits
/// that do not fit are kept as one sticky bit (round to odd).
double toStickyDouble(uint64_t magnitude) {
  int excess = 64 - llvm::countl_zero(magnitude) - 53;
  if (excess <= 0)
    return static_cast<double>(magnitude);
  uint64_t kept = magnitude >> excess;
  bool lost = (kept << excess) != magnitude;
  return std::ldexp(static_cast<double>(kept | lost), excess);
}

} // namespace

Scalar Scalar::ofFloat(double value) {
  Scalar scalar;
  scalar.kind = Kind::Float;
  scalar.floating = value;
  return scalar;
}

Scalar Scalar::ofSigned(int64_t value) {
  Scalar scalar;
  scalar.kind = Kind::Signed;
  scalar.signedInteger = value;
  return scalar;
}

Scalar Scalar::ofUnsigned(uint64_t value) {
  Scalar scalar;
  scalar.kind = Kind::Unsigned;
  scalar.unsignedInteger = value;
  return scalar;
}

Scalar Scalar::load(ElementType type, const void *address) {
  switch (type) {
  case ElementType::F16:
    return ofFloat(decodeF16(loadAs<uint16_t>(address)));
  case ElementType::BF16:
    return ofFloat(decodeBF16(loadAs<uint16_t>(address)));
  case ElementType::F32:
    return ofFloat(loadAs<float>(address));
  case ElementType::F64:
    return ofFloat(loadAs<double>(address));
  case ElementType::I1:
    return ofUnsigned(loadAs<uint8_t>(address) != 0);
  case ElementType::I8:
    return ofSigned(loadAs<int8_t>(address));
  case ElementType::I16:
    return ofSigned(loadAs<int16_t>(address));
  case ElementType::I32:
    return ofSigned(loadAs<int32_t>(address));
  case ElementType::I64:
  case ElementType::Index:
    return ofSigned(loadAs<int64_t>(address));
  case ElementType::UI8:
    return ofUnsigned(loadAs<uint8_t>(address));
  case ElementType::UI16:
    return ofUnsigned(loadAs<uint16_t>(address));
  case ElementType::UI32:
    return ofUnsigned(loadAs<uint32_t>(address));
  case ElementType::UI64:
    return ofUnsigned(loadAs<uint64_t>(address));
  }
  llvm_unreachable("all element types are handled");
}

bool Scalar::store(ElementType type, void *address) const {
  if (type == ElementType::I1) {
    // Of the union's members only one is alive; each has its own zero.
    bool isZero = kind == Kind::Float    ? floating == 0
                  : kind == Kind::Signed ? signedInteger == 0
                                         : unsignedInteger == 0;
    storeAs<uint8_t>(!isZero, address);
    return true;
  }
  return isFloat(type) ? storeFloat(type, address) : storeInteger(type, address);
}

bool Scalar::storeFloat(ElementType type, void *address) const {
  double exact = floating;
  if (kind == Kind::Unsigned)
    exact = toStickyDouble(unsignedInteger);
  else if (kind == Kind::Signed)
    exact = signedInteger < 0 ? -toStickyDouble(-static_cast<uint64_t>(signedInteger)) : toStickyDouble(signedInteger);

  double stored = 0;
  switch (type) {
  case ElementType::F16: {
    uint16_t bits = encodeF16(exact);
    storeAs(bits, address);
    stored = decodeF16(bits);
    break;
  }
  case ElementType::BF16: {
    uint16_t bits = encodeBF16(exact);
    storeAs(bits, address);
    stored = decodeBF16(bits);
    break;
  }
  case ElementType::F32:
    storeAs(static_cast<float>(exact), address);
    stored = static_cast<float>(exact);
    break;
  case ElementType::F64:
    stored = toDouble(); // Not `exact`: its sticky bit is not of the number.
    storeAs(stored, address);
    break;
  default:
    llvm_unreachable("not a floating-point type");
  }
  return std::isinf(stored) == std::isinf(exact);
}

bool Scalar::storeInteger(ElementType type, void *address) const {
  unsigned bits = 8 * getByteSize(type);
  if (isUnsignedInteger(type)) {
    uint64_t bound = llvm::maxUIntN(bits), value = 0;
    bool fits = true;
    if (kind == Kind::Float) {
      double rounded = std::nearbyint(floating);
      fits = rounded >= 0 && rounded < std::ldexp(1.0, bits);
      value = fits ? static_cast<uint64_t>(rounded) : rounded > 0 ? bound : 0;
    } else if (kind == Kind::Signed && signedInteger < 0) {
      fits = false;
    } else {
      uint64_t wide = kind == Kind::Signed ? signedInteger : unsignedInteger;
      fits = wide <= bound;
      value = fits ? wide : bound;
    }
    std::memcpy(address, &value, bits / 8);
    return fits;
  }

  int64_t low = llvm::minIntN(bits), high = llvm::maxIntN(bits);
  // Unlike `high`, its successor is a double.
  double limit = std::ldexp(1.0, bits - 1);
  int64_t wide = toInt();
  bool fits = wide >= low && wide <= high;
  if (kind == Kind::Float) {
    double rounded = std::nearbyint(floating);
    fits = rounded >= -limit && rounded < limit;
  } else if (kind == Kind::Unsigned) {
    fits = unsignedInteger <= static_cast<uint64_t>(high);
  }
  int64_t value = wide < low ? low : wide > high ? high : wide;
  std::memcpy(address, &value, bits / 8);
  return fits;
}

double Scalar::toDouble() const {
  switch (kind) {
  case Kind::Float:
    return floating;
  case Kind::Signed:
    return static_cast<double>(signedInteger);
  case Kind::Unsigned:
    return static_cast<double>(unsignedInteger);
  }
  llvm_unreachable("all kinds are handled");
}

int64_t Scalar::toInt() const {
  switch (kind) {
  case Kind::Float: {
    double rounded = std::nearbyint(floating);
    if (std::isnan(rounded))
      return 0;
    if (rounded >= 0x1p63)
      return INT64_MAX;
    return rounded < -0x1p63 ? INT64_MIN : static_cast<int64_t>(rounded);
  }
  case Kind::Signed:
    return signedInteger;
  case Kind::Unsigned:
    return unsignedInteger > INT64_MAX ? INT64_MAX : unsignedInteger;
  }
  llvm_unreachable("all kinds are handled");
}
