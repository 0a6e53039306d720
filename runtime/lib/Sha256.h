//===- Sha256.h - A content's name ------------------------------*- C++ -*-===//
//
// Part of the Fovea project. FIPS 180-4. Contents that have the same digest are
// taken to be equal.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_SHA256_H
#define FOVEA_RUNTIME_LIB_SHA256_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace fovea {

using Digest = std::array<uint8_t, 32>;

Digest sha256(const void *bytes, size_t size);

/// The digest as 64 lower-case digits.
std::string toHex(const Digest &digest);

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_SHA256_H
